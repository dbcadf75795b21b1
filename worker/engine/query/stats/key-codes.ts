import { type BytesColumn, type Column, type DictColumn, type EventBatch, NULL_CODE, type NumberColumn } from "../../batch/event-batch.ts";
import { valueBytes } from "../../batch/pages.ts";
import { type Bucket, bucketStart_us } from "../bucket.ts";
import { dictionarySize, hasEveryValue, presenceIn } from "../column-values.ts";
import { attributeName, isAttribute, isTimeField } from "../fields.ts";
import type { GroupKey } from "../pipes/pipe-stats.ts";
import { forEachRest } from "../rest.ts";
import { hashBytes } from "./hash-bytes.ts";
import { BOOLEAN, type KeyValues, LEFT_OUT, NO_VALUE, NUMBER, type NumberValues, TEXT, type TextValues } from "./key-values.ts";

/** The values of a group's key in a batch, as codes. */
export interface KeyCodes {
  /** By row, for the rows that were asked for. `count - 1` and all above it mean that there is no value. */
  readonly codes: Uint32Array;
  /** The same in 16 bits, none above `count - 1`; null where they do not come so. */
  short(): Uint16Array | null;
  count: number;
  /** The same as runs, where the column has them. */
  runs: { starts: Uint32Array; codes: Uint32Array } | null;
  /** The number of a code's value among those of the key; -1 for a new one where there is no room, LEFT_OUT where there must be a value and is none. */
  valueAt(code: number, room: boolean): number;
}

/** Distinct whole numbers that are counted from the least one, without a look-up. */
const NUMBER_RANGE_MAX = 1 << 16;

export function keyCodes(batch: EventBatch, rows: Uint32Array, key: GroupKey, values: KeyValues): KeyCodes {
  if (key.kind === "bucket") return timeCodes(batch.timestamp_us, rows, key, values as NumberValues);
  const codes = fieldCodes(batch, rows, key.field, values);
  return key.needed ? withoutNone(codes) : codes;
}

/** The same codes, events without a value left out. */
function withoutNone(keys: KeyCodes): KeyCodes {
  return {
    get codes() {
      return keys.codes;
    },
    short: () => keys.short(),
    count: keys.count,
    runs: keys.runs,
    valueAt(code, room) {
      const value = keys.valueAt(code, room);
      return value === NO_VALUE ? LEFT_OUT : value;
    },
  };
}

function fieldCodes(batch: EventBatch, rows: Uint32Array, field: string, values: KeyValues): KeyCodes {
  if (isTimeField(field)) return numberCodes(field === "timestamp" ? batch.timestamp_us : batch.ingest_us, rows, values);
  const column = batch.columns.get(field);
  const codes = column ? columnCodes(column, rows, values) : nothing(batch.rows);
  if (!isAttribute(field) || !batch.rest || hasEveryValue(column)) return codes;
  return withRest(batch, rows, field, codes, values as TextValues);
}

function nothing(rows: number): KeyCodes {
  return {
    codes: new Uint32Array(rows),
    short: () => null,
    count: 1,
    runs: { starts: new Uint32Array(1), codes: new Uint32Array(1) },
    valueAt: () => NO_VALUE,
  };
}

function columnCodes(column: Column, rows: Uint32Array, values: KeyValues): KeyCodes {
  switch (column.kind) {
    case "dict":
      return dictCodes(column, rows, values as TextValues);
    case "bytes":
      return bytesCodes(column, rows, values as TextValues);
    case "bool": {
      const { present } = column;
      const codes = Uint32Array.from(column.values, (value, row) => (present && present[row] === 0 ? NULL_CODE : value));
      return codesOf(codes, 2, (code, room) => (values as TextValues).idOfText(code === 1 ? "true" : "false", BOOLEAN, room));
    }
    default:
      return column.dictionary ? dictionaryNumbers(column.dictionary, values) : numberCodes(presentNumbers(column), rows, values);
  }
}

/** What a stored column gives codes from, each form when it is asked for. */
type CodeSource = Pick<DictColumn, "codes" | "runs" | "shortCodes">;

