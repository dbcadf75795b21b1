/** Column chunks of a row group, checked against the index and decoded. */
import { crc32 } from "node:zlib";
import type { Column, NumberColumn } from "../batch/event-batch.ts";
import { ByteReader } from "./bytes.ts";
import { decodeBools, decodeNumbers, decodeStringPages, type PageChoice, type PageRun } from "./decode-column.ts";
import { DamageError } from "./errors.ts";
import type { IndexChunk } from "./index-block.ts";
import { readDictionaryHeader } from "./pages.ts";
import { decodeStrings } from "./strings.ts";
import { decompressPieces } from "./zstd.ts";

/**
 * @param bytes the chunk, as long as the index says
 * @param choice pages to decode, null for all
 */
export function decodeChunk(bytes: Uint8Array, chunk: IndexChunk, kind: Column["kind"], rows: number, choice: PageChoice | null): Column {
  checkPages(bytes, chunk);
  const run: PageRun = { bytes, start: chunk.dictionary?.size_bytes ?? 0, end: bytes.length, choice };
  if (kind === "bool") return decodeBools(run, rows);
  const dictionary = dictionaryBytes(bytes, chunk);
  if (kind === "int64" || kind === "double") {
    return decodeNumbers(run, rows, kind, dictionary === null ? null : dictionaryNumbers(dictionary, kind));
  }
  return decodeStringPages(run, rows, dictionary === null ? null : () => dictionaryStrings(dictionary));
}

function checkPages(bytes: Uint8Array, chunk: IndexChunk): void {
  let at = chunk.dictionary?.size_bytes ?? 0;
  if (chunk.dictionary !== null && crc32(bytes.subarray(0, at)) !== chunk.dictionary.crc) throw new DamageError("a dictionary is damaged");
  for (const page of chunk.pages ?? []) {
    if (crc32(bytes.subarray(at, at + page.size_bytes)) !== page.crc) throw new DamageError("a page is damaged");
    at += page.size_bytes;
  }
  if (at !== bytes.length) throw new DamageError("pages do not fill their chunk");
}

interface DictionaryBytes {
  count: number;
  raw: Uint8Array;
}

function dictionaryBytes(bytes: Uint8Array, { dictionary }: IndexChunk): DictionaryBytes | null {
  if (dictionary === null) return null;
  const { count, raw_size, stored } = readDictionaryHeader(bytes.subarray(0, dictionary.size_bytes));
  if (raw_size !== dictionary.raw_size) throw new DamageError("a dictionary of two sizes");
  if (count * 4 > raw_size) throw new DamageError("a dictionary with more values than bytes");
  return { count, raw: dictionary.pieces.length === 0 ? stored : decompressPieces(stored, dictionary.pieces, raw_size) };
}

function dictionaryNumbers({ count, raw }: DictionaryBytes, kind: NumberColumn["kind"]): Float64Array {
  if (raw.length !== count * 8) throw new DamageError("numbers do not fill their dictionary");
  const reader = new ByteReader(raw);
  const values = new Float64Array(count);
  for (let index = 0; index < count; index++) values[index] = kind === "double" ? reader.f64() : reader.i64();
  return values;
}

/** The lengths are taken out, so that all values become strings in one conversion. */
function dictionaryStrings({ count, raw }: DictionaryBytes): string[] {
  const reader = new ByteReader(raw);
  const offsets = new Uint32Array(count + 1);
  const bytes = new Uint8Array(raw.length - count * 4);
  let size = 0;
  for (let index = 0; index < count; index++) {
    const length = reader.u32();
    bytes.set(reader.raw(length), size);
    size += length;
    offsets[index + 1] = size;
  }
  if (reader.at !== raw.length) throw new DamageError("strings do not fill their dictionary");
  return decodeStrings({ offsets, bytes });
}
