/** Rows taken out of batches and batches put one after another. */
import {
  ATTRIBUTE_PREFIX,
  type BytesColumn,
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
} from "./event-batch.ts";
import { bytesAt, codeAt, ingestAt, numberAt, timeAt, timesOf, valueBytes } from "./pages.ts";
import { cellAt } from "./record.ts";
import { SharedDict } from "./shared-dict.ts";
import { conform, type Layout, unifyColumns, usesOf } from "./unify.ts";
import { utf8Text } from "./utf8.ts";

export { cellAt as columnValue } from "./record.ts";

/** Of rows fewer than this share of a batch's, only the pages that hold them are decoded. */
const SPARSE_SHARE = 1 / 32;

/** The given rows of a batch, in the given order; dictionaries are shared with it. */
export function selectRows(batch: EventBatch, rows: Uint32Array): EventBatch {
  const columns = new Map<string, Column>();
  for (const [name, column] of batch.columns) columns.set(name, selectColumn(column, rows));
  return {
    rows: rows.length,
    timestamp_us: timesOf(batch, rows),
    ingest_us: isSparse(batch.time_columns?.ingest_ts, rows)
      ? Float64Array.from(rows, (row) => ingestAt(batch, row))
      : gather(batch.ingest_us, rows),
    columns,
    rest: batch.rest === null ? null : selectBytes(batch.rest, rows),
  };
}

function isSparse(column: Column | undefined, rows: Uint32Array): boolean {
  return column?.pages !== undefined && rows.length < column.pages.starts.at(-1)! * SPARSE_SHARE;
}

/** A column's values in the given rows. */
export function selectColumn(column: Column, rows: Uint32Array): Column {
  switch (column.kind) {
    case "dict":
      return new SharedDict(column, isSparse(column, rows) ? rows.map((row) => codeAt(column, row)) : gather(column.codes, rows));
    case "bytes":
      return selectBytes(column, rows);
    case "bool":
      return { kind: "bool", values: gather(column.values, rows), present: gatherMarks(column.present, rows) };
    default:
      return isSparse(column, rows)
        ? selectNumbers(column, rows)
        : { kind: column.kind, values: gather(column.values, rows), present: gatherMarks(column.present, rows) };
  }
}

function selectNumbers(column: NumberColumn, rows: Uint32Array): NumberColumn {
  const values = new Float64Array(rows.length);
  const present = new Uint8Array(rows.length).fill(1);
  for (let index = 0; index < rows.length; index++) {
    const value = numberAt(column, rows[index]!);
    if (value === null) present[index] = 0;
    else values[index] = value;
  }
  return { kind: column.kind, values, present: present.includes(0) ? present : null };
}

/** Numbers at the given places. */
export function gather<T extends Float64Array | Uint32Array | Uint8Array>(source: T, rows: Uint32Array): T {
  const target = new (source.constructor as new (length: number) => T)(rows.length);
  for (let index = 0; index < rows.length; index++) target[index] = source[rows[index]!]!;
  return target;
}

function gatherMarks(present: Uint8Array | null, rows: Uint32Array): Uint8Array | null {
  return present === null ? null : gather(present, rows);
}

export function selectBytes(column: BytesColumn, rows: Uint32Array): BytesColumn {
  if (isSparse(column, rows)) return collectBytes(Array.from(rows, (row) => bytesAt(column, row)));
  const { offsets: from, bytes: source } = column;
  const offsets = new Uint32Array(rows.length + 1);
  let size = 0;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    size += from[row + 1]! - from[row]!;
    offsets[index + 1] = size;
  }
  const bytes = new Uint8Array(size);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    copyBytes(source, from[row]!, from[row + 1]!, bytes, offsets[index]!);
  }
  return { kind: "bytes", offsets, bytes, present: gatherMarks(column.present, rows) };
}

/** Strings as a column; null has no value. */
function collectBytes(parts: readonly (Uint8Array | null)[]): BytesColumn {
  const offsets = new Uint32Array(parts.length + 1);
  for (const [index, part] of parts.entries()) offsets[index + 1] = offsets[index]! + (part?.length ?? 0);
  const bytes = new Uint8Array(offsets[parts.length]!);
  for (const [index, part] of parts.entries()) if (part !== null) bytes.set(part, offsets[index]!);
  const present = parts.includes(null) ? Uint8Array.from(parts, (part) => (part === null ? 0 : 1)) : null;
  return { kind: "bytes", offsets, bytes, present };
}

