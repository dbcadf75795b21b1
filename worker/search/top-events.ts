/**
 * The first events in time order after a position: a bounded selection that meets events in any order and keeps what can still be shown.
 * The order is total: time, then hash of the row; identical rows are one entry with a count.
 */
import type { EventBatch, EventRecord } from "../engine/batch/event-batch.ts";
import { eventId } from "../engine/batch/identity.ts";
import { timesOf } from "../engine/batch/pages.ts";
import type { Order, Position } from "./cursor.ts";

export interface FoundEvent {
  timestamp_us: number;
  hash: string;
  /** 0-based among identical rows. */
  copy: number;
  record: EventRecord;
}

export interface TopResult {
  events: FoundEvent[];
  /** True where further events follow. */
  more: boolean;
  /** Where the next page begins; null where nothing was shown. */
  last: Position | null;
}

export interface TopOptions {
  order: Order;
  limit: number;
  after: Position | null;
  /** Bytes of shown events after which a page ends early; one event is always shown. */
  size_bytes_max: number;
}

export interface Entry {
  timestamp_us: number;
  hash: string;
  count: number;
  /** The event as JSON text: a record's strings may be cut from a row group's whole dictionary and would keep all of it in memory. */
  json: string;
}

/** An event as a selection needs it. `json` is looked at only where the event may be shown. */
export interface Identified {
  readonly hash: string;
  readonly json: string;
}

/** What one gatherer hands to another, as plain data. */
export interface TopState {
  entries: Entry[];
  bound: { timestamp_us: number; hash: string } | null;
  more: boolean;
}

export class TopEvents {
  readonly #options: TopOptions;
  readonly #direction: 1 | -1;
  readonly #entries = new Map<string, Entry>();
  /** Only what comes strictly before this can be shown. */
  #bound: { timestamp_us: number; hash: string } | null = null;
  #more = false;
  #events = 0;
  #size_bytes = 0;
  #pruned = false;

  constructor(options: TopOptions) {
    this.#options = options;
    this.#direction = options.order === "asc" ? 1 : -1;
  }

