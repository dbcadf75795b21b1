import { codesOf, type KeyCodes } from "./key-codes.ts";
import { PairTable } from "./pair-table.ts";

/** Two keys as one: codes for the pairs of their codes that occur. */

/** Pairs up to this many are numbered in a table, more in a hash table. */
const TABLE_MAX = 1 << 20;
/** Kept between calls and left as it was found, all -1: filling it anew each time would cost more than its use. */
let table: Int32Array | null = null;

type IdOf = (left: number, right: number) => number;

function pairCodes(codes: Uint32Array, left: KeyCodes, right: KeyCodes, pairs: Numbering, idOf: IdOf, room: () => boolean): KeyCodes {
  const { lefts, rights } = pairs;
  return codesOf(codes, lefts.length, (code) => idOf(left.valueAt(lefts[code]!, room()), right.valueAt(rights[code]!, room())));
}

interface Numbering {
  lefts: Uint32Array;
  rights: Uint32Array;
}

/** @param idOf the number of a pair of values; -1 where there is no room for a new one */
export function combinedCodes(left: KeyCodes, right: KeyCodes, rows: Uint32Array, idOf: IdOf, room: () => boolean): KeyCodes {
  const codes = new Uint32Array(Math.max(left.codes.length, right.codes.length));
  const numbered = left.count * right.count <= TABLE_MAX ? numberInTable(left, right, rows, codes) : numberByHash(left, right, rows, codes);
  return pairCodes(codes, left, right, numbered, idOf, room);
}

function numberInTable(left: KeyCodes, right: KeyCodes, rows: Uint32Array, codes: Uint32Array): Numbering {
  table ??= new Int32Array(TABLE_MAX).fill(-1);
  const numbers = table;
  const width = right.count;
  const left_none = left.count - 1;
  const right_none = width - 1;
  const pairs: number[] = [];
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    let a = left.codes[row]!;
    let b = right.codes[row]!;
    if (a > left_none) a = left_none;
    if (b > right_none) b = right_none;
    const pair = a * width + b;
    let code = numbers[pair]!;
    if (code < 0) {
      code = pairs.push(pair) - 1;
      numbers[pair] = code;
    }
    codes[row] = code;
  }
  for (const pair of pairs) numbers[pair] = -1;
  return { lefts: Uint32Array.from(pairs, (pair) => Math.floor(pair / width)), rights: Uint32Array.from(pairs, (pair) => pair % width) };
}

function numberByHash(left: KeyCodes, right: KeyCodes, rows: Uint32Array, codes: Uint32Array): Numbering {
  const pairs = new PairTable();
  const left_none = left.count - 1;
  const right_none = right.count - 1;
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!;
    codes[row] = pairs.find(Math.min(left.codes[row]!, left_none), Math.min(right.codes[row]!, right_none), true);
  }
  return numberingOf(pairs);
}

function numberingOf(pairs: PairTable): Numbering {
  const lefts = new Uint32Array(pairs.count);
  const rights = new Uint32Array(pairs.count);
  for (let id = 0; id < pairs.count; id++) {
    lefts[id] = pairs.leftOf(id);
    rights[id] = pairs.rightOf(id);
  }
  return { lefts, rights };
}

/** As `combinedCodes`, for keys that both come as runs; there are no codes by row then. */
export function combinedRuns(left: KeyCodes, right: KeyCodes, idOf: IdOf, room: () => boolean): KeyCodes {
  const a = left.runs!;
  const b = right.runs!;
  const pairs = new PairTable();
  const starts: number[] = [];
  const codes: number[] = [];
  let at_a = 0;
  let at_b = 0;
  let start = 0;
  for (;;) {
    starts.push(start);
    codes.push(pairs.find(Math.min(a.codes[at_a]!, left.count - 1), Math.min(b.codes[at_b]!, right.count - 1), true));
    const next_a = a.starts[at_a + 1] ?? Number.POSITIVE_INFINITY;
    const next_b = b.starts[at_b + 1] ?? Number.POSITIVE_INFINITY;
    start = Math.min(next_a, next_b);
    if (start === Number.POSITIVE_INFINITY) break;
    if (next_a === start) at_a++;
    if (next_b === start) at_b++;
  }
  const runs = { starts: Uint32Array.from(starts), codes: Uint32Array.from(codes) };
  return { ...pairCodes(new Uint32Array(0), left, right, numberingOf(pairs), idOf, room), runs };
}
