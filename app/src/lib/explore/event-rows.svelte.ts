import { untrack } from "svelte";

/** The events of a search, page by page as far as the reader has scrolled; only pages near the reader are held. */
import { api, ask, type Schemas } from "../api/client.ts";
import { type ApiError, isAbort, shownError } from "../api/problem.ts";
import type { LogEvent } from "../lines/event-fields.ts";

const PAGE_EVENTS = 500;
/** Deep in a list pages are longer: each new one is a little work for every row before it. */
const LONG_PAGE_EVENTS = 2_000;
const LONG_FROM = 10_000;
/** Pages held at once: some ten thousand events. */
const PAGES_HELD = 24;

interface Page {
  /** What it was asked for with; null of the first. */
  cursor: string | null;
  /** Number of the first of its events among all. */
  from: number;
  count: number;
  /** Null while it is not held. */
  events: LogEvent[] | null;
}

export class EventRows {
  #pages = $state.raw<Page[]>([]);
  /** Leads to the next page; null at the end. */
  cursor = $state<string | null>(null);
  loading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #query = "";
  #stop = new AbortController();
  #asked = new Set<number>();

  /** How many events can be scrolled through at present. */
  readonly count = $derived(this.#pages.reduce((sum, page) => sum + page.count, 0));
  /** Another one: other events than before, not only more. */
  version = $state(0);
  /** What the last page cost. */
  last = $state.raw<Schemas["SearchStats"] | null>(null);

  /** Begins anew with the first page of a search. */
  start(query: string, events: LogEvent[], cursor: string | null): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#asked.clear();
    this.#query = query;
    this.version = untrack(() => this.version) + 1;
    this.#pages = events.length === 0 ? [] : [{ cursor: null, from: 0, count: events.length, events }];
    this.cursor = cursor;
    this.error = null;
    this.loading = false;
  }

  at(index: number): LogEvent | null {
    const page = this.#pages[this.#pageOf(index)];
    return page?.events?.[index - page.from] ?? null;
  }

  /** Where an event stands; -1 where it is not held. */
  indexOf(event_id: string): number {
    for (const page of this.#pages) {
      const at = page.events?.findIndex((event) => event.event_id === event_id) ?? -1;
      if (at >= 0) return page.from + at;
    }
    return -1;
  }

  /** All events that are held, for what counts what is in sight. */
  held(): LogEvent[] {
    return this.#pages.flatMap((page) => page.events ?? []);
  }

  /** The reader sees these rows: what is missing is fetched, what is far away let go. */
  see(first: number, last: number): void {
    if (this.#pages.length === 0) return;
    const from = this.#pageOf(first);
    const to = this.#pageOf(Math.max(first, last));
    for (let index = from; index <= to; index++) if (this.#pages[index]?.events === null) void this.#fetchAgain(index);
    if (last >= this.count - PAGE_EVENTS / 2) void this.more();
    this.#letGo((from + to) / 2);
  }

  /** The next page. */
  async more(): Promise<void> {
    const { cursor } = this;
    if (cursor === null || this.loading) return;
    const stop = this.#stop;
    this.loading = true;
    try {
      const from = this.count;
      const page = await this.#ask(cursor, from < LONG_FROM ? PAGE_EVENTS : LONG_PAGE_EVENTS, stop.signal);
      if (page.events.length > 0) this.#pages = [...this.#pages, { cursor, from, count: page.events.length, events: page.events }];
      this.cursor = page.cursor;
      this.last = page.stats;
      this.error = null;
    } catch (error) {
      if (!stop.signal.aborted && !isAbort(error)) this.error = shownError(error);
    } finally {
      if (stop === this.#stop) this.loading = false;
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  async #fetchAgain(index: number): Promise<void> {
    const page = this.#pages[index];
    if (!page || this.#asked.has(index)) return;
    this.#asked.add(index);
    const stop = this.#stop;
    try {
      const { events } = await this.#ask(page.cursor, page.count, stop.signal);
      if (stop.signal.aborted) return;
      const held = events.slice(0, page.count);
      this.#pages = this.#pages.map((each, at) => (at === index ? { ...each, events: held } : each));
    } catch (error) {
      if (!stop.signal.aborted && !isAbort(error)) this.error = shownError(error);
    } finally {
      this.#asked.delete(index);
    }
  }

  async #ask(cursor: string | null, limit: number, signal: AbortSignal): Promise<Schemas["EventPage"]> {
    const place = cursor === null ? {} : { cursor };
    const answer = await ask(api.GET("/api/v1/logs", { params: { query: { q: this.#query, limit, ...place } }, signal }));
    if (typeof answer === "string" || !("events" in answer)) throw new Error("a table was answered where events were asked for");
    return answer;
  }

  /** The first page stays: it has no cursor to be asked for again with. */
  #letGo(middle: number): void {
    const held = this.#pages.flatMap((page, index) => (page.events && index > 0 ? [index] : []));
    if (held.length <= PAGES_HELD) return;
    const far = held.toSorted((one, other) => Math.abs(other - middle) - Math.abs(one - middle)).slice(0, held.length - PAGES_HELD);
    const gone = new Set(far);
    this.#pages = this.#pages.map((page, index) => (gone.has(index) ? { ...page, events: null } : page));
  }

  #pageOf(index: number): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pages[middle]?.from ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
