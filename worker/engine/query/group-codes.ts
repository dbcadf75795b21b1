import { type Column, type EventBatch, NULL_CODE } from "../batch/event-batch.ts";
import { cellAt, formatFingerprint, formatTimestamp_us } from "../batch/record.ts";
import { bucketStart_us } from "./bucket.ts";
import { attributeName, isAttribute, isTimeField } from "./fields.ts";
import type { GroupKey } from "./pipe-stats.ts";
import { forEachRest } from "./rest.ts";

/** What a group's value was stored as: values of one text are one group, shown as a number or boolean where all of them were. */
export const TEXT = 1;
export const NUMBER = 2;
export const BOOLEAN = 4;

/** One of the distinct values of a key among some rows; a null text means that there is no value. */
export interface GroupValue {
  text: string | null;
  type: number;
}

/** The values of a key among some rows: `values[codes[i]]` is that of the i-th row. */
export interface GroupCodes {
  codes: Uint32Array;
  values: GroupValue[];
}

const NOTHING: GroupValue = { text: null, type: 0 };

export function groupCodes(batch: EventBatch, rows: Uint32Array, key: GroupKey): GroupCodes {
  if (key.kind === "bucket") {
    return numberCodes(rows, (row) => bucketStart_us(batch.timestamp_us[row] as number, key), timeValue);
  }
  const { field } = key;
  if (isTimeField(field)) {
    const times_us = field === "timestamp" ? batch.timestamp_us : batch.ingest_us;
    return numberCodes(rows, (row) => times_us[row] as number, timeValue);
  }
  const column = batch.columns.get(field);
  const codes = column ? columnCodes(column, rows, field) : { codes: new Uint32Array(rows.length), values: [NOTHING] };
  if (isAttribute(field) && batch.rest) addRest(batch, rows, attributeName(field), codes);
  return codes;
}

function timeValue(time_us: number): GroupValue {
  return { text: formatTimestamp_us(time_us), type: TEXT };
}

/** A number a row; equal neighbours, common in sorted rows, cost no look-up. */
function numberCodes(rows: Uint32Array, numberOf: (row: number) => number, groupValue: (number: number) => GroupValue): GroupCodes {
  const codes = new Uint32Array(rows.length);
  const values: GroupValue[] = [];
  const known = new Map<number, number>();
  let last = Number.NaN;
  let last_code = 0;
  for (let index = 0; index < rows.length; index++) {
    const number = numberOf(rows[index] as number);
    if (number !== last) {
      last = number;
      const code = known.get(number);
      last_code = code ?? values.push(groupValue(number)) - 1;
      if (code === undefined) known.set(number, last_code);
    }
    codes[index] = last_code;
  }
  return { codes, values };
}

function columnCodes(column: Column, rows: Uint32Array, field: string): GroupCodes {
  if (column.kind === "dict") {
    const values = column.values.map((text) => ({ text, type: TEXT }) as GroupValue);
    const null_code = values.push(NOTHING) - 1;
    const codes = new Uint32Array(rows.length);
    for (let index = 0; index < rows.length; index++) {
      const code = column.codes[rows[index] as number] as number;
      codes[index] = code === NULL_CODE ? null_code : code;
    }
    return { codes, values };
  }
  const codes = new Uint32Array(rows.length);
  const values: GroupValue[] = [NOTHING];
  const known = new Map<string | number | boolean, number>();
  for (let index = 0; index < rows.length; index++) {
    const cell = cellAt(column, rows[index] as number);
    if (cell === null) continue;
    let code = known.get(cell);
    if (code === undefined) {
      code = values.push(field === "fingerprint" ? { text: formatFingerprint(cell as number), type: TEXT } : groupValue(cell)) - 1;
      known.set(cell, code);
    }
    codes[index] = code;
  }
  return { codes, values };
}

function groupValue(value: unknown): GroupValue {
  if (typeof value === "string") return { text: value, type: TEXT };
  if (typeof value === "number") return { text: String(value), type: NUMBER };
  if (typeof value === "boolean") return { text: String(value), type: BOOLEAN };
  return { text: JSON.stringify(value), type: TEXT };
}

/** Fills in what the JSON column holds for rows whose own column has nothing. */
function addRest(batch: EventBatch, rows: Uint32Array, name: string, { codes, values }: GroupCodes): void {
  const mask = new Uint8Array(batch.rows);
  const index_of = new Map<number, number>();
  for (let index = 0; index < rows.length; index++) {
    if (values[codes[index] as number]?.text !== null) continue;
    mask[rows[index] as number] = 1;
    index_of.set(rows[index] as number, index);
  }
  const known = new Map<string, number>();
  forEachRest(batch, name, mask, (row, value) => {
    const group_value = groupValue(value);
    const id = `${group_value.type}${group_value.text}`;
    const code = known.get(id) ?? values.push(group_value) - 1;
    known.set(id, code);
    codes[index_of.get(row) as number] = code;
  });
}
