/** Remembers which stored bytes were found whole, so that bytes that a source keeps are summed once and not in every query. */
import { crc32 } from "node:zlib";
import { DamageError } from "./errors.ts";

export class CheckedBytes {
  /** By memory: where in it which place of the object was found whole. Memory that goes takes its marks along. */
  readonly #places = new WeakMap<ArrayBufferLike, Map<number, number>>();
  /** Pages of the checked memory, by the same places, whose codes were all found to have a value. */
  readonly #coded = new WeakMap<ArrayBufferLike, Set<number>>();

  /**
   * @param offset of the bytes in the object
   * @throws DamageError where the sum differs
   */
  check(bytes: Uint8Array, offset: number, crc: number, what: string): void {
    let places = this.#places.get(bytes.buffer);
    if (places === undefined) {
      places = new Map();
      this.#places.set(bytes.buffer, places);
    }
    if (places.get(offset) === bytes.byteOffset) return;
    if (crc32(bytes) !== crc) throw new DamageError(`${what} is damaged`);
    places.set(offset, bytes.byteOffset);
  }

  /** Whether codes that begin there were looked at before. */
  hasCodes(bytes: Uint8Array): boolean {
    return this.#coded.get(bytes.buffer)?.has(bytes.byteOffset) === true;
  }

  markCodes(bytes: Uint8Array): void {
    const known = this.#coded.get(bytes.buffer);
    if (known) known.add(bytes.byteOffset);
    else this.#coded.set(bytes.buffer, new Set([bytes.byteOffset]));
  }
}
