import { Problem } from "../errors.ts";
import {
  BODIES_IN_FLIGHT_SIZE_BYTES_MAX,
  BODY_BUFFERS_KEPT_SIZE_BYTES_MAX,
  BODY_DECOMPRESSED_SIZE_BYTES_MAX,
  BODY_READ_TIMEOUT_MS,
  BODY_SIZE_BYTES_MAX,
} from "../limits.ts";
import { TimeoutError, withTimeout } from "../timeout.ts";
import { Buffers } from "./buffers.ts";
import { contentCoding, decompress } from "./decompress.ts";

/** Smaller bodies are not worth a reader of their own. */
const BUFFERED_SIZE_BYTES_MIN = 128 * 1024;

export interface BodyLimits {
  received_size_bytes_max: number;
  decompressed_size_bytes_max: number;
}

const LIMITS: BodyLimits = {
  received_size_bytes_max: BODY_SIZE_BYTES_MAX,
  decompressed_size_bytes_max: BODY_DECOMPRESSED_SIZE_BYTES_MAX,
};

/** Counts the bytes of bodies that an isolate holds, so that many large ones at once wait instead of breaking it. */
export class BodyBudget {
  readonly #size_bytes_max: number;
  #held_bytes = 0;

  constructor(size_bytes_max: number) {
    this.#size_bytes_max = size_bytes_max;
  }

  get held_bytes(): number {
    return this.#held_bytes;
  }

  /** @throws Problem `unavailable` where other requests hold too much */
  take(size_bytes: number): void {
    if (this.#held_bytes + size_bytes > this.#size_bytes_max) {
      throw new Problem("unavailable", "Too many large requests at once; try again in a moment.", { retry_after_s: 1 });
    }
    this.#held_bytes += size_bytes;
  }

  give(size_bytes: number): void {
    this.#held_bytes -= size_bytes;
  }
}

export const body_budget = new BodyBudget(BODIES_IN_FLIGHT_SIZE_BYTES_MAX);

function tooLarge(size_bytes_max: number): Problem {
  return new Problem("too_large", `The body is larger than ${size_bytes_max} bytes.`, { limit_bytes: size_bytes_max });
}

function declaredLength(request: Request): number | null {
  const header = request.headers.get("content-length");
  return header !== null && /^\d+$/.test(header) ? Number(header) : null;
}

function joined(parts: Uint8Array[], size_bytes: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(size_bytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

async function readStream(
  stream: ReadableStream<Uint8Array>,
  size_bytes_max: number,
  take: (size_bytes: number) => void,
): Promise<Uint8Array> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let size_bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return joined(parts, size_bytes);
    size_bytes += value.length;
    if (size_bytes > size_bytes_max) {
      reader.cancel().catch(() => {});
      throw tooLarge(size_bytes_max);
    }
    take(value.length);
    parts.push(value);
  }
}

/** A body, and the kept buffer that it stands in, if it does. */
interface Read {
  bytes: Uint8Array;
  buffer: ArrayBuffer | null;
}

const body_buffers = new Buffers(BODY_BUFFERS_KEPT_SIZE_BYTES_MAX);

async function readWhole(request: Request, size_bytes_max: number, take: (size_bytes: number) => void): Promise<Read> {
  if (!request.body) return { bytes: new Uint8Array(0), buffer: null };
  const length = declaredLength(request);
  if (length === null) return { bytes: await readStream(request.body, size_bytes_max, take), buffer: null };
  if (length > size_bytes_max) throw tooLarge(size_bytes_max);
  take(length);
  if (length < BUFFERED_SIZE_BYTES_MIN || length > BODY_BUFFERS_KEPT_SIZE_BYTES_MAX) {
    return { bytes: new Uint8Array(await request.arrayBuffer()), buffer: null };
  }
  return readInto(body_buffers.take(length), length, request.body);
}

/** Straight from the connection into the buffer, which is lost where the body does not arrive whole. */
async function readInto(buffer: ArrayBuffer, length: number, body: ReadableStream<Uint8Array>): Promise<Read> {
  const reader = body.getReader({ mode: "byob" });
  const { value } = await reader.readAtLeast(length, new Uint8Array(buffer, 0, length));
  if (value?.length !== length) throw new Problem("bad_request", "The body did not arrive whole.");
  return { bytes: value, buffer: value.buffer as ArrayBuffer };
}

async function readReceived(request: Request, size_bytes_max: number, take: (size_bytes: number) => void): Promise<Read> {
  try {
    return await withTimeout(readWhole(request, size_bytes_max, take), BODY_READ_TIMEOUT_MS);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem("bad_request", error instanceof TimeoutError ? "The body did not arrive in time." : "The body did not arrive whole.");
  }
}

function withoutByteOrderMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/**
 * Reads a request's body, takes off its content coding and gives it to `use`; the budget holds its bytes until `use` is done.
 * They serve other requests then: nothing may keep a view of them.
 * @throws Problem `too_large`, `unsupported_media_type`, `bad_request` for damaged bytes, `unavailable` where the isolate holds too many bodies
 */
export async function withBody<T>(
  request: Request,
  use: (body: Uint8Array) => Promise<T>,
  limits: BodyLimits = LIMITS,
  budget: BodyBudget = body_budget,
): Promise<T> {
  const coding = contentCoding(request.headers.get("content-encoding"));
  let taken_bytes = 0;
  let read: Read | null = null;
  const take = (size_bytes: number) => {
    budget.take(size_bytes);
    taken_bytes += size_bytes;
  };
  try {
    read = await readReceived(request, limits.received_size_bytes_max, take);
    const plain = await decompress(read.bytes, coding, limits.decompressed_size_bytes_max);
    if (plain !== read.bytes) take(plain.length);
    return await use(withoutByteOrderMark(plain));
  } finally {
    if (read?.buffer) body_buffers.give(read.buffer);
    budget.give(taken_bytes);
  }
}
