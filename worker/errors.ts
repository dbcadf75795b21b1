/** Every way in which Ledge refuses, once: code, status and title. Answers are RFC 9457 problem+json. */
const PROBLEMS = {
  bad_request: [400, "The request could not be understood"],
  bad_query: [400, "The query could not be understood"],
  unauthenticated: [401, "A valid API key is needed"],
  forbidden: [403, "This key may not do that"],
  not_found: [404, "There is nothing here"],
  method_not_allowed: [405, "This path does not take that method"],
  conflict: [409, "That is not possible in the present state"],
  gone: [410, "The project was deleted"],
  too_large: [413, "The request is too large"],
  unsupported_media_type: [415, "The content type or encoding is not supported"],
  invalid: [422, "The request was understood but its values are not valid"],
  rate_limited: [429, "Too many requests"],
  quota_exceeded: [429, "The project's daily quota is used up"],
  internal: [500, "Something went wrong inside Ledge"],
  unavailable: [503, "A part that Ledge needs did not answer"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDetails {
  /** What was wrong with which field. */
  errors?: { field: string; value?: unknown; message: string; position?: number; suggestion?: string }[];
  retry_after_s?: number;
  /** Further members of the problem document. */
  [member: string]: unknown;
}

/** Thrown anywhere in the Worker, turned into a response in one place (`problemResponse`). */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.name = "Problem";
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return PROBLEMS[this.code][0];
  }
}

/** problem+json for any thrown value; what is not a Problem becomes a 500 that tells nothing of the inside. */
export function problemResponse(error: unknown, instance?: string): Response {
  const problem = error instanceof Problem ? error : new Problem("internal", "The fault was logged; the request may be tried again.");
  const [status, title] = PROBLEMS[problem.code];
  const { retry_after_s, ...members } = problem.details;
  const headers = new Headers({ "content-type": "application/problem+json" });
  if (retry_after_s !== undefined) headers.set("retry-after", String(Math.max(1, Math.ceil(retry_after_s))));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  const body = {
    type: `https://ledge.dev/problems/${problem.code}`,
    title,
    status,
    code: problem.code,
    detail: problem.message,
    instance,
    ...members,
  };
  return new Response(JSON.stringify(body), { status, headers });
}
