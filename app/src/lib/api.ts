/** The calls of the page. All of them are of the same origin; the key travels in the header. */
import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import { filterPart } from "./filters.ts";
import type { Range } from "./ranges.ts";

export type LogEvent = EventRecord & { event_id: string };

export interface Cost {
  took_ms: number;
  segments: { considered: number; skipped: number; read: number };
  window_frames: number;
  bytes_read: number;
  rows_scanned: number;
}

export interface EventPage {
  events: LogEvent[];
  cursor: string | null;
  stats: Cost;
}

export interface Table {
  columns: string[];
  rows: unknown[][];
  stats: Cost;
}

export interface Histogram {
  interval_us: number;
  times: string[];
  series: { value: string | null; total: number; counts: number[] }[];
  total: number;
}

/** What went wrong, for people: from a problem document, or from the network. */
export class ApiError extends Error {
  readonly status: number;
  readonly title: string;
  /** Where in the query the fault stands. */
  readonly position: number | null;
  readonly suggestion: string | null;

  constructor(status: number, title: string, detail: string, position: number | null = null, suggestion: string | null = null) {
    super(detail);
    this.status = status;
    this.title = title;
    this.position = position;
    this.suggestion = suggestion;
  }
}

/** @throws ApiError; AbortError where `signal` ended it */
async function get<T>(path: string, parameters: Record<string, string | null>, key: string, signal: AbortSignal): Promise<T> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== "") search.set(name, value);
  let response: Response;
  try {
    response = await fetch(`${path}?${search}`, { headers: { authorization: `Bearer ${key}` }, signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(
      0,
      "Ledge did not answer",
      "The connection was lost, or the service is not running. It is tried again when you search.",
    );
  }
  const body: unknown = await response.json().catch(() => null);
  if (response.ok) return body as T;
  throw problemError(response.status, body);
}

interface ProblemDocument {
  title?: string;
  detail?: string;
  position?: number;
  suggestion?: string;
  errors?: { message: string; position?: number; suggestion?: string }[];
}

function problemError(status: number, body: unknown): ApiError {
  const problem = (body ?? {}) as ProblemDocument;
  const first = problem.errors?.[0];
  return new ApiError(
    status,
    problem.title ?? `The answer was ${status}`,
    problem.detail ?? first?.message ?? "Nothing more is known.",
    first?.position ?? problem.position ?? null,
    first?.suggestion ?? problem.suggestion ?? null,
  );
}

export function searchLogs(
  key: string,
  query: string,
  range: Range,
  options: { limit: number; cursor: string | null },
  signal: AbortSignal,
): Promise<EventPage | Table> {
  const where: Record<string, string | null> = options.cursor === null ? { from: range.from, to: range.to } : { cursor: options.cursor };
  return get("/api/v1/logs", { q: query, limit: String(options.limit), ...where }, key, signal);
}

export function histogram(key: string, query: string, range: Range, buckets: number, signal: AbortSignal): Promise<Histogram> {
  return get(
    "/api/v1/logs/histogram",
    { q: filterPart(query), from: range.from, to: range.to ?? "now", by: "level", buckets: String(buckets) },
    key,
    signal,
  );
}
