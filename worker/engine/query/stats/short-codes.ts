/** Loops over codes in 16 bits, of all rows or of a list of them. */

/** Counts below this would be cleared and added up for nothing. */
const PARTED_CODES_MAX = 4_096;

/** Adds to `counts` how often each code occurs. Neighbours count apart from each other: in runs of one code each would wait for the one before. */
export function countAll(codes: Uint16Array, counts: Uint32Array): void {
  countRange(codes, 0, codes.length, counts);
}

/** As `countAll`, for codes[from..to). */
export function countRange(codes: Uint16Array, from: number, to: number, counts: Uint32Array): void {
  let at = from;
  if (counts.length <= PARTED_CODES_MAX && to - from >= 2 * counts.length) {
    const others = new Uint32Array(counts.length);
    for (const end = to - 1; at < end; at += 2) {
      counts[codes[at]!]!++;
      others[codes[at + 1]!]!++;
    }
    for (let code = 0; code < others.length; code++) counts[code]! += others[code]!;
  }
  for (; at < to; at++) counts[codes[at]!]!++;
}

/** Adds to `counts` how often each code occurs in the rows order[from..to). */
export function countRows(codes: Uint16Array, order: Uint32Array, from: number, to: number, counts: Uint32Array): void {
  for (let at = from; at < to; at++) counts[codes[order[at]!]!]!++;
}

/** Sets `marks` for each of codes[from..to). */
export function markRange(codes: Uint16Array, from: number, to: number, marks: Uint8Array): void {
  for (let at = from; at < to; at++) marks[codes[at]!] = 1;
}

/** Sets `marks` for each code that occurs in the rows order[from..to). */
export function markRows(codes: Uint16Array, order: Uint32Array, from: number, to: number, marks: Uint8Array): void {
  for (let at = from; at < to; at++) marks[codes[order[at]!]!] = 1;
}
