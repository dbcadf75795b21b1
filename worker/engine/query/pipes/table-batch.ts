import { Buffer } from "node:buffer";
import { type BytesColumn, type Column, type EventBatch, type EventRecord, NULL_CODE, type NumberColumn } from "../../batch/event-batch.ts";
import { attributeName, isAttribute, resolveField } from "../fields.ts";
import type { Table, TableValue } from "../table.ts";
import { parseTime_us } from "../time.ts";

type Cell = TableValue | object;

/**
 * A table in the shape of events, so that what works on events works on its rows: a column is the field that its name means
 * (`service` the field, `n` an attribute). Times are read from their texts; one that is null is NaN.
 */
export function tableBatch(table: Table): EventBatch {
  const rows = table.rows.length;
  const batch: EventBatch = { rows, timestamp_us: places(rows), ingest_us: places(rows), columns: new Map(), rest: null };
  const rest: Record<string, Cell>[] = table.rows.map(() => ({}));
  for (const [field, cells] of cellsByField(table)) {
    if (field === "timestamp") batch.timestamp_us = timesOf(cells);
    else if (field === "ingest_ts") batch.ingest_us = timesOf(cells);
    else if (field === "fingerprint") batch.columns.set(field, fingerprints(cells));
    else if (isAttribute(field)) addAttribute(batch.columns, rest, field, cells);
    else batch.columns.set(field, dictionary(cells));
  }
  batch.rest = restColumn(rest);
  batch.time_columns = { timestamp: timeColumn(batch.timestamp_us), ingest_ts: timeColumn(batch.ingest_us) };
  return batch;
}

/** Where a table has no times its rows count as one after another. */
function places(rows: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => row);
}

function cellsByField({ columns, rows, records }: Table): Map<string, Cell[]> {
  const fields = new Map<string, Cell[]>();
  for (const [index, name] of columns.entries()) {
    const field = resolveField(name);
    if (fields.has(field)) continue;
    fields.set(
      field,
      rows.map((row, at) => (records && isAttribute(field) ? attributeOf(records[at]!, field) : (row[index] ?? null))),
    );
  }
  return fields;
}

/** Of a whole event the value as it was sent, which a cell of a table shows as text where it is an array. */
function attributeOf(record: EventRecord, field: string): Cell {
  const name = attributeName(field);
  return Object.hasOwn(record.attributes, name) ? (record.attributes[name] as Cell) : null;
}

function timesOf(cells: readonly Cell[]): Float64Array {
  return Float64Array.from(cells, (cell) => (typeof cell === "string" ? (parseTime_us(cell, Number.NaN) ?? Number.NaN) : Number.NaN));
}

function timeColumn(times_us: Float64Array): NumberColumn {
  const present = times_us.some(Number.isNaN) ? Uint8Array.from(times_us, (time_us) => (Number.isNaN(time_us) ? 0 : 1)) : null;
  return { kind: "int64", values: times_us, present };
}

function fingerprints(cells: readonly Cell[]): Column {
  const numbers = cells.map((cell) => (typeof cell === "string" && /^[0-9a-f]{14}$/.test(cell) ? Number.parseInt(cell, 16) : null));
  return numberColumn(numbers);
}

/** Attributes keep the types of their values: those that differ from the first one's go to the rest. */
function addAttribute(columns: Map<string, Column>, rest: Record<string, Cell>[], field: string, cells: readonly Cell[]): void {
  const kind = typeof (cells.find((cell) => cell !== null && typeof cell !== "object") ?? "");
  const own = cells.map((cell) => (typeof cell === kind ? (cell as TableValue) : null));
  const name = attributeName(field);
  for (const [row, cell] of cells.entries()) {
    if (cell === null || own[row] !== null) continue;
    Object.defineProperty(rest[row]!, name, { value: cell, enumerable: true, configurable: true, writable: true });
  }
  if (kind === "number") columns.set(field, numberColumn(own as (number | null)[]));
  else if (kind === "boolean") columns.set(field, boolColumn(own as (boolean | null)[]));
  else columns.set(field, dictionary(own));
}

function numberColumn(cells: readonly (number | null)[]): Column {
  const integers = cells.every((cell) => cell === null || Number.isSafeInteger(cell));
  return { kind: integers ? "int64" : "double", values: Float64Array.from(cells, (cell) => cell ?? 0), present: presentOf(cells) };
}

function boolColumn(cells: readonly (boolean | null)[]): Column {
  return { kind: "bool", values: Uint8Array.from(cells, (cell) => (cell ? 1 : 0)), present: presentOf(cells) };
}

function presentOf(cells: readonly unknown[]): Uint8Array | null {
  return cells.includes(null) ? Uint8Array.from(cells, (cell) => (cell === null ? 0 : 1)) : null;
}

function dictionary(cells: readonly Cell[]): Column {
  const codes = new Map<string, number>();
  const of_rows = Uint32Array.from(cells, (cell) => {
    if (cell === null) return NULL_CODE;
    const text = String(cell);
    const known = codes.get(text);
    if (known !== undefined) return known;
    codes.set(text, codes.size);
    return codes.size - 1;
  });
  return { kind: "dict", values: [...codes.keys()], codes: of_rows };
}

function restColumn(rest: readonly Record<string, Cell>[]): BytesColumn | null {
  const texts = rest.map((members) => (Object.keys(members).length === 0 ? "" : JSON.stringify(members)));
  if (texts.every((text) => text === "")) return null;
  const offsets = new Uint32Array(texts.length + 1);
  for (const [row, text] of texts.entries()) offsets[row + 1] = offsets[row]! + Buffer.byteLength(text);
  return {
    kind: "bytes",
    offsets,
    bytes: new TextEncoder().encode(texts.join("")),
    present: Uint8Array.from(texts, (text) => (text === "" ? 0 : 1)),
  };
}
