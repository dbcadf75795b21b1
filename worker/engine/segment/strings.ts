/** Lists of strings as lengths and one run of UTF-8, with one conversion for the whole list where it is ASCII. */
import { Buffer } from "node:buffer";
import type { DictColumn } from "../batch/event-batch.ts";
import { bufferOf, utf8 } from "./bytes.ts";

export interface Utf8List {
  /** count + 1 entries; string i is bytes[offsets[i] .. offsets[i + 1]). */
  offsets: Uint32Array;
  bytes: Uint8Array;
}

export function encodeStrings(values: readonly string[]): Utf8List {
  const offsets = new Uint32Array(values.length + 1);
  const joined = values.join("");
  const bytes = Buffer.from(joined, "utf8");
  if (bytes.length === joined.length) {
    let at = 0;
    for (let index = 0; index < values.length; index++) {
      at += values[index]!.length;
      offsets[index + 1] = at;
    }
    return { offsets, bytes };
  }
  // Apart, a lone surrogate at an end of one string must not pair with the next string's.
  const parts = values.map((value) => Buffer.from(value, "utf8"));
  for (const [index, part] of parts.entries()) offsets[index + 1] = offsets[index]! + part.length;
  return { offsets, bytes: Buffer.concat(parts) };
}

/** A dictionary's values as UTF-8. */
export function utf8Of(column: DictColumn): Utf8List {
  return column.utf8 ?? encodeStrings(column.values);
}

export function decodeStrings(list: Utf8List): string[] {
  const { offsets, bytes } = list;
  const count = offsets.length - 1;
  const values: string[] = new Array(count);
  const start = offsets[0]!;
  const joined = utf8(bytes.subarray(start, offsets[count]!));
  if (joined.length === offsets[count]! - start) {
    for (let index = 0; index < count; index++) values[index] = joined.slice(offsets[index]! - start, offsets[index + 1]! - start);
    return values;
  }
  const buffer = bufferOf(bytes);
  for (let index = 0; index < count; index++) values[index] = buffer.toString("utf8", offsets[index]!, offsets[index + 1]!);
  return values;
}
