/** What is looked for in a row group's filters: words of messages as version 1 knew them, and values of id columns. */
import type { Column } from "../batch/event-batch.ts";
import { murmur128 } from "./hash.ts";
import { encodeStrings, utf8Of } from "./strings.ts";
import type { UnitFilterBuilder } from "./unit-filter-builder.ts";

/** Columns whose values have a filter of their own: they are asked for by exact value, and most values are in few row groups. */
export const VALUE_FILTER_COLUMNS = ["trace_id", "span_id", "request_id", "event_id"] as const;

const LOW_SEED = 0x811c9dc5;
const HIGH_SEED = 0x2f0b4c47;
const LOW_PRIME = 0x01000193;
const HIGH_PRIME = 0x5bd1e995;

const hash = new Uint32Array(4);

/** Version 1: key of a word in a page. */
export function pageKey(low: number, high: number, page: number): [low: number, high: number] {
  return [(low ^ Math.imul(page + 1, 0x9e3779b1)) >>> 0, (high ^ Math.imul(page + 1, 0x85ebca77)) >>> 0];
}

/** Version 1: hash of an ASCII word in lower case. */
export function wordHash(word: string): [low: number, high: number] {
  let low = LOW_SEED;
  let high = HIGH_SEED;
  for (let at = 0; at < word.length; at++) {
    low = Math.imul(low ^ word.charCodeAt(at), LOW_PRIME);
    high = Math.imul(high ^ word.charCodeAt(at), HIGH_PRIME) ^ (high >>> 15);
  }
  return [low >>> 0, high >>> 0];
}

export function valueHash(value: string): [low: number, high: number] {
  const { bytes } = encodeStrings([value]);
  murmur128(bytes, 0, bytes.length, hash);
  return [hash[0]!, hash[1]!];
}

/** Adds the values of a column, whose row group is the unit under way. A dictionary's are taken to be all in use. */
export function addValues(builder: UnitFilterBuilder, column: Column, rows: number): void {
  if (column.kind !== "dict" && column.kind !== "bytes") return;
  const { offsets, bytes } = column.kind === "dict" ? utf8Of(column) : column;
  const present = column.kind === "dict" ? null : column.present;
  const count = column.kind === "dict" ? offsets.length - 1 : rows;
  const hashes = new Uint32Array(count);
  let taken = 0;
  for (let index = 0; index < count; index++) {
    if (present !== null && present[index] === 0) continue;
    murmur128(bytes, offsets[index]!, offsets[index + 1]!, hash);
    hashes[taken++] = hash[0]!;
  }
  const sorted = hashes.subarray(0, taken).sort();
  for (let index = 0; index < taken; index++) if (index === 0 || sorted[index] !== sorted[index - 1]) builder.add(sorted[index]!);
}
