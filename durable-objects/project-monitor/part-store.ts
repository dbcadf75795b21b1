import { type MetricDelta, packDeltas, splitDeltas, unpackDeltas } from "../../worker/engine/windows/deltas.ts";
import { WINDOW_ROW_SIZE_BYTES_MAX } from "../../worker/limits.ts";
import { blobOf, FreeRows, type SqlDatabase } from "../storage.ts";
import type { FillPosition } from "./types.ts";

/** Up to where everything is counted. Stored with every part. */
export interface Cursor {
  /** By shard (spine, rule 2). */
  applied_seq: Record<string, number>;
  /** The latest arrival among counted events. */
  watermark_us: number;
  missed_frames: number;
  /** Of the back-fill under way. */
  fill: { fill_id: string; next_part: number; position: FillPosition; rows_done: number; segments_done: number } | null;
}

/** What some counting passes brought, of all metrics. The state of a pane is what all parts have of it, merged. */
export interface Part {
  slot_id: number;
  /** Numbers of the passes, which grow by one with each. */
  n_min: number;
  n: number;
  /** How often it was merged; ROLLED for what history has too. */
  level: number;
  /** When the oldest of the passes came. */
  at_ms: number;
  size_bytes: number;
  deltas: Map<number, MetricDelta>;
}

interface Stored extends Omit<Part, "deltas"> {
  cursor: string;
  data: Uint8Array;
}

export const ROLLED = 100;
const NOTHING: Cursor = { applied_seq: {}, watermark_us: 0, missed_frames: 0, fill: null };

/**
 * Parts in rows, as in a log-structured store: a pass appends one row, some rows are merged into one now and then. A row that was merged stays
 * until its place is taken again; that another one of a higher level covers its numbers tells that it does not count any more.
 */
export class PartStore {
  readonly #sql: SqlDatabase;
  readonly #free: FreeRows;
  #parts: Part[];
  #cursor: Cursor;

  constructor(sql: SqlDatabase) {
    this.#sql = sql;
    const rows = sql.exec("SELECT slot_id, n_min, n, level, at_ms, cursor, data FROM part").toArray() as unknown as Stored[];
    const alive = rows.filter((row) => !rows.some((other) => covers(other, row)));
    alive.sort((left, right) => left.n - right.n || left.slot_id - right.slot_id);
    this.#parts = alive.map(({ cursor: _cursor, data, ...row }) => partOf(row, blobOf(data)));
    this.#cursor = alive.length > 0 ? (JSON.parse(alive.at(-1)!.cursor) as Cursor) : NOTHING;
    const slots = this.#parts.map(({ slot_id }) => slot_id);
    this.#free = new FreeRows(slots, Math.max(0, ...rows.map(({ slot_id }) => slot_id)));
  }

  /** Oldest first. */
  get parts(): readonly Part[] {
    return this.#parts;
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Number of the last pass. */
  get last(): number {
    return this.#parts.at(-1)?.n ?? 0;
  }

  get size_bytes(): number {
    return this.#parts.reduce((sum, part) => sum + part.size_bytes, 0);
  }

  /** Part of a transaction. @param deltas packed */
  add(deltas: Uint8Array, cursor: Cursor, at_ms: number): void {
    const n = this.last + 1;
    const row = { n_min: n, n, level: 0, at_ms };
    const pieces = deltas.length <= WINDOW_ROW_SIZE_BYTES_MAX ? [deltas] : [...pieces_of(unpackDeltas(deltas))];
    this.#parts.push(...pieces.map((data) => this.#write(row, cursor, data)));
    this.#cursor = cursor;
  }

  /** Puts one part in the place of some that follow one another. Part of a transaction. */
  replace(parts: readonly Part[], deltas: readonly MetricDelta[], level: number): void {
    const replaced = new Set(parts);
    const row = { n_min: parts[0]!.n_min, n: parts.at(-1)!.n, level, at_ms: Math.min(...parts.map(({ at_ms }) => at_ms)) };
    const pieces = deltas.length === 0 ? [new Uint8Array(0)] : [...pieces_of(deltas)];
    // Its places are free only once all of it is written: until then the rows that it is made of must not be lost.
    const written = pieces.map((data) => this.#write(row, this.#cursor, data));
    for (const { slot_id } of parts) this.#free.giveBack(slot_id);
    this.#parts = [...this.#parts.filter((part) => !replaced.has(part)), ...written].sort((left, right) => left.n - right.n);
  }

  #write(row: Omit<Part, "slot_id" | "size_bytes" | "deltas">, cursor: Cursor, data: Uint8Array): Part {
    const slot_id = this.#free.take();
    this.#sql.exec(
      "REPLACE INTO part (slot_id, n_min, n, level, at_ms, cursor, data) VALUES (?, ?, ?, ?, ?, ?, ?)",
      slot_id,
      row.n_min,
      row.n,
      row.level,
      row.at_ms,
      JSON.stringify(cursor),
      data,
    );
    return partOf({ ...row, slot_id }, data);
  }
}

function covers(other: Stored, row: Stored): boolean {
  if (other.n_min > row.n_min || other.n < row.n) return false;
  return other.level > row.level || (other.level === row.level && other.n > row.n);
}

function partOf(row: Omit<Part, "size_bytes" | "deltas">, data: Uint8Array): Part {
  const { slot_id, n_min, n, level, at_ms } = row;
  const deltas = new Map(unpackDeltas(data).map((delta) => [delta.metric_id, delta]));
  return { slot_id, n_min, n, level, at_ms, size_bytes: data.length, deltas };
}

function* pieces_of(deltas: readonly MetricDelta[]): Generator<Uint8Array> {
  for (const group of splitDeltas(deltas, WINDOW_ROW_SIZE_BYTES_MAX)) yield packDeltas(group);
}