/** For short strings a loop is faster than a view and `set`. */
function copyBytes(source: Uint8Array, start: number, end: number, target: Uint8Array, at: number): void {
  if (end - start > 48) {
    target.set(source.subarray(start, end), at);
    return;
  }
  for (let from = start, to = at; from < end; from++, to++) target[to] = source[from]!;
}

/**
 * The batches one after another. Where an attribute differs in type, int64 and double make double; otherwise the type that most rows have
 * stays a column and the other values go to the rest column of their rows.
 */
export function concatBatches(batches: readonly EventBatch[]): EventBatch {
  if (batches.length === 1) return batches[0]!;
  return concatTo(unifyColumns(batches.flatMap(usesOf)), batches);
}

/** The batches one after another, with the columns of a layout. */
export function concatTo(layout: Layout, batches: readonly EventBatch[]): EventBatch {
  const parts = batches.map((batch) => conform(batch, layout));
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const partsOf = (columnOf: (part: EventBatch) => Column | null) => parts.map((part) => ({ column: columnOf(part), rows: part.rows }));
  const columns = new Map<string, Column>();
  for (const name of layout.keys()) {
    const of_name = partsOf((part) => part.columns.get(name) ?? null);
    columns.set(name, concatColumns(of_name, rows));
  }
  const timesOfParts = (which: "timestamp_us" | "ingest_us") =>
    concatTimes(
      parts.map((part) => part[which]),
      rows,
    );
  return {
    rows,
    timestamp_us: timesOfParts("timestamp_us"),
    ingest_us: timesOfParts("ingest_us"),
    columns,
    rest: parts.some((part) => part.rest !== null)
      ? concatBytes(
          partsOf((part) => part.rest),
          rows,
        )
      : null,
  };
}

export interface ColumnPart {
  /** Null: no value in any of the rows. */
  column: Column | null;
  rows: number;
}

