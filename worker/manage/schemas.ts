import { z } from "@hono/zod-openapi";
import { SCOPES } from "../../durable-objects/project-stream/types.ts";
import { PLACEHOLDER_EMAIL } from "../catalog/people.ts";
import {
  CORS_ORIGINS_MAX,
  DAILY_EVENTS_DEFAULT_MAX,
  DELETION_GRACE_HOURS_DEFAULT,
  DELETION_GRACE_HOURS_MAX,
  KEY_OVERLAP_HOURS_DEFAULT,
  KEY_OVERLAP_HOURS_MAX,
  KEY_USE_COARSE_MS,
  RATE_KEY_REQUESTS_MAX,
  RATE_LIMIT_PERIOD_S,
  RATE_PROJECT_REQUESTS_MAX,
  RETENTION_DAYS_DEFAULT,
  RETENTION_DAYS_MAX,
} from "../limits.ts";
import { Email, Name } from "../schemas.ts";

const ORIGIN_PATTERN = /^https?:\/\/[a-z0-9.-]+(:\d{1,5})?$/;

const Origin = z
  .string()
  .refine((text) => text === "*" || ORIGIN_PATTERN.test(text), 'must be an origin such as "https://app.example.com", or "*"');

function requestsMax(whose: string, installation_max: number) {
  return z
    .number()
    .int()
    .min(1)
    .max(installation_max)
    .nullable()
    .openapi({
      description: `Requests of ${whose} in ${RATE_LIMIT_PERIOD_S} seconds; null: the installation's limit of ${installation_max}.`,
    });
}

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
  project_requests_max: requestsMax("the project", RATE_PROJECT_REQUESTS_MAX),
  key_requests_max: requestsMax("each of its keys", RATE_KEY_REQUESTS_MAX),
};

export const ProjectChanges = z.strictObject(settings).partial().openapi("ProjectChanges");

export const NewProject = ProjectChanges.required({ name: true }).openapi("NewProject");

export const DeleteProject = z
  .strictObject({
    confirm_name: z.string().max(1_000).openapi({ description: "The project's name, typed by whoever means it." }),
    grace_hours: z
      .number()
      .min(0)
      .max(DELETION_GRACE_HOURS_MAX)
      .default(DELETION_GRACE_HOURS_DEFAULT)
      .openapi({ description: "So long it works as before and the deletion can be undone; 0: at once." }),
  })
  .openapi("DeleteProject");

export const DeletionView = z
  .object({
    project_id: z.string(),
    project_name: z.string(),
    requested_by: z.string().openapi({ description: "E-mail address of who asked." }),
    requested_at: z.string(),
    due_at: z.string().openapi({ description: "When it begins; until then it can be undone." }),
    state: z.enum(["waiting", "deleting", "checking", "done"]).openapi({
      description:
        "waiting: can be undone. deleting: the data is being removed. checking: it is removed, and is looked for once more, after any job that was under way must have ended. done: nothing was found.",
    }),
    objects: z.number().int().openapi({ description: "Objects of the bucket that were removed so far." }),
    data_removed_at: z.string().nullable(),
    finished_at: z.string().nullable(),
  })
  .openapi("ProjectDeletion");

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
    last_used_at: z
      .string()
      .nullable()
      .openapi({ description: `To about ${KEY_USE_COARSE_MS / 60_000} minutes; null where it was not used yet.` }),
    replaced_by: z.string().nullable().openapi({ description: "The key that took its place, where it was rotated." }),
  })
  .openapi("ApiKey");

export const RotateKey = z
  .strictObject({
    overlap_hours: z
      .number()
      .min(0)
      .max(KEY_OVERLAP_HOURS_MAX)
      .default(KEY_OVERLAP_HOURS_DEFAULT)
      .openapi({ description: "The old key goes on this long." }),
  })
  .openapi("RotateApiKey");

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
