import { Buffer } from "node:buffer";
import { brotliDecompressSync, createZstdDecompress, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";
import { Problem } from "../errors.ts";
import { ZSTD_FRAMES_PER_BODY_MAX } from "../limits.ts";
import { splitZstdFrames } from "./zstd-frames.ts";

export const CONTENT_CODINGS = ["gzip", "deflate", "zstd", "br", "identity"] as const;
export type ContentCoding = (typeof CONTENT_CODINGS)[number];

/**
 * The coding that a Content-Encoding header names; none means identity.
 * @throws Problem `unsupported_media_type` for unknown codings and for chains of several
 */
export function contentCoding(header: string | null): ContentCoding {
  const names = (header ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "" && name !== "identity")
    .map((name) => (name === "x-gzip" ? "gzip" : name));
  const [name = "identity", ...others] = names;
  const coding = CONTENT_CODINGS.find((known) => known === name);
  if (coding && others.length === 0) return coding;
  const detail =
    others.length > 0
      ? "Several content encodings in a row are not supported."
      : `The content encoding "${name.slice(0, 64)}" is not supported.`;
  throw new Problem("unsupported_media_type", detail, {
    supported: CONTENT_CODINGS,
    headers: { "accept-encoding": CONTENT_CODINGS.join(", ") },
  });
}

function tooLarge(size_bytes_max: number): Problem {
  return new Problem("too_large", `The decompressed body is larger than ${size_bytes_max} bytes.`, { limit_bytes: size_bytes_max });
}

/** HTTP's "deflate" is zlib's format, but some clients send the bare stream. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return (first & 15) === 8 && ((first << 8) | second) % 31 === 0;
}

/** Decodes one frame by stream: the synchronous decoder of workerd fails at some exact output sizes. */
function inflateZstdFrame(frame: Uint8Array, size_bytes_max: number): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const stream = createZstdDecompress();
    const parts: Buffer[] = [];
    let size_bytes = 0;
    stream.on("data", (part: Buffer) => {
      size_bytes += part.length;
      parts.push(part);
      if (size_bytes <= size_bytes_max) return;
      stream.destroy();
      reject(tooLarge(size_bytes_max));
    });
    stream.on("error", reject);
    stream.on("end", () => resolve(parts));
    stream.end(frame);
  });
}

async function inflateZstd(bytes: Uint8Array, size_bytes_max: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let left_bytes = size_bytes_max;
  for (const frame of splitZstdFrames(bytes, ZSTD_FRAMES_PER_BODY_MAX)) {
    for (const part of await inflateZstdFrame(frame, left_bytes)) {
      left_bytes -= part.length;
      parts.push(part);
    }
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}

function inflate(bytes: Uint8Array, coding: ContentCoding, size_bytes_max: number): Promise<Uint8Array> | Uint8Array {
  // Near the true size this limit fails at some sizes: twice the room, and the exact check below.
  const options = { maxOutputLength: 2 * size_bytes_max };
  switch (coding) {
    case "identity":
      return bytes;
    case "gzip":
      return gunzipSync(bytes, options);
    case "deflate":
      return isZlib(bytes) ? inflateSync(bytes, options) : inflateRawSync(bytes, options);
    case "br":
      return brotliDecompressSync(bytes, options);
    case "zstd":
      return inflateZstd(bytes, size_bytes_max);
  }
}

/**
 * A body without its content coding.
 * @throws Problem `too_large` above `size_bytes_max`, `bad_request` where the bytes are damaged or cut off
 */
export async function decompress(bytes: Uint8Array, coding: ContentCoding, size_bytes_max: number): Promise<Uint8Array> {
  try {
    const plain = await inflate(bytes, coding, size_bytes_max);
    if (plain.length > size_bytes_max) throw tooLarge(size_bytes_max);
    return plain;
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (error instanceof RangeError) throw tooLarge(size_bytes_max);
    throw new Problem("bad_request", `The body is not valid ${coding}: ${(error as Error).message}.`);
  }
}
