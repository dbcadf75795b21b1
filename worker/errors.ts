/** Every way in which Ledge refuses, once: code, status and title. Answers are RFC 9457 problem+json. */
const PROBLEMS = {
  bad_request: [400, "The request could not be understood"],
  bad_query: [400, "The query could not be understood"],
  unauthenticated: [401, "A valid API key or a session is needed"],
  forbidden: [403, "That is not allowed here"],
  not_found: [404, "There is nothing here"],
  method_not_allowed: [405, "This path does not take that method"],
  conflict: [409, "That is not possible in the present state"],
  gone: [410, "The project was deleted"],
  too_large: [413, "The request is too large"],
  unsupported_media_type: [415, "The content type or encoding is not supported"],
  invalid: [422, "The request was understood but its values are not valid"],
  upgrade_required: [426, "This is a stream"],
  unconfirmed: [429, "What was sent was not confirmed"],
  rate_limited: [429, "Too many requests"],
  quota_exceeded: [429, "The project's daily quota is used up"],
  internal: [500, "Something went wrong inside Ledge"],
  unavailable: [503, "A part that Ledge needs did not answer"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

export interface ProblemDetails {
  /** What was wrong with which field. */
  errors?: { field: string; value?: unknown; message: string; expected?: string; position?: number; suggestion?: string }[];
  retry_after_s?: number;
  /** Headers of the answer, such as Allow. */
  headers?: Record<string, string>;
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

/** What zod says of one value; the members that are used here. */
interface ValidationIssue {
  path: readonly PropertyKey[];
  message: string;
  code?: string;
  expected?: unknown;
  values?: readonly unknown[];
  options?: readonly unknown[];
}

const SHOWN_VALUE_LENGTH_MAX = 200;

/** Fields whose values no answer repeats: answers end in logs. */
const SECRET_FIELD = /password|token|code|secret/i;

function shownValue(value: unknown, field: PropertyKey | undefined): unknown {
  if (field !== undefined && SECRET_FIELD.test(String(field))) return undefined;
  if (typeof value !== "object" || value === null) return typeof value === "string" ? value.slice(0, SHOWN_VALUE_LENGTH_MAX) : value;
  const shown = JSON.stringify(value, (name, member: unknown) => (SECRET_FIELD.test(name) ? "…" : member));
  return shown.slice(0, SHOWN_VALUE_LENGTH_MAX);
}

function valueAtPath(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const step of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

function expectedOf(issue: ValidationIssue): string | undefined {
  if (typeof issue.expected === "string") return issue.expected;
  return issue.values ? `one of ${issue.values.join(", ")}` : undefined;
}

/**
 * The Problem for values that do not fit their schema.
 * @param where the part of the request: "query", "json", "param" …
 * @param input the values as they were given, so that the answer can show them
 */
export function validationProblem(issues: readonly ValidationIssue[], where: string, input: unknown): Problem {
  const errors = issues.map((issue) => ({
    field: issue.path.map(String).join("."),
    value: shownValue(valueAtPath(input, issue.path), issue.path.at(-1)),
    expected: expectedOf(issue),
    message: issue.message,
  }));
  const first = errors[0];
  const detail = first ? `${where}: ${first.field || "value"}: ${first.message}` : `${where}: not valid`;
  return new Problem("invalid", detail, { errors });
}

/** Faults of the platform that pass by themselves: a Durable Object or D1 that was reset, moved or overloaded. */
function isPassingFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { retryable, overloaded } = error as { retryable?: boolean; overloaded?: boolean };
  if (error.cause !== undefined && isPassingFault(error.cause)) return true;
  return (
    retryable === true || overloaded === true || error.name === "TimeoutError" || /\bD1_ERROR\b|Network connection lost/.test(error.message)
  );
}

const STATUS_CODES: Record<number, ProblemCode> = {
  400: "bad_request",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  405: "method_not_allowed",
  413: "too_large",
  415: "unsupported_media_type",
  422: "invalid",
};

/** The Problem that stands for any thrown value. What is not known becomes `internal` and tells nothing of the inside. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const status = (error as { status?: unknown } | null)?.status;
  const code = typeof status === "number" ? STATUS_CODES[status] : undefined;
  if (code && error instanceof Error) return new Problem(code, error.message || PROBLEMS[code][1]);
  if (isPassingFault(error))
    return new Problem("unavailable", "A part that Ledge needs did not answer; the request may be tried again.", { retry_after_s: 2 });
  return new Problem("internal", "The fault was logged; the request may be tried again.");
}

/** The problem document of any thrown value. */
export function problemBody(error: unknown, instance?: string): Record<string, unknown> {
  const problem = toProblem(error);
  const [status, title] = PROBLEMS[problem.code];
  const { retry_after_s: _retry_after, headers: _headers, ...members } = problem.details;
  return { type: `urn:ledge:problem:${problem.code}`, title, status, code: problem.code, detail: problem.message, instance, ...members };
}

/** problem+json for any thrown value. */
export function problemResponse(error: unknown, instance?: string): Response {
  const problem = toProblem(error);
  const { status } = problem;
  const { retry_after_s, headers: extra_headers } = problem.details;
  const headers = new Headers({ ...extra_headers, "content-type": "application/problem+json" });
  if (retry_after_s !== undefined) headers.set("retry-after", String(Math.max(1, Math.ceil(retry_after_s))));
  if (status === 401) headers.set("www-authenticate", "Bearer");
  return new Response(JSON.stringify(problemBody(problem, instance)), { status, headers });
}
