/** What the page looks at and what it found. One request of each kind is under way at most; a newer one ends the older. */
import { ApiError, type Cost, type EventPage, type Histogram, histogram, type LogEvent, searchLogs, type Table } from "./api.ts";
import { storedKey, storeKey } from "./api-key.ts";
import { DEFAULT_RANGE, type Range } from "./ranges.ts";

const PAGE_EVENTS = 200;
/** Lines that the list holds; older ones are dropped while it is live. */
const LINES_MAX = 2_000;
const HISTOGRAM_BUCKETS = 120;
const LIVE_INTERVAL_MS = 2_000;

export class Explorer {
  key = $state("");
  query = $state("");
  range = $state<Range>(DEFAULT_RANGE);
  live = $state(false);

  events = $state.raw<LogEvent[]>([]);
  table = $state.raw<Table | null>(null);
  counts = $state.raw<Histogram | null>(null);
  cost = $state.raw<Cost | null>(null);
  cursor = $state<string | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(false);
  /** False until the first answer: nothing is said about emptiness before. */
  answered = $state(false);

  #running: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  restoreKey(): void {
    this.key = storedKey();
  }

  setKey(key: string): void {
    this.key = key.trim();
    storeKey(this.key);
    this.#forget();
    void this.search();
  }

  #forget(): void {
    this.#running?.abort();
    this.events = [];
    this.table = null;
    this.counts = null;
    this.cost = null;
    this.cursor = null;
    this.error = null;
    this.answered = false;
  }

  /** Searches anew; what was found before stays in sight until the answer is there. */
  async search(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.key === "") return;
    const { key, query, range } = this;
    await this.#run(async (signal) => {
      const counting = histogram(key, query, range, HISTOGRAM_BUCKETS, signal).then((counts) => {
        this.counts = counts;
      });
      const searching = searchLogs(key, query, range, { limit: PAGE_EVENTS, cursor: null }, signal).then((page) => this.#take(page));
      // One fault is enough to tell; the query's own comes from the search.
      const [searched, counted] = await Promise.allSettled([searching, counting]);
      if (searched.status === "rejected") throw searched.reason;
      if (counted.status === "rejected") this.counts = null;
    });
    this.#schedule();
  }

  /** The next older page. */
  async older(): Promise<void> {
    const { key, query, range, cursor } = this;
    if (cursor === null) return;
    await this.#run(async (signal) => {
      const page = await searchLogs(key, query, range, { limit: PAGE_EVENTS, cursor }, signal);
      if (!("events" in page)) return;
      this.events = [...this.events, ...page.events];
      this.cursor = page.cursor;
      this.cost = page.stats;
    });
  }

  setLive(live: boolean): void {
    this.live = live;
    if (live) void this.search();
    else clearTimeout(this.#timer);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
  }

  #take(page: EventPage | Table): void {
    this.cost = page.stats;
    this.answered = true;
    if (!("events" in page)) {
      this.table = page;
      this.events = [];
      this.cursor = null;
      return;
    }
    this.table = null;
    this.#merge(page);
  }

  /** While live, lines that were already there stay, so that nothing under the reader's eyes is made anew. */
  #merge(page: EventPage): void {
    const known = new Map(this.events.map((event) => [event.event_id, event]));
    const newest = page.events.map((event) => known.get(event.event_id) ?? event);
    const oldest = newest.at(-1)?.event_id;
    const at = this.live && oldest !== undefined ? this.events.findIndex((event) => event.event_id === oldest) : -1;
    if (at !== -1) {
      this.events = [...newest, ...this.events.slice(at + 1)].slice(0, LINES_MAX);
    } else {
      this.events = newest;
      this.cursor = page.cursor;
    }
  }

  async #run(act: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.#running?.abort();
    const mine = new AbortController();
    this.#running = mine;
    this.loading = true;
    try {
      await act(mine.signal);
      this.error = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      this.error = error instanceof ApiError ? error : new ApiError(0, "The page failed", String(error));
      if (this.error.status === 401 || this.error.status === 403) this.events = [];
    } finally {
      if (this.#running === mine) {
        this.#running = null;
        this.loading = false;
      }
    }
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.live) return;
    this.#timer = setTimeout(() => (document.hidden ? this.#schedule() : void this.search()), LIVE_INTERVAL_MS);
  }
}
