import type { Column, EventBatch } from "../batch/event-batch.ts";
import { NULL_CODE } from "../batch/event-batch.ts";
import { cellAt } from "../batch/record.ts";
import { matchPresent } from "./field-match.ts";
import { attributeName, isAttribute, isTimeField } from "./fields.ts";
import { readNumber } from "./numbers.ts";
import { forEachRest } from "./rest.ts";
import { NO_GROUP } from "./stat.ts";

/**
 * Calls `visit` for each of the rows that has a group and in which the field holds a number, or a text that spells one.
 * Times are microseconds.
 */
export function forEachNumber(
  batch: EventBatch,
  field: string,
  rows: Uint32Array,
  groups: Uint32Array,
  visit: (group: number, value: number) => void,
): void {
  const numberAt = isTimeField(field) ? timesOf(batch, field) : columnNumbers(batch.columns.get(field));
  for (let index = 0; index < rows.length; index++) {
    const group = groups[index] as number;
    const value = group === NO_GROUP ? Number.NaN : numberAt(rows[index] as number);
    if (!Number.isNaN(value)) visit(group, value);
  }
  if (isAttribute(field) && batch.rest) visitRest(batch, field, rows, groups, visit);
}

function timesOf(batch: EventBatch, field: string): (row: number) => number {
  const times_us = field === "timestamp" ? batch.timestamp_us : batch.ingest_us;
  return (row) => times_us[row] as number;
}

/** NaN where there is no number. */
function columnNumbers(column: Column | undefined): (row: number) => number {
  if (!column || column.kind === "bool") return () => Number.NaN;
  if (column.kind === "dict") {
    const numbers = column.values.map((text) => readNumber(text) ?? Number.NaN);
    return (row) => {
      const code = column.codes[row] as number;
      return code === NULL_CODE ? Number.NaN : (numbers[code] as number);
    };
  }
  if (column.kind === "bytes") return (row) => readNumber(String(cellAt(column, row) ?? "")) ?? Number.NaN;
  const { values, present } = column;
  return (row) => (present && present[row] === 0 ? Number.NaN : (values[row] as number));
}

function visitRest(
  batch: EventBatch,
  field: string,
  rows: Uint32Array,
  groups: Uint32Array,
  visit: (group: number, value: number) => void,
): void {
  const mask = new Uint8Array(batch.rows);
  const index_of = new Map<number, number>();
  const column_only = { ...batch, rest: null };
  const held = new Uint8Array(batch.rows).fill(1);
  matchPresent(column_only, field, held);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index] as number;
    if (groups[index] === NO_GROUP || held[row] === 1) continue;
    mask[row] = 1;
    index_of.set(row, index);
  }
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    const number = typeof value === "number" ? value : typeof value === "string" ? readNumber(value) : null;
    if (number !== null) visit(groups[index_of.get(row) as number] as number, number);
  });
}
