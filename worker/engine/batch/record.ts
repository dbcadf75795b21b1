import { Buffer } from "node:buffer";
import {
  ATTRIBUTE_PREFIX,
  type BytesColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  type EventRecord,
  NULL_CODE,
  STRING_FIELDS,
} from "./event-batch.ts";
import { bytesAt, codeAt, ingestAt, numberAt, timeAt } from "./pages.ts";

/** A value of one field in one row, as JSON has it. */
export type FieldValue = string | number | boolean | unknown[] | Record<string, unknown> | null;

const FINGERPRINT_DIGITS = 14;

/** RFC 3339 in UTC with six digits of fraction, such as `2026-03-01T12:00:00.000250Z`. */
export function formatTimestamp_us(time_us: number): string {
  const milliseconds = Math.floor(time_us / 1000);
  const rest_us = time_us - milliseconds * 1000;
  const text = new Date(milliseconds).toISOString();
  return `${text.slice(0, -1)}${String(rest_us).padStart(3, "0")}Z`;
}

/** The 53-bit fingerprint as text: 14 hexadecimal digits. */
export function formatFingerprint(fingerprint: number): string {
  return fingerprint.toString(16).padStart(FINGERPRINT_DIGITS, "0");
}

/** UTF-8 bytes as a Buffer over the same memory, for its search and decode calls. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Text of a row of a bytes column; the row must have a value. */
export function textAt(column: BytesColumn, row: number): string {
  return bufferOf(column.bytes).toString("utf8", column.offsets[row] ?? 0, column.offsets[row + 1] ?? 0);
}

/** A column's value in a row; null where it has none. Of a column in pages only what the row needs is decoded. */
export function cellAt(column: Column, row: number): string | number | boolean | null {
  switch (column.kind) {
    case "dict": {
      const code = codeAt(column, row);
      return code === NULL_CODE ? null : valueText(column, code);
    }
    case "bytes": {
      const bytes = bytesAt(column, row);
      return bytes === null ? null : bufferOf(bytes).toString("utf8");
    }
    case "bool":
      if (column.present && column.present[row] === 0) return null;
      return column.values[row] !== 0;
    default:
      return numberAt(column, row);
  }
}

function valueText(column: DictColumn, code: number): string {
  return column.valueBytes ? bufferOf(column.valueBytes(code)).toString("utf8") : column.values[code]!;
}

/** Whether a column has a value in a row. */
export function hasCell(column: Column, row: number): boolean {
  switch (column.kind) {
    case "dict":
      return codeAt(column, row) !== NULL_CODE;
    case "bytes":
      return bytesAt(column, row) !== null;
    case "bool":
      return !column.present || column.present[row] === 1;
    default:
      return numberAt(column, row) !== null;
  }
}

/** The attributes of a row that have no column; null where there are none. */
export function restAt(batch: EventBatch, row: number): Record<string, unknown> | null {
  const bytes = batch.rest ? bytesAt(batch.rest, row) : null;
  return bytes === null || bytes.length === 0 ? null : (JSON.parse(bufferOf(bytes).toString("utf8")) as Record<string, unknown>);
}

/** One event as the API shows it: nulls left out, attributes flat by their dotted names. */
export function recordAt(batch: EventBatch, row: number): EventRecord {
  const record: EventRecord = {
    timestamp: formatTimestamp_us(timeAt(batch, row)),
    ingest_ts: formatTimestamp_us(ingestAt(batch, row)),
    attributes: {},
  };
  for (const field of STRING_FIELDS) {
    const column = batch.columns.get(field);
    const value = column ? cellAt(column, row) : null;
    if (value !== null) record[field] = String(value);
  }
  const fingerprint = batch.columns.get("fingerprint");
  const hash = fingerprint ? cellAt(fingerprint, row) : null;
  if (typeof hash === "number") record.fingerprint = formatFingerprint(hash);
  addAttributes(record.attributes, batch, row);
  return record;
}

function addAttributes(attributes: Record<string, unknown>, batch: EventBatch, row: number): void {
  for (const [name, column] of batch.columns) {
    if (!name.startsWith(ATTRIBUTE_PREFIX)) continue;
    const value = cellAt(column, row);
    if (value !== null) setOwn(attributes, name.slice(ATTRIBUTE_PREFIX.length), value);
  }
  const rest = restAt(batch, row);
  if (!rest) return;
  for (const name of Object.keys(rest)) {
    if (rest[name] !== null && !Object.hasOwn(attributes, name)) setOwn(attributes, name, rest[name]);
  }
}

/** An attribute may be called `__proto__`; plain assignment would lose it. */
function setOwn(target: Record<string, unknown>, name: string, value: unknown): void {
  if (name === "__proto__") Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  else target[name] = value;
}