/** @param distinct codes of values; one more is added for none */
export function codesOf(
  codes: Uint32Array,
  distinct: number,
  idOf: (code: number, room: boolean) => number,
  runs: KeyCodes["runs"] = null,
): KeyCodes {
  return { codes, short: () => null, count: distinct + 1, runs, valueAt: numbered(distinct, idOf) };
}

function numbered(distinct: number, idOf: (code: number, room: boolean) => number): KeyCodes["valueAt"] {
  const known = new Int32Array(distinct).fill(-1);
  return (code, room) => {
    if (code >= distinct) return NO_VALUE;
    if (known[code]! < 0) known[code] = idOf(code, room);
    return known[code]!;
  };
}

/** As `codesOf`, of codes that are not touched before they are asked for. */
function codesFrom(source: CodeSource, distinct: number, idOf: (code: number, room: boolean) => number): KeyCodes {
  return {
    get codes() {
      return source.codes;
    },
    short: () => source.shortCodes?.() ?? null,
    count: distinct + 1,
    runs: source.runs ?? null,
    valueAt: numbered(distinct, idOf),
  };
}

function dictCodes(column: DictColumn, rows: Uint32Array, values: TextValues): KeyCodes {
  const size = dictionarySize(column);
  if (column.valueBytes && rows.length < size) {
    return codesFrom(column, size, (code, room) => {
      const bytes = valueBytes(column, code);
      return values.idOfBytes(bytes, 0, bytes.length, TEXT, room);
    });
  }
  const { utf8 } = column;
  if (!utf8) return codesFrom(column, size, (code, room) => values.idOfText(column.values[code]!, TEXT, room));
  const { bytes, offsets } = utf8;
  return codesFrom(column, size, (code, room) => values.idOfBytes(bytes, offsets[code]!, offsets[code + 1]!, TEXT, room));
}

function dictionaryNumbers(dictionary: NonNullable<NumberColumn["dictionary"]>, values: KeyValues): KeyCodes {
  const { values: numbers } = dictionary;
  return codesFrom(dictionary, numbers.length, (code, room) => (values as TextValues).idOfNumber(numbers[code]!, room));
}

function presentNumbers({ values, present }: NumberColumn): Float64Array {
  return present ? values.map((value, row) => (present[row] === 0 ? Number.NaN : value)) : values;
}

/** NaN means no value. Whole numbers near each other are their own codes; others are looked up, equal neighbours together. */
function numberCodes(numbers: Float64Array, rows: Uint32Array, values: KeyValues): KeyCodes {
  const idOf = (value: number, room: boolean) => (values as TextValues | NumberValues).idOfNumber(value, room);
  const range = wholeRange(numbers, rows);
  if (!range) return lookedUp(numbers, rows, (number) => number, idOf);
  const { least, most } = range;
  const codes = new Uint32Array(numbers.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const offset = numbers[row]! - least;
    codes[row] = offset >= 0 ? offset : NULL_CODE;
  }
  return codesOf(codes, most - least + 1, (code, room) => idOf(code + least, room));
}

/** The ends of whole numbers that lie close together; null where there are others. */
function wholeRange(numbers: Float64Array, rows: Uint32Array): { least: number; most: number } | null {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < rows.length; index++) {
    const number = numbers[rows[index]!]!;
    if (number < least) least = number;
    if (number > most) most = number;
    if (most - least >= NUMBER_RANGE_MAX || Math.floor(number) < number) return null;
  }
  return Number.isFinite(least) ? { least, most } : null;
}

function lookedUp(
  numbers: Float64Array,
  rows: Uint32Array,
  pieceOf: (number: number) => number,
  idOf: (value: number, room: boolean) => number,
): KeyCodes {
  const codes = new Uint32Array(numbers.length);
  const known = new Map<number, number>();
  const distinct: number[] = [];
  let last = Number.NaN;
  let last_code = NULL_CODE;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const number = pieceOf(numbers[row]!);
    if (number !== last) {
      last = number;
      last_code = Number.isNaN(number) ? NULL_CODE : (known.get(number) ?? distinct.length);
      if (last_code === distinct.length) {
        distinct.push(number);
        known.set(number, last_code);
      }
    }
    codes[row] = last_code;
  }
  return codesOf(codes, distinct.length, (code, room) => idOf(distinct[code]!, room));
}

