import { z } from "@hono/zod-openapi";

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
  401: "No valid API key.",
  403: "The key lacks the scope, or belongs to another project.",
  404: "There is no such thing.",
  409: "Not possible in the present state.",
  410: "The project was deleted.",
  413: "The body is too large.",
  415: "Content type or encoding not supported.",
  422: "Understood, but the values are not valid.",
  429: "Too many requests, or the daily quota is used up; see Retry-After.",
  503: "A part that Ledge needs did not answer; see Retry-After.",
};

/** `responses` of a route for these statuses, each a problem document. */
export function problems<Status extends number>(...statuses: Status[]) {
  const content = { "application/problem+json": { schema: ProblemDocument } };
  const entries = statuses.map((status) => [status, { description: DESCRIPTIONS[status] ?? "Refused.", content }] as const);
  return Object.fromEntries(entries) as Record<Status, { description: string; content: typeof content }>;
}

/** `security` of routes that take a project's key, and of those that take the operator's token. */
export const KEY_SECURITY = [{ apiKey: [] }];
export const OPERATOR_SECURITY = [{ operatorToken: [] }];
