/** A search as server-sent events: how far it is, what it has found so far, then its answer. */
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { problemResponse } from "../errors.ts";
import { STREAM_HEARTBEAT_MS, STREAM_PARTIAL_MS, STREAM_PARTIAL_ROWS_MAX, STREAM_PROGRESS_MS } from "../limits.ts";
import type { Intermediate, SearchContext } from "./context.ts";

const CONTENT_TYPE = "text/event-stream";

/** Whether a client prefers events to a single document: it names them, and not JSON before them. */
export function asksForEvents(accept: string | undefined): boolean {
  const kinds = (accept ?? "").split(",").map((kind) => kind.split(";")[0]!.trim().toLowerCase());
  const at = kinds.indexOf(CONTENT_TYPE);
  const json = kinds.indexOf("application/json");
  return at >= 0 && (json < 0 || at < json);
}

/** JSON is one line: it never holds a line break. */
function event(name: string, data: unknown): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

function progressOf(context: SearchContext): unknown {
  const { segments_considered, bytes_read, rows_scanned } = context.cost;
  return { segments: { done: Math.min(context.segments_done, segments_considered), total: segments_considered }, bytes_read, rows_scanned };
}

/** What was found so far, cut short: the answer brings all of it. */
function shownPart(found: Intermediate): unknown {
  if ("events" in found) return { events: found.events.slice(0, STREAM_PARTIAL_ROWS_MAX) };
  const { columns, rows } = found.table;
  return { columns, rows: rows.slice(0, STREAM_PARTIAL_ROWS_MAX), rows_total: rows.length };
}

/** Tells of a search at a bounded rate. Nothing is sent to a client that does not read. */
class Reporter {
  readonly #context: SearchContext;
  readonly #send: (text: string) => void;
  readonly #isReading: () => boolean;
  #progress_us: number;
  #partial_us: number;

  constructor(context: SearchContext, send: (text: string) => void, isReading: () => boolean) {
    this.#context = context;
    this.#send = send;
    this.#isReading = isReading;
    this.#progress_us = context.started_us;
    this.#partial_us = context.started_us;
  }

  moved(): void {
    const now_us = this.#context.sources.now_us();
    if (now_us - this.#progress_us < STREAM_PROGRESS_MS * 1_000 || !this.#isReading()) return;
    this.#progress_us = now_us;
    this.#send(event("progress", progressOf(this.#context)));
    const { intermediate } = this.#context;
    if (!intermediate || now_us - this.#partial_us < STREAM_PARTIAL_MS * 1_000) return;
    this.#partial_us = now_us;
    this.#send(event("partial", shownPart(intermediate())));
  }
}

async function problemEvent(error: unknown, instance: string): Promise<string> {
  return event("error", await problemResponse(error, instance).json());
}

/**
 * Runs a search and streams its events: `progress`, `partial`, and at the end `result` or `error`.
 * @param stop aborted when the client goes away
 */
export function searchEventStream(
  context: SearchContext,
  answer: () => Promise<unknown>,
  stop: AbortController,
  instance: string,
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let heartbeat: ReturnType<typeof setInterval> | undefined;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string): void => controller.enqueue(encoder.encode(text));
      const reporter = new Reporter(context, send, () => (controller.desiredSize ?? 0) > 0);
      context.watcher = reporter;
      heartbeat = setInterval(() => send(": still searching\n\n"), STREAM_HEARTBEAT_MS);
      send(event("progress", progressOf(context)));
      answer()
        .then(
          (found) => event("result", found),
          (error: unknown) => problemEvent(error, instance),
        )
        .then((last) => {
          clearInterval(heartbeat);
          if (stop.signal.aborted) return;
          send(last);
          controller.close();
        })
        .catch((error: unknown) => controller.error(error));
    },
    cancel(reason) {
      clearInterval(heartbeat);
      stop.abort(reason);
    },
  });
}

export function eventStreamResponse(
  c: Context<AppEnv>,
  context: SearchContext,
  answer: () => Promise<unknown>,
  stop: AbortController,
): Response {
  const stream = searchEventStream(context, answer, stop, `urn:ledge:request:${c.get("request_id")}`);
  // Proxies that gather answers before they pass them on are asked not to.
  const headers = {
    "content-type": CONTENT_TYPE,
    "cache-control": "no-cache",
    "x-accel-buffering": "no",
    "x-content-type-options": "nosniff",
  };
  return c.body(stream, 200, headers);
}