/** Pieces of time, counted from the first one where they are not too many. */
function timeCodes(times_us: Float64Array, rows: Uint32Array, bucket: Bucket, values: NumberValues): KeyCodes {
  const { size_us } = bucket;
  const idOf = (start_us: number, room: boolean) => values.idOfNumber(start_us, room);
  let least_us = Number.POSITIVE_INFINITY;
  let most_us = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < rows.length; index++) {
    const time_us = times_us[rows[index]!]!;
    if (time_us < least_us) least_us = time_us;
    if (time_us > most_us) most_us = time_us;
  }
  const first_us = bucketStart_us(least_us, bucket);
  const pieces = Math.floor((most_us - first_us) / size_us) + 1;
  if (!(pieces > 0 && pieces <= NUMBER_RANGE_MAX)) return lookedUp(times_us, rows, (time_us) => bucketStart_us(time_us, bucket), idOf);
  const codes = new Uint32Array(times_us.length);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    const offset_us = times_us[row]! - first_us;
    codes[row] = offset_us >= 0 ? Math.floor(offset_us / size_us) : NULL_CODE;
  }
  return codesOf(codes, pieces, (code, room) => idOf(first_us + code * size_us, room));
}

const hash = new Uint32Array(2);

/** Texts of many distinct values, told apart by their bytes. */
function bytesCodes(column: BytesColumn, rows: Uint32Array, values: TextValues): KeyCodes {
  const { bytes, offsets } = column;
  const codes = new Uint32Array(offsets.length - 1).fill(NULL_CODE);
  const firsts: number[] = [];
  let mask = 1023;
  while (mask < rows.length * 2) mask = mask * 2 + 1;
  const slots = new Int32Array(mask + 1).fill(-1);
  const has = presenceIn(column);
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    if (!has(row)) continue;
    hashBytes(bytes, offsets[row]!, offsets[row + 1]!, hash);
    let at = hash[0]! & mask;
    while (slots[at]! >= 0 && !sameText(column, firsts[slots[at]!]!, row)) at = (at + 1) & mask;
    if (slots[at]! < 0) slots[at] = firsts.push(row) - 1;
    codes[row] = slots[at]!;
  }
  return codesOf(codes, firsts.length, (code, room) => {
    const row = firsts[code]!;
    return values.idOfBytes(bytes, offsets[row]!, offsets[row + 1]!, TEXT, room);
  });
}

function sameText({ bytes, offsets }: BytesColumn, left: number, right: number): boolean {
  let at = offsets[left]!;
  const end = offsets[left + 1]!;
  let other = offsets[right]!;
  if (end - at !== offsets[right + 1]! - other) return false;
  for (; at < end; at++, other++) if (bytes[at] !== bytes[other]) return false;
  return true;
}

/** A mask of the rows whose code means that there is no value; null where there are none. */
function rowsOf(codes: Uint32Array | Uint16Array, none: number, rows: Uint32Array): Uint8Array | null {
  let mask: Uint8Array | null = null;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    if (codes[row]! < none) continue;
    mask ??= new Uint8Array(codes.length);
    mask[row] = 1;
  }
  return mask;
}

/** Adds the values that the JSON column holds for rows whose own column has nothing. */
function withRest(batch: EventBatch, rows: Uint32Array, field: string, own: KeyCodes, values: TextValues): KeyCodes {
  const none = own.count - 1;
  const mask = rowsOf(own.short() ?? own.codes, none, rows);
  if (!mask) return own;
  const known = new Map<string, number>();
  const found: { text: string; type: number }[] = [];
  let codes: Uint32Array | null = null;
  forEachRest(batch, attributeName(field), mask, (row, value) => {
    const type = typeof value === "number" ? NUMBER : typeof value === "boolean" ? BOOLEAN : TEXT;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    const id = `${type}${text}`;
    let code = known.get(id);
    if (code === undefined) {
      code = found.push({ text, type }) - 1;
      known.set(id, code);
    }
    codes ??= own.codes.map((each) => (each >= none ? NULL_CODE : each));
    codes[row] = none + code;
  });
  if (!codes) return own;
  return codesOf(codes, none + found.length, (code, room) => {
    if (code < none) return own.valueAt(code, room);
    const { text, type } = found[code - none]!;
    return values.idOfText(text, type, room);
  });
}
