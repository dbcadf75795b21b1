/** Masks: a byte for each row, 1 where it still matches. Four rows are looked at together where memory allows. */

const ALL_FOUR = 0x01010101;

function wordsOf(mask: Uint8Array): Uint32Array {
  return mask.byteOffset % 4 === 0 ? new Uint32Array(mask.buffer, mask.byteOffset, mask.length >>> 2) : new Uint32Array(0);
}

export function isEmpty(mask: Uint8Array): boolean {
  return mask.indexOf(1) < 0;
}

export function countOf(mask: Uint8Array): number {
  const words = wordsOf(mask);
  let count = 0;
  for (let index = 0; index < words.length; index++) count += Math.imul(words[index]!, ALL_FOUR) >>> 24;
  for (let row = words.length * 4; row < mask.length; row++) count += mask[row]!;
  return count;
}

/** Clears the rows of `mask` that are in `other`. */
export function clearRows(mask: Uint8Array, other: Uint8Array): void {
  const words = wordsOf(mask);
  const others = wordsOf(other);
  const length = Math.min(words.length, others.length);
  for (let index = 0; index < length; index++) words[index] = words[index]! & ~others[index]!;
  for (let row = length * 4; row < mask.length; row++) if (other[row] === 1) mask[row] = 0;
}

/** Adds the rows of `other` to `mask`. */
export function addRows(mask: Uint8Array, other: Uint8Array): void {
  const words = wordsOf(mask);
  const others = wordsOf(other);
  const length = Math.min(words.length, others.length);
  for (let index = 0; index < length; index++) words[index] = words[index]! | others[index]!;
  for (let row = length * 4; row < mask.length; row++) if (other[row] === 1) mask[row] = 1;
}

/** Numbers from 0 on; lists of every row are parts of it. */
let ascending = new Uint32Array(0);

/** Numbers of all of so many rows. The memory is shared: as all lists of rows, it must not be written to. */
export function everyRow(count: number): Uint32Array {
  if (count > ascending.length) ascending = Uint32Array.from({ length: Math.max(count, 65_536) }, (_, row) => row);
  return ascending.subarray(0, count);
}

/** True only where the list is known to be every one of so many rows, each once: then row `at` stands at place `at`. */
export function isEveryRow(rows: Uint32Array, count: number): boolean {
  return rows.length === count && rows.buffer === ascending.buffer && rows.byteOffset === 0;
}

/** A few rows are found fastest one by one with the native search. */
const FEW_ROWS = 64;

/** Numbers of the rows of a mask, ascending. */
export function rowsOf(mask: Uint8Array): Uint32Array {
  const few: number[] = [];
  let row = mask.indexOf(1);
  for (; row >= 0 && few.length < FEW_ROWS; row = mask.indexOf(1, row + 1)) few.push(row);
  if (row < 0) return Uint32Array.from(few);
  const count = countOf(mask);
  return count === mask.length ? everyRow(count) : allRows(mask, count);
}

function allRows(mask: Uint8Array, count: number): Uint32Array {
  const rows = new Uint32Array(count);
  const words = wordsOf(mask);
  let taken = 0;
  for (let index = 0; index < words.length; index++) {
    const four = words[index]!;
    if (four === 0) continue;
    const row = index * 4;
    if (four === ALL_FOUR) {
      rows[taken] = row;
      rows[taken + 1] = row + 1;
      rows[taken + 2] = row + 2;
      rows[taken + 3] = row + 3;
      taken += 4;
      continue;
    }
    // Written without looking and kept if it is a match: branches that nobody can foresee cost more.
    rows[taken] = row;
    taken += mask[row]!;
    rows[taken] = row + 1;
    taken += mask[row + 1]!;
    rows[taken] = row + 2;
    taken += mask[row + 2]!;
    rows[taken] = row + 3;
    taken += mask[row + 3]!;
  }
  for (let row = words.length * 4; row < mask.length; row++) if (mask[row] === 1) rows[taken++] = row;
  return rows;
}
