const SIZE_BYTES_MIN = 64 * 1024;

/** Buffers that serve one body after another. */
export class Buffers {
  readonly #kept_size_bytes_max: number;
  #kept: ArrayBuffer[] = [];
  #kept_bytes = 0;

  constructor(kept_size_bytes_max: number) {
    this.#kept_size_bytes_max = kept_size_bytes_max;
  }

  get kept_bytes(): number {
    return this.#kept_bytes;
  }

  /** The smallest kept buffer of at least this size, or a new one. What is in it is of no meaning. */
  take(size_bytes: number): ArrayBuffer {
    let best = -1;
    for (const [index, { byteLength }] of this.#kept.entries()) {
      if (byteLength >= size_bytes && (best < 0 || byteLength < this.#kept[best]!.byteLength)) best = index;
    }
    if (best < 0) return new ArrayBuffer(roundedSize(size_bytes));
    const [buffer] = this.#kept.splice(best, 1);
    this.#kept_bytes -= buffer!.byteLength;
    return buffer!;
  }

  /** Takes a buffer back that nobody looks at any more. */
  give(buffer: ArrayBuffer): void {
    if (buffer.byteLength < SIZE_BYTES_MIN || this.#kept_bytes + buffer.byteLength > this.#kept_size_bytes_max) return;
    this.#kept.push(buffer);
    this.#kept_bytes += buffer.byteLength;
  }
}

/** Bodies of one sender differ little: the next one is to fit as well. */
function roundedSize(size_bytes: number): number {
  let size = SIZE_BYTES_MIN;
  while (size < size_bytes) size += size >> 1;
  return size;
}
