import type { ByteSource } from "../engine/batch/byte-source.ts";
import { joinBytes } from "../engine/batch/join-bytes.ts";
import { openSegment, type Segment } from "../engine/segment/read.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { PUT_WHOLE_SIZE_BYTES_MAX } from "../limits.ts";

/** Thrown where an object that should be there is not: another job has replaced it. */
export class SegmentGone extends Error {
  constructor(key: string) {
    super(`segment ${key} is not there`);
    this.name = "SegmentGone";
  }
}

/** Thrown where an object is there that a sweep may be about to delete. */
export class SegmentStale extends Error {
  constructor(key: string) {
    super(`segment ${key} was left behind long ago`);
    this.name = "SegmentStale";
  }
}

/**
 * Puts a segment where none is. Where one is, its own footer tells its row: an earlier holder of the same plan has done the work,
 * perhaps with another version of the code (spine, rule 3).
 * @param fresh_since_ms an object put before is not taken over
 * @throws SegmentStale
 */
export async function putSegment(
  bucket: R2Bucket,
  made: { chunks: Uint8Array[]; row: SegmentRow },
  fresh_since_ms = Number.NEGATIVE_INFINITY,
): Promise<SegmentRow> {
  const { object_key } = made.row;
  const put = await bucket.put(object_key, bodyOf(made.chunks), { onlyIf: { etagDoesNotMatch: "*" } });
  if (put) return made.row;
  const head = await bucket.head(object_key);
  if (head && head.uploaded.getTime() < fresh_since_ms) throw new SegmentStale(object_key);
  return (await readSegment(bucket, object_key)).row;
}

/** R2 wants a known length; a large segment is not joined in memory a second time. */
function bodyOf(chunks: Uint8Array[]): Uint8Array | ReadableStream {
  const size_bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  if (size_bytes <= PUT_WHOLE_SIZE_BYTES_MAX) return joinBytes(chunks);
  const { readable, writable } = new FixedLengthStream(size_bytes);
  const writer = writable.getWriter();
  const write = async () => {
    for (const chunk of chunks) await writer.write(chunk);
    await writer.close();
  };
  // A failed put cancels the stream; its own rejection is the one to report.
  write().catch(() => undefined);
  return readable;
}

/** @throws SegmentGone */
export async function readSegment(bucket: R2Bucket, object_key: string, tail_size_bytes?: number): Promise<Segment> {
  const head = await bucket.head(object_key);
  if (!head) throw new SegmentGone(object_key);
  return openSegment(objectSource(bucket, object_key, head.size), tail_size_bytes);
}

export function objectSource(bucket: R2Bucket, key: string, size_bytes: number): ByteSource {
  return {
    size_bytes,
    async read(offset, length) {
      const object = await bucket.get(key, { range: { offset, length } });
      if (!object) throw new SegmentGone(key);
      return new Uint8Array(await object.arrayBuffer());
    },
  };
}
