/** What a filter has found lately: counts by level since the last frame, and the rate of the last seconds. */
import { type EventBatch, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";
import { codeAt } from "../../../worker/engine/batch/pages.ts";
import { cellAt } from "../../../worker/engine/batch/record.ts";

const SECONDS = 10;

export interface Counts {
  total: number;
  levels: Record<string, number>;
}

export function noCounts(): Counts {
  return { total: 0, levels: {} };
}

/** Adds matching rows of a batch. */
export function countRows(counts: Counts, batch: EventBatch, rows: Uint32Array): void {
  counts.total += rows.length;
  const column = batch.columns.get("level");
  if (column?.kind !== "dict") return;
  const by_code = new Map<number, { row: number; count: number }>();
  for (const row of rows) {
    const code = codeAt(column, row);
    const known = by_code.get(code);
    if (known) known.count++;
    else if (code !== NULL_CODE) by_code.set(code, { row, count: 1 });
  }
  for (const { row, count } of by_code.values()) addLevel(counts, String(cellAt(column, row)), count);
}

export function addLevel(counts: Counts, level: string, count: number): void {
  counts.levels[level] = (counts.levels[level] ?? 0) + count;
}

/** Lines a second over the last ten seconds, or since it began. */
export class Rate {
  readonly #counts = new Float64Array(SECONDS);
  readonly #seconds = new Float64Array(SECONDS).fill(Number.NEGATIVE_INFINITY);
  readonly #begun_ms: number;

  constructor(now_ms: number) {
    this.#begun_ms = now_ms;
  }

  add(count: number, now_ms: number): void {
    const second = Math.floor(now_ms / 1000);
    const slot = second % SECONDS;
    if (this.#seconds[slot] !== second) {
      this.#seconds[slot] = second;
      this.#counts[slot] = 0;
    }
    this.#counts[slot]! += count;
  }

  perSecond(now_ms: number): number {
    const oldest = Math.floor(now_ms / 1000) - SECONDS;
    let sum = 0;
    for (let slot = 0; slot < SECONDS; slot++) if (this.#seconds[slot]! > oldest) sum += this.#counts[slot]!;
    const span_s = Math.min(SECONDS, Math.max(1, (now_ms - this.#begun_ms) / 1000));
    return Math.round((sum / span_s) * 10) / 10;
  }
}
