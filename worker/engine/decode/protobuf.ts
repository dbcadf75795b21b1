/**
 * A walk over protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) without objects: the decoder of a message asks for one field
 * after the other and reads the values that it knows.
 */
export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

/** The bytes are no protobuf message, or end inside of one. */
export class ProtobufError extends Error {}

const TWO_32 = 4_294_967_296;

/** Reads one message: `bytes[at .. end)`. Nested messages are walked with the same object, see `enter` and `leave`. */
export class ProtobufWalker {
  bytes: Uint8Array;
  at: number;
  end: number;
  /** Of the field read last. */
  field = 0;
  wire = 0;
  /** Of a LENGTH field read last: where its bytes begin and end. */
  start = 0;
  stop = 0;
  #view: DataView;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Walks another part of the same bytes. */
  over(start: number, end: number): void {
    this.at = start;
    this.end = end;
  }

  /** Goes to the next field; the bounds of a LENGTH field are in `start` and `stop`, any other value must be read or skipped. False at the end. */
  next(): boolean {
    if (this.at >= this.end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    if (this.field === 0 || this.field > 0x1fffffff) throw new ProtobufError(`no field has the number ${this.field}`);
    if (this.wire === LENGTH) {
      const length = this.varint();
      this.start = this.at;
      this.stop = this.at + length;
      if (this.stop > this.end) throw new ProtobufError("a field is longer than its message");
      this.at = this.stop;
    }
    return true;
  }

  /** Passes over the value of a field that is not known. */
  skip(): void {
    if (this.wire === VARINT) this.varint();
    else if (this.wire === FIXED64) this.#advance(8);
    else if (this.wire === FIXED32) this.#advance(4);
    else if (this.wire !== LENGTH) throw new ProtobufError(`wire type ${this.wire} is not known`);
  }

  /** An unsigned varint; beyond 2^53 it loses its last digits. */
  varint(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 10; count++) {
      if (this.at >= this.end) throw new ProtobufError("the message ends inside of a number");
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new ProtobufError("a number is longer than 64 bits");
  }

  /** A varint of type int64: negative numbers are sent as 64 bits in two's complement. Exact; a bigint beyond ±2^53. */
  int64(): number | bigint {
    const first = this.at;
    const value = this.varint();
    if (value <= Number.MAX_SAFE_INTEGER) return value;
    let exact = 0n;
    for (let at = this.at - 1; at >= first; at--) exact = (exact << 7n) | BigInt(this.bytes[at]! & 0x7f);
    const signed = BigInt.asIntN(64, exact);
    return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(signed) : signed;
  }

  /** A fixed64 as a double: exact below 2^53. */
  fixed64(): number {
    const at = this.#advance(8);
    return this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * TWO_32;
  }

  /** A fixed64 of nanoseconds since the epoch in whole microseconds, exact. */
  nanoseconds_us(): number {
    const at = this.#advance(8);
    const low = this.#view.getUint32(at, true);
    const high = this.#view.getUint32(at + 4, true);
    // high * 2^32 = 1000 * (high * 4294967) + high * 296, so that every step stays below 2^53.
    return high * 4_294_967 + Math.floor((high * 296 + low) / 1_000);
  }

  fixed32(): number {
    return this.#view.getUint32(this.#advance(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#advance(8), true);
  }

  #advance(size: number): number {
    const at = this.at;
    if (at + size > this.end) throw new ProtobufError("the message ends inside of a number");
    this.at = at + size;
    return at;
  }
}
