/** What went wrong, for people: from a problem document (RFC 9457), or from the network. */
export interface FieldFault {
  field: string;
  message: string;
  value?: unknown;
  expected?: string;
}

interface ProblemDocument {
  title?: string;
  code?: string;
  detail?: string;
  position?: number;
  found?: string;
  expected?: string;
  suggestion?: string;
  errors?: (FieldFault & { position?: number; suggestion?: string })[];
}

export class ApiError extends Error {
  /** 0 where there was no answer at all. */
  readonly status: number;
  /** The problem's code; `offline` where there was no answer. */
  readonly code: string;
  readonly title: string;
  /** Where in the query the fault stands. */
  readonly position: number | null;
  readonly found: string | null;
  readonly expected: string | null;
  readonly suggestion: string | null;
  /** What was wrong with which field. */
  readonly faults: FieldFault[];
  readonly retry_after_s: number | null;

  constructor(status: number, problem: ProblemDocument, retry_after_s: number | null = null) {
    const first = problem.errors?.[0];
    super(sentence(problem.detail ?? first?.message ?? "Nothing more is known."));
    this.name = "ApiError";
    this.status = status;
    this.code = problem.code ?? "unknown";
    this.title = problem.title ?? `The answer was ${status}`;
    this.position = first?.position ?? problem.position ?? null;
    this.found = problem.found ?? null;
    this.expected = first?.expected ?? problem.expected ?? null;
    this.suggestion = first?.suggestion ?? problem.suggestion ?? null;
    this.faults = problem.errors ?? [];
    this.retry_after_s = retry_after_s;
  }
}

/** As people read it: places in a query are shown where they are, not as numbers. */
function sentence(text: string): string {
  const plain = text.replace(/ \(at \d+\)/, "");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** The error for an answer that refuses; `body` is what could be read of it. */
export function problemError(response: Response, body: unknown): ApiError {
  const known = typeof body === "object" && body !== null ? (body as ProblemDocument) : {};
  const wait = Number(response.headers.get("retry-after"));
  return new ApiError(response.status, known, Number.isFinite(wait) && wait > 0 ? wait : null);
}

/** The error where no answer came. */
export function offlineError(): ApiError {
  return new ApiError(0, {
    code: "offline",
    title: "Ledge did not answer",
    detail: "The connection was lost, or the service is not running. Nothing was changed; try again in a moment.",
  });
}

/** Any thrown value as one that can be shown. */
export function shownError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(0, { code: "page", title: "The page failed", detail: error instanceof Error ? error.message : String(error) });
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError");
}
