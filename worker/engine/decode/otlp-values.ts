/** Values of OpenTelemetry (`AnyValue` of opentelemetry-proto/common/v1) in both of its encodings, as JSON has them. */
import { Buffer } from "node:buffer";
import { ATTRIBUTE_DEPTH_MAX } from "../../limits.ts";
import { utf8Text } from "../batch/utf8.ts";
import { type Draft, FALSE, type Path, TRUE } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { addBodyText } from "./key-paths.ts";
import { ProtobufError, type ProtobufWalker } from "./protobuf.ts";
import { RecordError } from "./records.ts";

export type OtlpValue = string | number | boolean | null | OtlpValue[] | { [name: string]: OtlpValue };

const STRING_VALUE = 1;
const BOOL_VALUE = 2;
const INT_VALUE = 3;
const DOUBLE_VALUE = 4;
const ARRAY_VALUE = 5;
const KVLIST_VALUE = 6;
const BYTES_VALUE = 7;
/** Nested values of a message: deeper ones are refused, for they cost stack. */
const VALUE_DEPTH_MAX = 4 * ATTRIBUTE_DEPTH_MAX;

function wholeNumber(value: number | bigint): number | string {
  return typeof value === "bigint" ? value.toString() : value;
}

function finite(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

/** The AnyValue in `bytes[walker.at .. walker.end)`. @throws ProtobufError */
export function readValue(walker: ProtobufWalker, depth = 0): OtlpValue {
  if (depth > VALUE_DEPTH_MAX) throw new ProtobufError("a value is nested too deep");
  let value: OtlpValue = null;
  while (walker.next()) {
    const { field, start, stop, at, end } = walker;
    if (field === STRING_VALUE) value = utf8Text(walker.bytes.subarray(start, stop));
    else if (field === BOOL_VALUE) value = walker.varint() !== 0;
    else if (field === INT_VALUE) value = wholeNumber(walker.int64());
    else if (field === DOUBLE_VALUE) value = finite(walker.double());
    else if (field === BYTES_VALUE) value = Buffer.from(walker.bytes.subarray(start, stop)).toString("base64");
    else if (field === ARRAY_VALUE || field === KVLIST_VALUE) {
      walker.over(start, stop);
      value = field === ARRAY_VALUE ? readList(walker, depth + 1) : readObject(walker, depth + 1);
      walker.over(at, end);
    } else walker.skip();
  }
  return value;
}

function readList(walker: ProtobufWalker, depth: number): OtlpValue[] {
  const values: OtlpValue[] = [];
  while (walker.next()) {
    if (walker.field !== 1) {
      walker.skip();
      continue;
    }
    const { start, stop, at, end } = walker;
    walker.over(start, stop);
    values.push(readValue(walker, depth));
    walker.over(at, end);
  }
  return values;
}

function readObject(walker: ProtobufWalker, depth: number): { [name: string]: OtlpValue } {
  const entries: [string, OtlpValue][] = [];
  while (walker.next()) {
    if (walker.field !== 1) {
      walker.skip();
      continue;
    }
    const { start, stop, at, end } = walker;
    walker.over(start, stop);
    entries.push(readPair(walker, depth));
    walker.over(at, end);
  }
  return Object.fromEntries(entries);
}

/** The KeyValue in `bytes[walker.at .. walker.end)`. */
export function readPair(walker: ProtobufWalker, depth = 0): [string, OtlpValue] {
  let name = "";
  let value: OtlpValue = null;
  while (walker.next()) {
    const { field, start, stop, at, end } = walker;
    if (field === 1) name = utf8Text(walker.bytes.subarray(start, stop));
    else if (field === 2) {
      walker.over(start, stop);
      value = readValue(walker, depth);
      walker.over(at, end);
    } else walker.skip();
  }
  return [name, value];
}

/** Puts the AnyValue in `bytes[walker.at .. walker.end)`, which are the draft's body, under a path: plain values without making strings of them. */
export function addAnyValue(draft: Draft, path: Path, walker: ProtobufWalker): void {
  const { at: begin, end: whole } = walker;
  while (walker.next()) {
    const { field, start, stop } = walker;
    if (field === STRING_VALUE) addBodyText(draft, path, start, stop);
    else if (field === BOOL_VALUE) draft.addLiteral(path, walker.varint() === 0 ? FALSE : TRUE);
    else if (field === INT_VALUE || field === DOUBLE_VALUE) {
      addValue(draft, path, field === INT_VALUE ? wholeNumber(walker.int64()) : finite(walker.double()), 0);
    } else if (field === ARRAY_VALUE || field === KVLIST_VALUE || field === BYTES_VALUE) {
      walker.over(begin, whole);
      addValue(draft, path, readValue(walker), 0);
    } else walker.skip();
  }
}

/** An AnyValue of OTLP/JSON. @throws RecordError */
export function valueOfJson(any: unknown, depth = 0): OtlpValue {
  if (depth > VALUE_DEPTH_MAX) throw new RecordError("a value is nested too deep");
  if (typeof any !== "object" || any === null) {
    if (any === undefined || any === null) return null;
    throw new RecordError('a value must be an object such as {"stringValue": …}', "", any);
  }
  const value = any as Record<string, unknown>;
  if (typeof value.stringValue === "string") return value.stringValue;
  if (typeof value.boolValue === "boolean") return value.boolValue;
  if (value.intValue !== undefined) return intOfJson(value.intValue);
  // "NaN" and "Infinity" are texts in JSON; so are whole numbers of many digits here, which a double holds as they are.
  if (value.doubleValue !== undefined) return finite(Number(value.doubleValue));
  if (typeof value.bytesValue === "string") return value.bytesValue;
  const array = value.arrayValue as { values?: unknown } | undefined;
  if (array) return listOf(array.values).map((item) => valueOfJson(item, depth + 1));
  const list = value.kvlistValue as { values?: unknown } | undefined;
  if (list) return Object.fromEntries(pairsOfJson(list.values, depth + 1));
  return null;
}

function intOfJson(value: unknown): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

/** KeyValues of OTLP/JSON. @throws RecordError */
export function pairsOfJson(pairs: unknown, depth = 0): [string, OtlpValue][] {
  return listOf(pairs).map((pair) => {
    const { key, value } = (pair ?? {}) as { key?: unknown; value?: unknown };
    if (typeof key !== "string") throw new RecordError("an attribute's key must be a text", "attributes.key", key);
    return [key, valueOfJson(value, depth)];
  });
}

/** A list, or nothing where there is none. @throws RecordError */
export function listOf(value: unknown, field = ""): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new RecordError("a list was expected", field, value);
  return value;
}
