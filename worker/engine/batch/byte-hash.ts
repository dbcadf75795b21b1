/**
 * A hash of byte strings that is made four bytes a step, so that a scanner can make it on the way to a string's end (`JsonScanner` does, with
 * steps of its own). For look-ups in memory only: nothing stores it. Numbers stand in it as they are, because a bundler would make variables
 * of names for them, and arithmetic with variables is no longer that of whole numbers.
 */

/**
 * The last step. @param tail the up to three bytes that are left, the first one lowest
 * @returns 32 bits, signed; never 0, which stands for a hash that was not made
 */
export function hashEnd(hash: number, tail: number, length: number): number {
  const mixed = Math.imul(hash ^ tail ^ (length << 24), 0x9e3779b1);
  return mixed ^ (mixed >>> 16) || 1;
}

/** The hash of `bytes[start .. end)`. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const view = viewOf(bytes);
  let hash = 0x2f0b4a27;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  let tail = 0;
  for (let shift = 0; at < end; at++, shift += 8) tail |= bytes[at]! << shift;
  return hashEnd(hash, tail, end - start);
}

const NO_BYTES: Uint8Array = new Uint8Array(0);
let viewed = NO_BYTES;
let view = new DataView(NO_BYTES.buffer);
let viewed_before = NO_BYTES;
let view_before = view;

/** A DataView over the bytes. Values in a row mostly come from the same ones, or from two in turn. */
export function viewOf(bytes: Uint8Array): DataView {
  return bytes === viewed ? view : otherView(bytes);
}

function otherView(bytes: Uint8Array): DataView {
  const found = bytes === viewed_before ? view_before : new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  viewed_before = viewed;
  view_before = view;
  viewed = bytes;
  view = found;
  return found;
}

/** Lets go of the bytes seen last, which may be a whole request. */
export function forgetSource(): void {
  viewOf(NO_BYTES);
  viewed_before = NO_BYTES;
  view_before = view;
}
