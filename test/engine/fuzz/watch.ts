/** Watches what code allocates: arrays of numbers and of anything by their length, and what the decompressor gives. */
import { syncBuiltinESMExports } from "node:module";
import zlib from "node:zlib";

const KINDS = ["Uint8Array", "Uint16Array", "Uint32Array", "Int32Array", "Float64Array", "ArrayBuffer", "Array"] as const;
type Constructor = new (...args: unknown[]) => { length?: number; byteLength?: number };

export class TooMuchMemory extends Error {
  override readonly name = "TooMuchMemory";
}

/** What a piece of work may allocate: at once, and in all. */
export interface Allowance {
  single_size_bytes: number;
  total_size_bytes: number;
}

/**
 * Runs work with every allocation counted.
 * @throws TooMuchMemory where an allocation, or all of them together, are larger than allowed; the allocation is not made
 */
export async function watched<T>(allowance: Allowance, work: () => Promise<T> | T): Promise<T> {
  let total = 0;
  let refused: TooMuchMemory | null = null;
  const count = (size_bytes: number, what: string): void => {
    if (!(size_bytes >= 0) || !Number.isFinite(size_bytes)) return;
    total += size_bytes;
    if (size_bytes <= allowance.single_size_bytes && total <= allowance.total_size_bytes) return;
    refused ??= new TooMuchMemory(`${what} of ${size_bytes} bytes, ${total} in all`);
    throw refused;
  };
  const restore = [watchConstructors(count), watchArrayFrom(count), watchZstd(count)];
  try {
    const result = await work();
    if (refused) throw refused;
    return result;
  } catch (error) {
    throw refused ?? error;
  } finally {
    for (const each of restore) each();
  }
}

function watchConstructors(count: (size_bytes: number, what: string) => void): () => void {
  const holder = globalThis as unknown as Record<string, Constructor>;
  const originals = KINDS.map((name) => [name, holder[name]!] as const);
  for (const [name, original] of originals) {
    const width = (original as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? (name === "Array" ? 8 : 1);
    const proxy: Constructor = new Proxy(original, {
      construct(target, args, made) {
        if (typeof args[0] === "number") count(args[0] * width, name);
        return Reflect.construct(target, args, made === proxy ? target : made) as object;
      },
    });
    holder[name] = proxy;
  }
  return () => {
    for (const [name, original] of originals) holder[name] = original;
  };
}

function watchArrayFrom(count: (size_bytes: number, what: string) => void): () => void {
  const original = Array.from;
  Array.from = function from(this: unknown, source: { length?: number }, ...rest: unknown[]) {
    if (typeof source?.length === "number") count(source.length * 8, "Array.from");
    return (original as (...args: unknown[]) => unknown[]).call(Array, source, ...rest);
  } as typeof Array.from;
  return () => {
    Array.from = original;
  };
}

function watchZstd(count: (size_bytes: number, what: string) => void): () => void {
  const original = zlib.zstdDecompressSync;
  zlib.zstdDecompressSync = ((...args: Parameters<typeof original>) => {
    const raw = original(...args);
    count(raw.length, "a decompressed frame");
    return raw;
  }) as typeof original;
  syncBuiltinESMExports();
  return () => {
    zlib.zstdDecompressSync = original;
    syncBuiltinESMExports();
  };
}

/** All checksums are 0 while the work runs: what is written so is read after any damage, and the readers behind the checksums meet it. */
export async function withoutChecksums<T>(work: () => Promise<T> | T): Promise<T> {
  const original = zlib.crc32;
  zlib.crc32 = () => 0;
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    zlib.crc32 = original;
    syncBuiltinESMExports();
  }
}

/** Frames of the compressor hold these bytes in place of those that they were to hold. */
export async function withBombs<T>(bomb: Uint8Array, work: () => Promise<T> | T): Promise<T> {
  const original = zlib.zstdCompressSync;
  zlib.zstdCompressSync = (() => Buffer.from(bomb)) as typeof original;
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    zlib.zstdCompressSync = original;
    syncBuiltinESMExports();
  }
}