function concatTimes(parts: readonly Float64Array[], rows: number): Float64Array {
  const whole = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Columns one after another. The parts are of one family of types, and not all null; int64 among doubles are doubles already. */
export function concatColumns(parts: readonly ColumnPart[], rows: number): Column {
  const first = parts.find((part) => part.column !== null)!.column!;
  if (first.kind === "dict" || first.kind === "bytes") {
    return parts.some((part) => part.column?.kind === "bytes") ? concatBytes(parts, rows) : concatDicts(parts, rows);
  }
  const values = first.kind === "bool" ? new Uint8Array(rows) : new Float64Array(rows);
  const present = concatMarks(parts, rows);
  let at = 0;
  for (const { column, rows: count } of parts) {
    if (column !== null) values.set((column as NumberColumn).values, at);
    at += count;
  }
  return { kind: first.kind, values, present } as Column;
}

function concatMarks(parts: readonly ColumnPart[], rows: number): Uint8Array | null {
  const whole = (column: Column | null): boolean => column !== null && column.kind !== "dict" && column.present === null;
  if (parts.every((part) => whole(part.column))) return null;
  const marks = new Uint8Array(rows);
  let at = 0;
  for (const { column, rows: count } of parts) {
    if (column !== null) markPresent(marks, at, column, count);
    at += count;
  }
  return marks;
}

function markPresent(marks: Uint8Array, at: number, column: Column, rows: number): void {
  if (column.kind === "dict") {
    for (let row = 0; row < rows; row++) if (column.codes[row] !== NULL_CODE) marks[at + row] = 1;
  } else if (column.present === null) marks.fill(1, at, at + rows);
  else marks.set(column.present.subarray(0, rows), at);
}

/** One dictionary of the values that rows use; others are dropped. */
function concatDicts(parts: readonly ColumnPart[], rows: number): DictColumn {
  const values: string[] = [];
  const known = new Map<string, number>();
  const codes = new Uint32Array(rows);
  let at = 0;
  for (const { column, rows: count } of parts) {
    if (column === null) codes.fill(NULL_CODE, at, at + count);
    else mergeDict(column as DictColumn, codes.subarray(at, at + count), values, known);
    at += count;
  }
  return { kind: "dict", values, codes };
}

function mergeDict(column: DictColumn, target: Uint32Array, values: string[], known: Map<string, number>): void {
  const count = column.value_count ?? column.values.length;
  // A few rows of a large dictionary are looked up one by one; for many, what was found is kept by code.
  const few = target.length * 4 < count;
  const merged = few ? null : new Uint32Array(count).fill(NULL_CODE);
  const textOf = few && column.valueBytes ? (code: number) => utf8Text(valueBytes(column, code)) : null;
  const numberOf = (code: number): number => {
    const value = textOf === null ? column.values[code]! : textOf(code);
    let number = known.get(value);
    if (number === undefined) {
      number = values.length;
      values.push(value);
      known.set(value, number);
    }
    return number;
  };
  const { codes } = column;
  for (let row = 0; row < target.length; row++) {
    const code = codes[row]!;
    let number = code === NULL_CODE || merged === null ? NULL_CODE : merged[code]!;
    if (number === NULL_CODE && code !== NULL_CODE) {
      number = numberOf(code);
      if (merged !== null) merged[code] = number;
    }
    target[row] = number;
  }
}

function concatBytes(parts: readonly ColumnPart[], rows: number): BytesColumn {
  const plain = parts.map(({ column, rows: count }) => (column === null ? null : bytesColumn(column, count)));
  let size = 0;
  for (const [index, column] of plain.entries()) if (column !== null) size += column.offsets[parts[index]!.rows]! - column.offsets[0]!;
  const offsets = new Uint32Array(rows + 1);
  const bytes = new Uint8Array(size);
  let at = 0;
  let end = 0;
  for (const [index, column] of plain.entries()) {
    const count = parts[index]!.rows;
    const start = column?.offsets[0] ?? 0;
    for (let row = 0; row < count; row++) offsets[at + row + 1] = column === null ? end : end + column.offsets[row + 1]! - start;
    if (column !== null) {
      bytes.set(column.bytes.subarray(start, column.offsets[count]!), end);
      end += column.offsets[count]! - start;
    }
    at += count;
  }
  return { kind: "bytes", offsets, bytes, present: concatMarks(parts, rows) };
}

/** Any string column with its strings written out. */
export function bytesColumn(column: Column, rows: number): BytesColumn {
  if (column.kind === "bytes") return column;
  if (column.kind !== "dict") throw new TypeError(`a ${column.kind} column holds no strings`);
  return expandDict(column, rows);
}

function expandDict(column: DictColumn, rows: number): BytesColumn {
  const encoder = new TextEncoder();
  const parts = column.values.map((value) => encoder.encode(value));
  const offsets = new Uint32Array(rows + 1);
  let present: Uint8Array | null = null;
  for (let row = 0; row < rows; row++) {
    const code = column.codes[row]!;
    if (code === NULL_CODE) {
      present ??= new Uint8Array(rows).fill(1);
      present[row] = 0;
    }
    offsets[row + 1] = offsets[row]! + (parts[code]?.length ?? 0);
  }
  const bytes = new Uint8Array(offsets[rows]!);
  for (let row = 0; row < rows; row++) {
    const part = parts[column.codes[row]!];
    if (part !== undefined) bytes.set(part, offsets[row]!);
  }
  return { kind: "bytes", offsets, bytes, present };
}

let remembered: { rest: BytesColumn; row: number; object: Record<string, unknown> } | null = null;

/** The rest object of a row; the last one is remembered, since values are asked for name by name. */
function restAt(rest: BytesColumn, row: number): Record<string, unknown> {
  if (remembered !== null && remembered.rest === rest && remembered.row === row) return remembered.object;
  const text = cellAt(rest, row) as string | null;
  const object = text === null ? {} : (JSON.parse(text) as Record<string, unknown>);
  remembered = { rest, row, object };
  return object;
}

/**
 * A value by its column name (`service`, `attributes.user.id`), wherever the row keeps it.
 * `timestamp` and `ingest_ts` are microseconds since the epoch.
 */
export function valueAt(batch: EventBatch, name: string, row: number): string | number | boolean | unknown[] | null {
  if (name === "timestamp") return timeAt(batch, row);
  if (name === "ingest_ts") return ingestAt(batch, row);
  const column = batch.columns.get(name);
  const value = column === undefined ? null : cellAt(column, row);
  if (value !== null || batch.rest === null) return value;
  const attribute = name.startsWith(ATTRIBUTE_PREFIX) ? name.slice(ATTRIBUTE_PREFIX.length) : name;
  const rest = restAt(batch.rest, row);
  return Object.hasOwn(rest, attribute) ? (rest[attribute] as string | number | boolean | unknown[] | null) : null;
}
