/** What lazy reading is made of: single codes, ranks among nulls, lengths, masks, the shelf of pages. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";
import { encodeHybrid, HybridRuns, packedCodeAt, unpack } from "../../../worker/engine/segment/bits.ts";
import { ByteReader, ByteSink } from "../../../worker/engine/segment/bytes.ts";
import { CodedPage, decodePresent, rankOf } from "../../../worker/engine/segment/coded-page.ts";
import { decodeLengths, encodeDelta, skipDelta } from "../../../worker/engine/segment/delta.ts";
import { encodeCodes } from "../../../worker/engine/segment/encode-column.ts";
import { DamageError } from "../../../worker/engine/segment/errors.ts";
import { PageShelf } from "../../../worker/engine/segment/page-shelf.ts";
import { readDataPage } from "../../../worker/engine/segment/pages.ts";
import type { StoredPage } from "../../../worker/engine/segment/stored-chunk.ts";

const runs = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 }))), {
  minLength: 1,
  maxLength: 20,
});

function codesOf(pairs: readonly [number, number][], count: number): Uint32Array {
  return Uint32Array.from(pairs.flatMap(([code, length]) => Array<number>(length).fill(code % count)));
}

describe("packed codes", () => {
  it.each(Array.from({ length: 24 }, (_, index) => index + 1))("of %i bits are unpacked into arrays of any kind", (width) => {
    for (const count of [1, 7, 8, 33, 1_000, 8_192, 8_200]) {
      const codes = Uint32Array.from({ length: count }, (_, index) => (Math.imul(index + 1, 0x9e3779b1) >>> 3) % 2 ** width);
      const sink = new ByteSink(16);
      encodeHybrid(sink, codes, 0, count, width);
      const bytes = sink.copy();
      const walk = new HybridRuns(bytes, 0, bytes.length, width, count);
      const kinds = [...(width <= 8 ? [Uint8Array] : []), ...(width <= 16 ? [Uint16Array] : []), Uint32Array];
      for (let at = 0; at < count; at += walk.count) {
        walk.next();
        if (!walk.packed) continue;
        const expected = [...codes.subarray(at, at + walk.count)];
        for (const Kind of kinds) {
          const target = new Kind(walk.count + 3);
          unpack(bytes, walk.at, width, target, 2, walk.count);
          expect([...target.subarray(2, 2 + walk.count)]).toEqual(expected);
        }
        for (const index of [0, walk.count >> 1, walk.count - 1]) expect(packedCodeAt(bytes, walk.at, width, index)).toBe(expected[index]);
      }
    }
  });
});

describe("a page of codes", () => {
  function pageOf(codes: Uint32Array, count: number): StoredPage {
    const sink = new ByteSink(64);
    encodeCodes(sink, codes, 0, codes.length, { count, optional: true, compressible: false });
    const bytes = sink.copy();
    return { ...readDataPage(bytes, 0, bytes.length), bytes };
  }

  it("says the same of a row, of all rows and of a mask", () => {
    fc.assert(
      fc.property(runs, fc.constantFrom(1, 2, 5, 255, 256, 70_000), fc.nat(4), fc.integer(), (pairs, count, gaps, seed) => {
        const codes = codesOf(pairs, count).map((code, row) => (gaps > 0 && (row * 7 + seed) % (gaps * 3) === 0 ? NULL_CODE : code));
        const page = CodedPage.stored(pageOf(codes, count), count);
        const all = new Uint32Array(codes.length);
        page.decode(all, 0, NULL_CODE);
        expect([...all]).toEqual([...codes]);
        for (let row = 0; row < codes.length; row += 3) expect(page.codeAt(row)).toBe(codes[row]);
        const marks = Uint8Array.from({ length: count + 1 }, (_, code) => (code < count && (code + seed) % 2 === 0 ? 1 : 0));
        const mask = Uint8Array.from(codes, (_, row) => ((row + seed) % 3 === 0 ? 0 : 1));
        const expected = mask.map((bit, row) => (bit === 1 && codes[row] !== NULL_CODE ? marks[codes[row]!]! : 0));
        page.keep(marks, mask);
        expect([...mask]).toEqual([...expected]);
      }),
    );
  });

  it("knows how many rows before one have a value", () => {
    fc.assert(
      fc.property(runs, (pairs) => {
        const codes = codesOf(pairs, 2).map((code) => (code === 0 ? NULL_CODE : 0));
        const page = pageOf(codes, 1);
        const present = new Uint8Array(codes.length);
        if (page.nulls > 0) decodePresent(page, present, 0);
        else present.fill(1);
        let rank = 0;
        for (const [row, code] of codes.entries()) {
          expect(present[row]).toBe(code === NULL_CODE ? 0 : 1);
          expect(rankOf(page, row)).toBe(code === NULL_CODE ? -1 : rank);
          if (code !== NULL_CODE) rank++;
        }
      }),
    );
  });
});

describe("lengths", () => {
  it("come back with their sum, and are passed over", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(90), fc.nat(1_000_000)), { maxLength: 700 }), (lengths) => {
        const sink = new ByteSink(16);
        encodeDelta(sink, Uint32Array.from(lengths), 0, lengths.length);
        sink.u8(7);
        const bytes = sink.copy();
        const reader = new ByteReader(bytes);
        const target = new Uint32Array(lengths.length);
        expect(decodeLengths(reader, target, lengths.length)).toBe(lengths.reduce((sum, length) => sum + length, 0));
        expect([...target]).toEqual(lengths);
        expect(reader.u8()).toBe(7);
        const other = new ByteReader(bytes);
        skipDelta(other, lengths.length);
        expect(other.u8()).toBe(7);
      }),
    );
  });

  it.each([
    ["below zero", [3, -1]],
    ["larger than any", [2 ** 31]],
  ])("%s are damage", (_, lengths) => {
    const sink = new ByteSink(16);
    encodeDelta(sink, Float64Array.from(lengths), 0, lengths.length);
    expect(() => decodeLengths(new ByteReader(sink.copy()), new Uint32Array(lengths.length), lengths.length)).toThrow(DamageError);
  });
});

describe("the shelf of pages", () => {
  const page = (): Uint8Array => new Uint8Array(1_000 - 256);

  it("keeps what fits, and gives a full place only to what is asked for again", () => {
    const shelf = new PageShelf(10_000);
    for (let index = 0; index < 10; index++) shelf.offer(`${index}`, page());
    for (let index = 0; index < 10; index++) expect(shelf.get(`${index}`)).toBeDefined();
    shelf.offer("new", page());
    expect(shelf.get("new")).toBeUndefined();
    shelf.offer("new", page());
    expect(shelf.get("new")).toBeDefined();
    expect(shelf.get("0")).toBeUndefined();
    expect(shelf.get("1")).toBeDefined();
  });

  it("is left as it was by a scan of more than fits, however often it comes", () => {
    const shelf = new PageShelf(10_000);
    for (let index = 0; index < 10; index++) shelf.offer(`kept ${index}`, page());
    for (let scan = 0; scan < 3; scan++) {
      for (let index = 0; index < 30; index++) if (!shelf.get(`scanned ${index}`)) shelf.offer(`scanned ${index}`, page());
    }
    for (let index = 0; index < 10; index++) expect(shelf.get(`kept ${index}`)).toBeDefined();
  });

  it("takes nothing that is an eighth of it", () => {
    const shelf = new PageShelf(10_000);
    shelf.offer("large", new Uint8Array(1_250));
    expect(shelf.get("large")).toBeUndefined();
  });
});
