/**
 * The index block of a segment, right before the Parquet footer: Ledge's index, the catalog row as JSON, and a locator of fixed length that says how
 * long they are. So a reader finds them from the object's end without parsing the footer.
 */
import { crc32 } from "node:zlib";
import { ByteReader, ByteSink, utf8 } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { readIndex, type SegmentIndex, writeIndex } from "./index-block.ts";
import type { SegmentRow } from "./segment-row.ts";

/** "LGX" and the version of the segment format. */
const MAGIC = 0x0258474c;
const MAGIC_OF_VERSION_1 = 0x0158474c;
const PARQUET_MAGIC = 0x31524150;
/** Length of the footer and Parquet's magic number. */
const END_SIZE_BYTES = 8;
export const LOCATOR_SIZE_BYTES = 20;
/** Of the locator, what the checksum covers besides index and row. */
const CHECKED_SIZE_BYTES = 12;

/** What a SegmentRow has that its own object cannot hold: its length is not known before it is written. */
export type StoredRow = Omit<SegmentRow, "size_bytes" | "tail_size_bytes">;

/** @param inline_size_bytes of the filters right before the block, where they are to be read together with it */
export function writeIndexBlock(index: SegmentIndex, row: StoredRow, inline_size_bytes: number): Uint8Array {
  const index_bytes = writeIndex(index);
  const sink = new ByteSink(index_bytes.length + 2048);
  sink.raw(index_bytes);
  sink.raw(new TextEncoder().encode(JSON.stringify(row)));
  const row_size = sink.length - index_bytes.length;
  sink.u32(inline_size_bytes);
  sink.u32(index_bytes.length);
  sink.u32(row_size);
  sink.u32(crc32(sink.view()));
  sink.u32(MAGIC);
  return sink.copy();
}

export interface Located {
  /** Of index block and footer; and of the filters before them that belong to the tail. */
  tail_size_bytes: number;
  index_size: number;
  row_size: number;
  crc: number;
  /** Where the locator begins in the bytes given. */
  at: number;
}

/**
 * Finds the index block from the object's end.
 * @param tail the object's last bytes
 * @returns a number of bytes where the tail must be at least that long to tell
 * @throws DamageError where the object is no segment or of an unknown version
 */
export function locate(tail: Uint8Array, size_bytes: number): Located | number {
  const end = new ByteReader(tail, tail.length - END_SIZE_BYTES);
  const footer_size = end.u32() + END_SIZE_BYTES;
  if (end.u32() !== PARQUET_MAGIC) throw new DamageError("not a Parquet file");
  const needed = footer_size + LOCATOR_SIZE_BYTES;
  if (needed > size_bytes) throw new DamageError("the footer is longer than the object");
  if (needed > tail.length) return needed;
  const at = tail.length - needed;
  const reader = new ByteReader(tail, at, at + LOCATOR_SIZE_BYTES);
  const inline_size = reader.u32();
  const index_size = reader.u32();
  const row_size = reader.u32();
  const crc = reader.u32();
  const magic = reader.u32();
  if (magic !== MAGIC && magic !== MAGIC_OF_VERSION_1)
    throw new DamageError(`not a segment of Ledge, or of an unknown version: ${magic.toString(16)}`);
  const tail_size_bytes = needed + inline_size + index_size + row_size;
  if (tail_size_bytes > size_bytes) throw new DamageError("the index is longer than the object");
  return { tail_size_bytes, index_size, row_size, crc, at };
}

/** Index and row, checked. @param tail at least `located.tail_size_bytes` long, and the one that was located in */
export function readIndexBlock(tail: Uint8Array, located: Located): { index: SegmentIndex; row: StoredRow } {
  const { at, index_size, row_size, crc } = located;
  const start = at - row_size - index_size;
  if (crc32(tail.subarray(start, at + CHECKED_SIZE_BYTES)) !== crc) throw new DamageError("the index is damaged");
  const index = readIndex(new ByteReader(tail, start, start + index_size));
  return { index, row: JSON.parse(utf8(tail.subarray(at - row_size, at))) as StoredRow };
}