  /** False where no event within these times (both inclusive) can change the result. */
  wants(ts_min_us: number, ts_max_us: number): boolean {
    const { after } = this.#options;
    const [first, last] = this.#direction === 1 ? [ts_min_us, ts_max_us] : [ts_max_us, ts_min_us];
    if (after && this.#before(last, after.timestamp_us)) return false;
    this.#pruneIfFull();
    return this.#bound === null || !this.#before(this.#bound.timestamp_us, first);
  }

  /** Those of the rows whose time lets them enter; identities need all columns and are looked at in `add`. */
  candidates(batch: EventBatch, rows: Uint32Array): Uint32Array {
    this.#pruneIfFull();
    const { after } = this.#options;
    const times = timesOf(batch, rows);
    const bound_us = this.#bound?.timestamp_us;
    const kept = new Uint32Array(rows.length);
    const kept_times = new Float64Array(rows.length);
    // Rows at the position's own time may have been shown: they are candidates, but do not count towards the limit.
    const counted = new Float64Array(rows.length);
    let kept_length = 0;
    let counted_length = 0;
    for (let index = 0; index < rows.length; index++) {
      const time = times[index]!;
      if (bound_us !== undefined && this.#before(bound_us, time)) continue;
      if (after && this.#before(time, after.timestamp_us)) continue;
      kept[kept_length] = rows[index]!;
      kept_times[kept_length++] = time;
      if (!after || time !== after.timestamp_us) counted[counted_length++] = time;
    }
    const result = kept.subarray(0, kept_length);
    const enough = this.#options.limit + 1;
    if (counted_length <= enough) return result;
    const sorted = counted.subarray(0, counted_length).sort();
    const threshold = sorted[this.#direction === 1 ? enough - 1 : counted_length - enough]!;
    this.#more = true;
    return result.filter((_row, index) => !this.#before(threshold, kept_times[index]!));
  }

  /**
   * @param rows with their times
   * @param identify tells who an event is, and how it is shown
   */
  add(rows: Uint32Array, times: Float64Array, identify: (row: number) => Identified): void {
    const { after } = this.#options;
    const ordered = Array.from(rows.keys()).sort((a, b) => (times[a]! - times[b]!) * this.#direction || a - b);
    for (const index of ordered) {
      const timestamp_us = times[index]!;
      // Best first: from here on none can enter.
      if (this.#bound !== null && this.#before(this.#bound.timestamp_us, timestamp_us)) {
        this.#more = true;
        return;
      }
      const event = identify(rows[index]!);
      if (after && this.#compare(timestamp_us, event.hash, after) < 0) continue;
      if (this.#bound && this.#compare(timestamp_us, event.hash, this.#bound) >= 0) {
        this.#more = true;
        continue;
      }
      this.#put(timestamp_us, event.hash, 1, event);
    }
  }

  serialize(): TopState {
    this.#prune();
    return { entries: this.#sorted(), bound: this.#bound, more: this.#more };
  }

  /** Takes in what was gathered elsewhere, of other events, with the same options. */
  merge({ entries, bound, more }: TopState): void {
    for (const { timestamp_us, hash, count, json } of entries) {
      if (this.#bound && this.#compare(timestamp_us, hash, this.#bound) >= 0) this.#more = true;
      else this.#put(timestamp_us, hash, count, { json });
    }
    this.#more ||= more;
    if (!bound || (this.#bound && this.#compare(this.#bound.timestamp_us, this.#bound.hash, bound) <= 0)) return;
    // What comes after the other's bound was dropped there: here it may not be shown either.
    this.#bound = bound;
    for (const [key, entry] of this.#entries) {
      if (this.#compare(entry.timestamp_us, entry.hash, bound) <= 0) continue;
      this.#entries.delete(key);
      this.#more = true;
    }
    this.#recount();
  }

  result(): TopResult {
    this.#prune();
    const { limit, size_bytes_max, after } = this.#options;
    const events: FoundEvent[] = [];
    let last: Position | null = null;
    let size_bytes = 0;
    let more = this.#more;
    for (const entry of this.#sorted()) {
      const { timestamp_us, hash, count } = entry;
      const first_copy = after !== null && this.#compare(timestamp_us, hash, after) === 0 ? after.copies : 0;
      for (let copy = first_copy; copy < count; copy++) {
        if (events.length >= limit || (events.length > 0 && size_bytes + entry.json.length > size_bytes_max))
          return { events, more: true, last };
        const record = JSON.parse(entry.json) as EventRecord;
        record.event_id ??= eventId(timestamp_us, hash, copy);
        events.push({ timestamp_us, hash, copy, record });
        last = { timestamp_us, hash, copies: copy + 1 };
        size_bytes += entry.json.length;
      }
    }
    if (events.length === 0) more = false;
    return { events, more, last };
  }

  /** Copies of one row that were met, whether shown or not. */
  countOf(timestamp_us: number, hash: string): number {
    return this.#entries.get(`${timestamp_us}:${hash}`)?.count ?? 0;
  }

  #before(a_us: number, b_us: number): boolean {
    return this.#direction === 1 ? a_us < b_us : a_us > b_us;
  }

  #compare(timestamp_us: number, hash: string, other: { timestamp_us: number; hash: string }): number {
    if (timestamp_us !== other.timestamp_us) return timestamp_us < other.timestamp_us ? -this.#direction : this.#direction;
    if (hash === other.hash) return 0;
    return hash < other.hash ? -this.#direction : this.#direction;
  }

  #put(timestamp_us: number, hash: string, count: number, event: { readonly json: string }): void {
    const key = `${timestamp_us}:${hash}`;
    this.#pruned = false;
    const entry = this.#entries.get(key) ?? { timestamp_us, hash, count: 0, json: event.json };
    this.#entries.set(key, entry);
    const before = Math.max(0, entry.count - this.#shownCopies(entry));
    entry.count += count;
    const added = Math.max(0, entry.count - this.#shownCopies(entry)) - before;
    this.#events += added;
    this.#size_bytes += added * entry.json.length;
    if (this.#events > 2 * (this.#options.limit + 1) || this.#size_bytes > 2 * this.#options.size_bytes_max) this.#prune();
  }

  #recount(): void {
    this.#events = 0;
    this.#size_bytes = 0;
    for (const entry of this.#entries.values()) {
      const copies = Math.max(0, entry.count - this.#shownCopies(entry));
      this.#events += copies;
      this.#size_bytes += copies * entry.json.length;
    }
    this.#pruned = false;
  }

  #shownCopies(entry: Entry): number {
    const { after } = this.#options;
    return after && this.#compare(entry.timestamp_us, entry.hash, after) === 0 ? after.copies : 0;
  }

  #sorted(): Entry[] {
    return [...this.#entries.values()].sort((a, b) => this.#compare(a.timestamp_us, a.hash, b));
  }

  #pruneIfFull(): void {
    if (!this.#pruned && this.#events > this.#options.limit) this.#prune();
  }

  /** Keeps the shortest prefix that fills a page and tells that more follow, or as much of it as the size bound allows. */
  #prune(): void {
    const { limit, size_bytes_max } = this.#options;
    const sorted = this.#sorted();
    this.#pruned = true;
    let events = 0;
    let size_bytes = 0;
    let keep = 0;
    for (const entry of sorted) {
      if (events > limit) break;
      const copies = Math.max(0, entry.count - this.#shownCopies(entry));
      if (events > 0 && size_bytes + entry.json.length > size_bytes_max) break;
      events += copies;
      size_bytes += copies * entry.json.length;
      keep += 1;
    }
    if (keep === sorted.length && events <= limit) return;
    const edge = keep < sorted.length && events <= limit ? sorted[keep]! : sorted[keep - 1]!;
    this.#bound = { timestamp_us: edge.timestamp_us, hash: edge.hash };
    this.#more = true;
    for (const entry of sorted.slice(keep)) this.#entries.delete(`${entry.timestamp_us}:${entry.hash}`);
    this.#events = events;
    this.#size_bytes = size_bytes;
  }
}
