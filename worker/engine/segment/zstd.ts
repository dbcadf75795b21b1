/**
 * zstd within what workerd's codec can do. Its encoder fails when the output passes about 40 KB, its decoder fails at some exact lengths (40,960 and
 * its doubles), and of several concatenated zstd frames node:zlib decodes the first only. So: pieces of at most PAGE_SIZE_BYTES are always safe; larger
 * ones are tried; what does not work or does not pay is stored as it is.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { PAGE_SIZE_BYTES, STRING_PAGE_SIZE_BYTES } from "../../limits.ts";
import { joinBytes } from "../batch/join-bytes.ts";
import { DamageError } from "./errors.ts";

/** Below this a call costs more than the bytes it could save. */
const COMPRESS_SIZE_BYTES_MIN = 96;
/** Must be saved, or the bytes are stored as they are and no reader pays for a call. */
const SAVED_FRACTION_MIN = 1 / 16;
/** Output up to this size comes out whole. */
const PACKED_SIZE_BYTES_MAX = 40_000;
const level = constants.ZSTD_c_compressionLevel;
const OPTIONS = {
  /** Level 1. */
  fast: { params: { [level]: 1 } },
  /** What is read often and written rarely: lazy matching (as of level 6) that takes no short matches, with small tables. */
  thorough: {
    params: {
      [level]: 1,
      [constants.ZSTD_c_strategy]: constants.ZSTD_lazy2,
      [constants.ZSTD_c_minMatch]: 6,
      [constants.ZSTD_c_hashLog]: 14,
      [constants.ZSTD_c_chainLog]: 14,
      [constants.ZSTD_c_searchLog]: 3,
    },
  },
};

export type Effort = keyof typeof OPTIONS;

/** The zstd frame of these bytes, or null where they are better stored as they are. */
export function compress(raw: Uint8Array, effort: Effort): Uint8Array | null {
  if (raw.length < COMPRESS_SIZE_BYTES_MIN) return null;
  const packed = raw.length <= PAGE_SIZE_BYTES ? zstdCompressSync(raw, OPTIONS[effort]) : compressLarge(raw, effort);
  return packed !== null && packed.length <= raw.length * (1 - SAVED_FRACTION_MIN) ? packed : null;
}

function compressLarge(raw: Uint8Array, effort: Effort): Uint8Array | null {
  if (isFaultyLength(raw.length)) return null;
  try {
    const packed = zstdCompressSync(raw, OPTIONS[effort]);
    if (packed.length > PACKED_SIZE_BYTES_MAX) return null;
    if (raw.length <= STRING_PAGE_SIZE_BYTES) return packed;
    return zstdDecompressSync(packed).length === raw.length ? packed : null;
  } catch {
    return null;
  }
}

/** Lengths at which workerd's decoder fails: its output buffer is then exactly full. */
function isFaultyLength(size: number): boolean {
  let rest = size;
  while (rest > 40_960 && rest % 2 === 0) rest /= 2;
  return rest === 40_960;
}

/** No writer makes a frame of more: a page that holds more than PAGE_SIZE_BYTES holds one value. */
const RAW_SIZE_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The output goes to one buffer of the right size, which saves the codec's own several. workerd takes `maxOutputLength` near the true length for
 * an error, so that it is only a bound.
 * @throws DamageError unless the bytes are a zstd frame of exactly `raw_size` bytes
 */
export function decompress(packed: Uint8Array, raw_size: number): Uint8Array {
  if (raw_size > RAW_SIZE_BYTES_MAX) throw new DamageError(`zstd: ${raw_size} bytes are more than any that were compressed`);
  let raw: Uint8Array;
  try {
    raw = zstdDecompressSync(packed, { chunkSize: Math.max(64, raw_size + 1), maxOutputLength: 2 * raw_size + 65_536 });
  } catch (error) {
    throw new DamageError(`zstd: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (raw.length !== raw_size) throw new DamageError(`zstd gave ${raw.length} bytes, ${raw_size} were expected`);
  return raw;
}

/**
 * Bytes of any length as one zstd frame per PAGE_SIZE_BYTES, back to back. The frame format allows several frames in a row, and readers
 * with the reference library take them as one.
 */
export function compressPieces(raw: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < raw.length; at += PAGE_SIZE_BYTES)
    pieces.push(zstdCompressSync(raw.subarray(at, at + PAGE_SIZE_BYTES), OPTIONS.fast));
  return pieces;
}

/** The reverse of `compressPieces`, given the pieces' lengths. */
export function decompressPieces(packed: Uint8Array, sizes: readonly number[], raw_size: number): Uint8Array {
  if (sizes.length !== Math.ceil(raw_size / PAGE_SIZE_BYTES)) throw new DamageError("the number of pieces does not fit their length");
  const raw: Uint8Array[] = [];
  let at = 0;
  for (const [ordinal, size] of sizes.entries()) {
    const piece_size = Math.min(PAGE_SIZE_BYTES, raw_size - ordinal * PAGE_SIZE_BYTES);
    raw.push(decompress(packed.subarray(at, at + size), piece_size));
    at += size;
  }
  if (at !== packed.length) throw new DamageError("pieces do not fill their place");
  return raw.length === 1 ? raw[0]! : joinBytes(raw);
}
