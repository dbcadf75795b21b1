import { EVENT_FIELDS } from "../../../worker/engine/query/fields.ts";
import { compareCells, type TableValue } from "../../../worker/engine/query/query.ts";
import { expectedRecord, type PlainEvent } from "./batches.ts";

/** What functions of `stats` say of a few events, written for plainness. */

export type Cell = TableValue;

/** A field's value as it was sent; undefined where there is none. */
export function rawValue(event: PlainEvent, name: string): unknown {
  const record = expectedRecord(event);
  if (EVENT_FIELDS.includes(name)) return (record as unknown as Record<string, unknown>)[name];
  const value = Object.getOwnPropertyDescriptor(record.attributes, name)?.value;
  return value === null ? undefined : value;
}

/** A value as tables show it. */
export function shownValue(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  if (typeof value === "object") return JSON.stringify(value);
  return value === 0 ? 0 : (value as Cell);
}

const NUMERAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

export function numbersOf(events: readonly PlainEvent[], name: string): number[] {
  return events.flatMap((event) => {
    const value = rawValue(event, name);
    if (typeof value === "number") return [value];
    return typeof value === "string" && NUMERAL.test(value) && Number.isFinite(Number(value)) ? [Number(value)] : [];
  });
}

/** Distinct values, those of one text together: as a number or boolean where all of them are. */
export function distinctOf(events: readonly PlainEvent[], name: string): Cell[] {
  const by_text = new Map<string, Set<Cell>>();
  for (const event of events) {
    const value = shownValue(rawValue(event, name));
    if (value === null) continue;
    by_text.set(String(value), (by_text.get(String(value)) ?? new Set()).add(value));
  }
  return [...by_text].map(([text, values]) => (values.size === 1 ? [...values][0]! : text)).sort(compareCells);
}

export function quantileOf(numbers: readonly number[], share: number): number | null {
  const sorted = [...numbers].sort((a, b) => a - b);
  const needed = sorted.findIndex((_, index) => (index + 1) / sorted.length >= share - 1e-12);
  return sorted.length === 0 ? null : sorted[needed < 0 ? sorted.length - 1 : needed]! + 0;
}

/** @param sign 1 for the last, -1 for the first */
export function edgeOf(events: readonly PlainEvent[], name: string, sign: number): Cell {
  const known = events.map((event) => ({ event, value: shownValue(rawValue(event, name)) })).filter(({ value }) => value !== null);
  known.sort(
    (a, b) =>
      (b.event.timestamp_us - a.event.timestamp_us || b.event.ingest_us - a.event.ingest_us) * sign ||
      compareCells(b.value, a.value) * sign,
  );
  return known[0]?.value ?? null;
}

export function varianceOf(numbers: readonly number[]): number | null {
  if (numbers.length < 2) return null;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  return numbers.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (numbers.length - 1);
}
