import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { addRows, clearRows, countOf, everyRow, isEmpty, isEveryRow, rowsOf } from "../../../worker/engine/query/filters/mask.ts";

/** Masks of any length at any place in memory. */
const mask = fc.tuple(fc.array(fc.constantFrom(0, 1), { maxLength: 300 }), fc.nat(5), fc.boolean()).map(([bits, offset, full]) => {
  const memory = new Uint8Array(offset + bits.length + 3);
  const part = memory.subarray(offset, offset + bits.length);
  part.set(full ? bits.map(() => 1) : bits);
  return part;
});

const rowsIn = (bits: Uint8Array): number[] => [...bits.keys()].filter((row) => bits[row] === 1);

describe("masks", () => {
  it("are counted and listed", () => {
    fc.assert(
      fc.property(mask, (bits) => {
        const rows = rowsIn(bits);
        expect(countOf(bits)).toBe(rows.length);
        expect(isEmpty(bits)).toBe(rows.length === 0);
        expect([...rowsOf(bits)]).toEqual(rows);
      }),
    );
  });

  it("are joined and parted", () => {
    fc.assert(
      fc.property(mask, mask, (one, two) => {
        const length = Math.min(one.length, two.length);
        const [left, right] = [one.subarray(0, length), two.subarray(0, length)];
        const [before, other] = [new Set(rowsIn(left)), new Set(rowsIn(right))];
        const joined = left.slice();
        addRows(joined, right);
        expect(new Set(rowsIn(joined))).toEqual(before.union(other));
        clearRows(left, right);
        expect(new Set(rowsIn(left))).toEqual(before.difference(other));
      }),
    );
  });

  it("tell lists of every row from others of the same length", () => {
    const all = new Uint8Array(500).fill(1);
    const every = rowsOf(all);
    expect([...every]).toEqual([...all.keys()]);
    expect(isEveryRow(every, 500)).toBe(true);
    expect([...everyRow(70_000)]).toEqual([...new Uint8Array(70_000).keys()]);
    expect(isEveryRow(everyRow(500), 500)).toBe(true);
    for (const rows of [
      every.subarray(0, 499),
      everyRow(501).subarray(1),
      new Uint32Array(500),
      Uint32Array.from(every, (row) => row >> 1),
    ])
      expect(isEveryRow(rows, 500)).toBe(false);
  });
});
