/** MurmurHash3_x86_128 (Austin Appleby, public domain): a fast 128-bit hash that is stable for ever, since stored filters and ids depend on it. */
const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function finish(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

/** Hashes bytes[start..end) to target[0..4). */
export function murmur128(bytes: Uint8Array, start: number, end: number, target: Uint32Array): void {
  let h1 = 0;
  let h2 = 0;
  let h3 = 0;
  let h4 = 0;
  const word = (at: number): number =>
    (at < end ? bytes[at]! : 0) |
    (at + 1 < end ? bytes[at + 1]! << 8 : 0) |
    (at + 2 < end ? bytes[at + 2]! << 16 : 0) |
    (at + 3 < end ? bytes[at + 3]! << 24 : 0);
  let at = start;
  for (; at + 16 <= end; at += 16) {
    h1 = Math.imul(rotate(h1 ^ Math.imul(rotate(Math.imul(word(at), C1), 15), C2), 19) + h2, 5) + 0x561ccd1b;
    h2 = Math.imul(rotate(h2 ^ Math.imul(rotate(Math.imul(word(at + 4), C2), 16), C3), 17) + h3, 5) + 0x0bcaa747;
    h3 = Math.imul(rotate(h3 ^ Math.imul(rotate(Math.imul(word(at + 8), C3), 17), C4), 15) + h4, 5) + 0x96cd1c35;
    h4 = Math.imul(rotate(h4 ^ Math.imul(rotate(Math.imul(word(at + 12), C4), 18), C1), 13) + h1, 5) + 0x32ac3b17;
  }
  if (at < end) {
    h4 ^= Math.imul(rotate(Math.imul(word(at + 12), C4), 18), C1);
    h3 ^= Math.imul(rotate(Math.imul(word(at + 8), C3), 17), C4);
    h2 ^= Math.imul(rotate(Math.imul(word(at + 4), C2), 16), C3);
    h1 ^= Math.imul(rotate(Math.imul(word(at), C1), 15), C2);
  }
  const length = end - start;
  h1 = (h1 ^ length) + ((h2 ^ length) + (h3 ^ length) + (h4 ^ length));
  h2 = (h2 ^ length) + h1;
  h3 = (h3 ^ length) + h1;
  h4 = (h4 ^ length) + h1;
  h1 = finish(h1 | 0);
  h2 = finish(h2 | 0);
  h3 = finish(h3 | 0);
  h4 = finish(h4 | 0);
  h1 = (h1 + h2 + h3 + h4) | 0;
  target[0] = h1;
  target[1] = h2 + h1;
  target[2] = h3 + h1;
  target[3] = h4 + h1;
}
