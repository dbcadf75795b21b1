/** Reads of several byte ranges of one object, near ones as one. */
import { READ_GAP_SIZE_BYTES } from "../../limits.ts";
import type { ByteSource } from "../batch/byte-source.ts";

export interface ByteRange {
  offset: number;
  size_bytes: number;
}

/** Ranges in ascending order, those with at most READ_GAP_SIZE_BYTES between them joined. */
export function joinRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const joined: ByteRange[] = [];
  for (const { offset, size_bytes } of [...ranges].sort((a, b) => a.offset - b.offset)) {
    const last = joined.at(-1);
    if (last !== undefined && offset - (last.offset + last.size_bytes) <= READ_GAP_SIZE_BYTES) {
      last.size_bytes = Math.max(last.size_bytes, offset + size_bytes - last.offset);
    } else joined.push({ offset, size_bytes });
  }
  return joined;
}

/** Bytes of each range, in the order of the ranges; those that were read as one share memory. */
export async function readRanges(source: ByteSource, ranges: readonly ByteRange[]): Promise<Uint8Array[]> {
  if (source.readMany) return source.readMany(ranges);
  const joined = joinRanges(ranges);
  const blocks = await Promise.all(joined.map(({ offset, size_bytes }) => source.read(offset, size_bytes)));
  return ranges.map(({ offset, size_bytes }) => {
    const index = joined.findIndex((block) => offset >= block.offset && offset + size_bytes <= block.offset + block.size_bytes);
    const start = offset - joined[index]!.offset;
    return blocks[index]!.subarray(start, start + size_bytes);
  });
}

/** A source over bytes in memory. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  const at = (offset: number, length: number): Uint8Array => {
    if (offset < 0 || length < 0 || offset + length > bytes.length) {
      throw new RangeError(`bytes ${offset} to ${offset + length} of ${bytes.length}`);
    }
    return bytes.subarray(offset, offset + length);
  };
  return {
    size_bytes: bytes.length,
    read: async (offset, length) => at(offset, length),
    readMany: async (ranges) => ranges.map(({ offset, size_bytes }) => at(offset, size_bytes)),
  };
}
