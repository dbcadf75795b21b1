import { z } from "@hono/zod-openapi";
import { NAME_LENGTH_MAX } from "./limits.ts";

export const Name = z.string().trim().min(1).max(NAME_LENGTH_MAX);

/** In lower case, as better-auth looks for addresses. */
export const Email = z
  .email()
  .max(NAME_LENGTH_MAX)
  .transform((text) => text.toLowerCase())
  .openapi({ type: "string", format: "email" });

/** Shapes that all parts of the API share. */
export const ProblemDocument = z
  .looseObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    code: z.string().openapi({ description: "What a program should look at." }),
    detail: z.string(),
    instance: z.string().optional().openapi({ description: "Id of the request, as in x-request-id." }),
    errors: z
      .array(
        z.looseObject({
          field: z.string(),
          value: z.unknown(),
          message: z.string(),
          expected: z.string().optional(),
        }),
      )
      .optional(),
  })
  .openapi("Problem", { description: "RFC 9457 problem document." });

const DESCRIPTIONS: Record<number, string> = {
  400: "The request could not be understood.",
  401: "No valid API key, and nobody is signed in.",
  403: "The key or the role may not do that, or it is another project's.",
  404: "There is no such thing.",
  409: "Not possible in the present state.",
  410: "The project was deleted.",
  413: "The body is too large.",
  415: "Content type or encoding not supported.",
  422: "Understood, but the values are not valid.",
  426: "Neither a WebSocket nor server-sent events were asked for.",
  429: "Too many requests, or the daily quota is used up; see Retry-After.",
  503: "A part that Ledge needs did not answer; see Retry-After.",
};

/** `responses` of a route for these statuses, each a problem document. */
export function problems<Status extends number>(...statuses: Status[]) {
  const content = { "application/problem+json": { schema: ProblemDocument } };
  const entries = statuses.map((status) => [status, { description: DESCRIPTIONS[status] ?? "Refused.", content }] as const);
  return Object.fromEntries(entries) as Record<Status, { description: string; content: typeof content }>;
}

/**
 * `security` of routes: of those that take a project's key or a session, of those that take a key alone, of those for a person who is signed in, and of
 * those that take the operator's token.
 */
type Security = Record<string, string[]>[];
export const KEY_SECURITY: Security = [{ apiKey: [] }, { session: [] }];
export const KEY_ONLY_SECURITY: Security = [{ apiKey: [] }];
export const SESSION_SECURITY: Security = [{ session: [] }];
export const OPERATOR_SECURITY: Security = [{ operatorToken: [] }];
