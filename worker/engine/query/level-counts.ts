/** How many events, and how many of each level. */
import { type EventBatch, NULL_CODE } from "../batch/event-batch.ts";
import { codeAt } from "../batch/pages.ts";
import { cellAt } from "../batch/record.ts";

export interface LevelCounts {
  total: number;
  levels: Record<string, number>;
}

export function noCounts(): LevelCounts {
  return { total: 0, levels: {} };
}

/** Adds rows of a batch, which must have the column `level` where its events have one. */
export function countRows(counts: LevelCounts, batch: EventBatch, rows: Uint32Array): void {
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

function addLevel(counts: LevelCounts, level: string, count: number): void {
  counts.levels[level] = (counts.levels[level] ?? 0) + count;
}

export function addCounts(counts: LevelCounts, more: LevelCounts): void {
  counts.total += more.total;
  for (const [level, count] of Object.entries(more.levels)) addLevel(counts, level, count);
}
