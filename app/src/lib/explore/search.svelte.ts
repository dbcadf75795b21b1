/** One search at a time: histogram first, then the newest lines or the table, with how far it is. A newer search ends the one before. */
import { api, ask, type Schemas, send } from "../api/client.ts";
import { serverEvents } from "../api/event-stream.ts";
import { ApiError, isAbort, offlineError, problemError, shownError } from "../api/problem.ts";
import type { LogEvent } from "../lines/event-fields.ts";
import { type MarkFinder, markFinder } from "../lines/marks.ts";
import { filterPart } from "../query/filters.ts";
import type { Range } from "../ranges.ts";
import { EventRows } from "./event-rows.svelte.ts";

export type Histogram = Schemas["Histogram"];
export type Table = Schemas["Table"];
export type Cost = Schemas["SearchStats"];
export type Partial = Schemas["Partial"];

export interface Progress {
  segments: { done: number; total: number };
  bytes_read: number;
  rows_scanned: number;
}

export interface Asked {
  query: string;
  range: Range;
  by: string;
  /** Buckets of the histogram at most. */
  buckets: number;
}

/** The first page is short, so that it is there at once. */
const FIRST_EVENTS = 200;

export class Search {
  readonly rows = new EventRows();
  table = $state.raw<Table | null>(null);
  /** Of a search that is not over: what it has found so far. */
  preview = $state(false);
  histogram = $state.raw<Histogram | null>(null);
  cost = $state.raw<Cost | null>(null);
  partial = $state.raw<Partial | null>(null);
  /** Names of the query that are perhaps misspelt; only where nothing was found. */
  hints = $state.raw<{ field: string; suggestion: string }[]>([]);
  progress = $state.raw<Progress | null>(null);
  error = $state.raw<ApiError | null>(null);
  find = $state.raw<MarkFinder | null>(null);
  busy = $state(false);
  counting = $state(false);
  /** What is in sight belongs to an earlier search. */
  stale = $state(false);
  /** False until the first answer: nothing is said about emptiness before. */
  answered = $state(false);
  /** What the answer in sight was asked for. */
  shown = $state.raw<Asked | null>(null);
  /** Counts searches that were answered: what hangs on them looks again. */
  turn = $state(0);

  #running: AbortController | null = null;

  async run(asked: Asked): Promise<void> {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    this.busy = true;
    this.stale = this.answered;
    this.progress = null;
    void this.#count(asked, mine.signal);
    void this.#readMarks(asked.query, mine.signal);
    try {
      await this.#search(asked, mine.signal);
      this.error = null;
      this.answered = true;
      this.shown = asked;
      this.turn++;
    } catch (error) {
      if (mine.signal.aborted) return;
      this.error = isAbort(error) ? null : shownError(error);
    } finally {
      if (this.#running === mine) this.#settle();
    }
  }

  /** The reader does not want to wait any longer; what was found so far stays. */
  cancel(): void {
    this.#running?.abort();
    this.#settle();
  }

  stop(): void {
    this.#running?.abort();
    this.rows.stop();
  }

  #settle(): void {
    this.#running = null;
    this.busy = false;
    this.stale = false;
    this.preview = false;
    this.progress = null;
  }

  /** Another split of the same counts. */
  async count(asked: Asked): Promise<void> {
    await this.#count(asked, this.#running?.signal ?? new AbortController().signal);
  }

  async #count({ query, range, by, buckets }: Asked, signal: AbortSignal): Promise<void> {
    this.counting = true;
    try {
      const parameters = { q: filterPart(query), from: range.from, to: range.to ?? "now", by, buckets };
      this.histogram = await ask(api.GET("/api/v1/logs/histogram", { params: { query: parameters }, signal }));
    } catch {
      // The query's fault is told by the search itself.
      if (!signal.aborted) this.histogram = null;
    } finally {
      this.counting = false;
    }
  }

  async #readMarks(query: string, signal: AbortSignal): Promise<void> {
    try {
      const check = await ask(api.GET("/api/v1/query", { params: { query: { q: query } }, signal }));
      const find = await markFinder(check.marks);
      if (!signal.aborted) this.find = find;
    } catch {
      if (!signal.aborted) this.find = null;
    }
  }

  async #search({ query, range }: Asked, signal: AbortSignal): Promise<void> {
    const search = new URLSearchParams({ q: query, from: range.from, limit: String(FIRST_EVENTS) });
    if (range.to !== null) search.set("to", range.to);
    const response = await send(`/api/v1/logs?${search}`, { headers: { accept: "text/event-stream" }, signal });
    if (!response.ok || !response.body) throw problemError(response, await response.json().catch(() => null));
    for await (const { name, data } of serverEvents(response.body)) {
      if (signal.aborted) return;
      if (name === "progress") this.progress = data as Progress;
      else if (name === "partial") this.#takePart(query, data as { events: LogEvent[] } | { columns: string[]; rows: unknown[][] });
      else if (name === "result") return this.#take(query, data as Schemas["EventPage"] | Table);
      else if (name === "error") throw streamedError(data);
    }
    throw offlineError();
  }

  #take(query: string, answer: Schemas["EventPage"] | Table): void {
    this.cost = answer.stats;
    this.partial = answer.partial;
    this.hints = answer.hints ?? [];
    this.preview = false;
    this.stale = false;
    if ("events" in answer) {
      this.table = null;
      this.rows.start(query, answer.events, answer.cursor);
    } else {
      this.rows.start(query, [], null);
      this.table = answer;
    }
  }

  #takePart(query: string, part: { events: LogEvent[] } | { columns: string[]; rows: unknown[][] }): void {
    this.preview = true;
    this.stale = false;
    this.answered = true;
    if ("events" in part) {
      this.table = null;
      this.rows.start(query, part.events, null);
    } else {
      this.rows.start(query, [], null);
      this.table = { columns: part.columns, rows: part.rows, overflow: null, partial: null, stats: this.cost as Cost };
    }
  }
}

function streamedError(data: unknown): ApiError {
  const { status = 500, ...problem } = (data ?? {}) as Schemas["Problem"];
  return new ApiError(status, problem);
}
