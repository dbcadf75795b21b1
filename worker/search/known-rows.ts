/** Events of segments that were shown before: who asks again, or for the next page, finds them without all their columns being read. */
import type { EventBatch } from "../engine/batch/event-batch.ts";
import { rowHash } from "../engine/batch/identity.ts";
import { recordAt } from "../engine/batch/record.ts";
import { KNOWN_ROWS_PER_GROUP_MAX } from "../limits.ts";
import type { ByteCache } from "./byte-cache.ts";
import type { Identified } from "./top-events.ts";

/** Besides its text: the hash, the number of the row, the places of both. */
const ROW_SIZE_BYTES = 150;

interface Kept {
  rows: Map<number, Identified>;
  size_bytes: number;
}

/** Events of one row group. What is stored under a segment's key never changes. */
export class KnownRows {
  readonly #cache: ByteCache;
  readonly #key: string;
  readonly #kept: Kept;
  #grown = false;

  constructor(cache: ByteCache, group_key: string) {
    this.#cache = cache;
    this.#key = `rows/${group_key}`;
    this.#kept = cache.get<Kept>(this.#key) ?? { rows: new Map(), size_bytes: 0 };
  }

  get(row: number): Identified | undefined {
    return this.#kept.rows.get(row);
  }

  /** The rows that are not known. */
  unknown(rows: Uint32Array): Uint32Array {
    return this.#kept.rows.size === 0 ? rows : rows.filter((row) => !this.#kept.rows.has(row));
  }

  add(row: number, { hash, json }: Identified): void {
    const { rows } = this.#kept;
    if (rows.size >= KNOWN_ROWS_PER_GROUP_MAX) return;
    rows.set(row, { hash, json });
    this.#kept.size_bytes += ROW_SIZE_BYTES + 2 * json.length;
    this.#grown = true;
  }

  /** To be called when no more rows are added. */
  keep(): void {
    if (this.#grown) this.#cache.set(this.#key, this.#kept, this.#kept.size_bytes);
  }
}

/** An event of a batch; what it costs to know is spent where it is asked for. */
export class RowOf implements Identified {
  readonly hash: string;
  readonly #shown: EventBatch;
  readonly #row: number;
  #json: string | null = null;

  /** @param stored with all columns, since an event's identity covers them */
  constructor(stored: EventBatch, shown: EventBatch, row: number) {
    this.hash = rowHash(stored, row);
    this.#shown = shown;
    this.#row = row;
  }

  get json(): string {
    this.#json ??= JSON.stringify(recordAt(this.#shown, this.#row));
    return this.#json;
  }

  /** Whether it was shown. */
  get is_known(): boolean {
    return this.#json !== null;
  }
}
