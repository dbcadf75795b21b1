import { z } from "@hono/zod-openapi";
import { SCOPES } from "../../durable-objects/project-stream/types.ts";
import { PLACEHOLDER_EMAIL } from "../catalog/people.ts";
import { CORS_ORIGINS_MAX, DAILY_EVENTS_DEFAULT_MAX, RETENTION_DAYS_DEFAULT, RETENTION_DAYS_MAX } from "../limits.ts";
import { Email, Name } from "../schemas.ts";

const ORIGIN_PATTERN = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/;

const Origin = z
  .string()
  .refine((text) => text === "*" || ORIGIN_PATTERN.test(text), 'must be an origin such as "https://app.example.com", or "*"');

const settings = {
  name: Name.openapi({ description: "Shown to people." }),
  retention_days: z
    .number()
    .int()
    .min(1)
    .max(RETENTION_DAYS_MAX)
    .openapi({ description: `Events are kept this long; ${RETENTION_DAYS_DEFAULT} unless told.` }),
  daily_events_max: z
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .openapi({ description: `Events of one UTC day; ${DAILY_EVENTS_DEFAULT_MAX} unless told.` }),
  cors_origins: z.array(Origin).max(CORS_ORIGINS_MAX).openapi({ description: "Origins whose pages may call the API from a browser." }),
};

export const ProjectChanges = z.strictObject(settings).partial().openapi("ProjectChanges");

export const ProjectView = z
  .object({
    project_id: z.string(),
    ...settings,
    events_today: z.number().int().openapi({ description: "Events stored on this UTC day." }),
    events_total: z.number().int(),
  })
  .openapi("Project");

export const ScopeSchema = z.enum(SCOPES);

export const KeyView = z
  .object({
    key_id: z.string(),
    name: z.string(),
    prefix: z.string().openapi({ description: "What may be shown of the key." }),
    scopes: z.array(ScopeSchema),
    created_at: z.string(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .openapi("ApiKey");

export const NewKey = z
  .strictObject({
    name: Name,
    scopes: z.array(ScopeSchema).min(1).max(SCOPES.length),
    expires_at: z.iso.datetime({ offset: true }).nullable().default(null),
  })
  .openapi("NewApiKey");

export const CreatedKey = KeyView.extend({
  api_key: z.string().openapi({ description: "The key. It is shown this once." }),
}).openapi("CreatedApiKey");

export const BootstrapInput = z
  .strictObject({
    organization_name: Name.default("My organization"),
    owner_email: Email.default(PLACEHOLDER_EMAIL),
    owner_name: Name.default("Owner"),
    project_name: Name.default("default"),
    key_name: Name.default("first key"),
  })
  .openapi("Bootstrap");

export const BootstrapAnswer = z
  .object({
    organization_id: z.string(),
    user_id: z.string(),
    project_id: z.string(),
    key_id: z.string(),
    api_key: z.string().openapi({ description: "A key with all scopes. It is shown this once." }),
  })
  .openapi("Bootstrapped");

export const DeadLetterView = z
  .object({
    letter_id: z.string(),
    failed_at: z.string(),
    reason: z.string(),
    size_bytes: z.number().int(),
  })
  .openapi("DeadLetter");
