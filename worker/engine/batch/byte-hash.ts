/**
 * A hash of byte strings, sixteen bytes a step, so that a scanner can make it on the way to a string's end (`JsonScanner` does, with steps of
 * its own). For look-ups in memory only: nothing stores it. Numbers stand in it as they are, because a bundler would make variables of names
 * for them, and arithmetic with variables is no longer that of whole numbers.
 */

/** A step: four words of four bytes, little-endian, zeros where the string has ended. Every string ends inside of a step. */
export function hashStep(hash: number, word0: number, word1: number, word2: number, word3: number): number {
  const low = (Math.imul(word0, 0x9e3779b1) + Math.imul(word1, 0x85ebca6b)) | 0;
  const high = (Math.imul(word2, 0xc2b2ae35) + Math.imul(word3, 0x27d4eb2f)) | 0;
  const mixed = Math.imul(hash ^ low ^ ((high << 16) | (high >>> 16)), 0x165667b1);
  return mixed ^ (mixed >>> 15);
}

/** After the last step. @returns 32 bits, signed; never 0, which stands for a hash that was not made */
export function hashEnd(hash: number, length: number): number {
  const mixed = Math.imul(hash ^ length, 0x9e3779b1);
  return mixed ^ (mixed >>> 16) || 1;
}

/** The hash of `bytes[start .. end)`. */
export function hashOf(bytes: Uint8Array, start: number, end: number): number {
  const view = viewOf(bytes);
  let hash = 0x2f0b4a27;
  let at = start;
  for (; at + 16 <= end; at += 16) {
    const word2 = view.getInt32(at + 8, true);
    hash = hashStep(hash, view.getInt32(at, true), view.getInt32(at + 4, true), word2, view.getInt32(at + 12, true));
  }
  const word0 = wordAt(bytes, view, at, end);
  const word1 = wordAt(bytes, view, at + 4, end);
  return hashEnd(hashStep(hash, word0, word1, wordAt(bytes, view, at + 8, end), wordAt(bytes, view, at + 12, end)), end - start);
}

/** Four bytes, zeros from `end` on. */
function wordAt(bytes: Uint8Array, view: DataView, at: number, end: number): number {
  if (at + 4 <= end) return view.getInt32(at, true);
  let word = 0;
  for (let shift = 0; at < end; at++, shift += 8) word |= bytes[at]! << shift;
  return word;
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
