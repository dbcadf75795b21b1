/** The encodings by themselves, against hyparquet's decoders where it has one. */
import fc from "fast-check";
import { deltaBinaryUnpack } from "hyparquet/src/delta.js";
import { readRleBitPackedHybrid } from "hyparquet/src/encoding.js";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../../../worker/engine/batch/unify.ts";
import { bitWidth, decodeHybrid, encodeHybrid } from "../../../worker/engine/segment/bits.ts";
import { ByteReader, ByteSink } from "../../../worker/engine/segment/bytes.ts";
import { DELTA_SPAN_MAX, decodeDelta, encodeDelta } from "../../../worker/engine/segment/delta.ts";
import { bytesToDict } from "../../../worker/engine/segment/dictify.ts";
import { DamageError } from "../../../worker/engine/segment/errors.ts";
import { FuseFilter, KeyList, KeySet } from "../../../worker/engine/segment/fuse-filter.ts";
import { murmur128 } from "../../../worker/engine/segment/hash.ts";
import { numberDictionary } from "../../../worker/engine/segment/number-dictionary.ts";
import { decodeStrings, encodeStrings } from "../../../worker/engine/segment/strings.ts";
import { compress, compressPieces, decompress, decompressPieces } from "../../../worker/engine/segment/zstd.ts";
import { randomOf } from "../../support/random.ts";

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

describe("numbers of variable length", () => {
  it.each([0, 1, -1, 63, 64, -64, -65, 2 ** 31, -(2 ** 31), 2 ** 52, -(2 ** 52) - 1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])(
    "hold %d",
    (value) => {
      const sink = new ByteSink(1);
      sink.zigzag(value);
      sink.i64(value);
      if (value >= 0) sink.varint(value);
      const reader = new ByteReader(sink.copy());
      expect([reader.zigzag(), reader.i64(), value >= 0 ? reader.varint() : value]).toEqual([value, value, value]);
      expect(() => reader.u8()).toThrow(DamageError);
    },
  );
});

describe("codes", () => {
  const runs = fc.array(fc.tuple(fc.nat(), fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300 }))), { maxLength: 30 });
  it("come back, for hyparquet too", () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 20 }), fc.nat(9), (pairs, width, skip) => {
        const codes = Uint32Array.from(pairs.flatMap(([code, count]) => Array<number>(count).fill(code % 2 ** width)));
        const start = Math.min(skip, codes.length);
        const sink = new ByteSink(1);
        encodeHybrid(sink, codes, start, codes.length, width);
        const bytes = sink.copy();
        const [own, other] = [new Uint32Array(codes.length - start), new Array<number>(codes.length - start)];
        decodeHybrid(bytes, 0, bytes.length, width, own, 0, own.length);
        readRleBitPackedHybrid({ view: viewOf(bytes), offset: 0 }, width, other, bytes.length);
        expect([...own]).toEqual([...codes.subarray(start)]);
        expect(other).toEqual([...codes.subarray(start)]);
      }),
    );
  });

  it("that end early are damage", () => {
    const sink = new ByteSink(8);
    encodeHybrid(
      sink,
      Uint32Array.from({ length: 50 }, (_, index) => index % 7),
      0,
      50,
      3,
    );
    for (let end = 0; end < sink.length; end++) {
      expect(() => decodeHybrid(sink.bytes, 0, end, 3, new Uint32Array(50), 0, 50)).toThrow(DamageError);
    }
  });

  it.each([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 2],
    [256, 8],
    [257, 9],
    [65_536, 16],
  ])("of %i values take %i bits", (count, width) => expect(bitWidth(count)).toBe(width));
});

describe("deltas", () => {
  const whole = fc.oneof(fc.integer(), fc.nat(1000), fc.integer({ min: -(DELTA_SPAN_MAX / 2), max: DELTA_SPAN_MAX / 2 - 1 }));
  it("come back, for hyparquet too", () => {
    fc.assert(
      fc.property(fc.array(whole, { maxLength: 400 }), fc.nat(3), (numbers, skip) => {
        const values = Float64Array.from(numbers, (value) => value + 0);
        const start = Math.min(skip, values.length);
        const sink = new ByteSink(1);
        encodeDelta(sink, values, start, values.length);
        const bytes = sink.copy();
        const [own, other] = [new Float64Array(values.length - start), new BigInt64Array(values.length - start)];
        const reader = new ByteReader(bytes);
        decodeDelta(reader, own, 0, own.length);
        expect(reader.at).toBe(bytes.length);
        expect([...own]).toEqual([...values.subarray(start)]);
        deltaBinaryUnpack({ view: viewOf(bytes), offset: 0 }, other.length, other);
        expect(Array.from(other, Number)).toEqual([...own]);
      }),
    );
  });
});

describe("dictionaries", () => {
  it("of numbers tell values apart by their bits and keep gaps", () => {
    const values = Float64Array.from({ length: 4000 }, (_, index) => [0, -0, 1e300, 5e-324, 9_007_199_254_740_991][index % 5]!);
    const present = Uint8Array.from(values, (_, index) => (index % 3 === 0 ? 0 : 1));
    const dictionary = numberDictionary(values, present, values.length)!;
    expect(dictionary.values).toHaveLength(5);
    for (const [row, code] of dictionary.codes.entries()) {
      if (present[row] === 0) expect(code).toBe(0xffffffff);
      else expect(Object.is(dictionary.values[code], values[row])).toBe(true);
    }
  });

  it("of numbers are not made where they do not pay", () => {
    expect(
      numberDictionary(
        Float64Array.from({ length: 1000 }, (_, index) => index),
        null,
        1000,
      ),
    ).toBeNull();
    expect(numberDictionary(new Float64Array(0), null, 0)?.values.length ?? 0).toBe(0);
  });

  it("of strings are made where half of the rows repeat", () => {
    const texts = Array.from({ length: 1000 }, (_, index) => (index % 7 === 0 ? "" : `ü${index % 300}`));
    const column = bytesOf(
      texts,
      Uint8Array.from(texts, (_, index) => (index === 5 ? 0 : 1)),
    );
    const dict = bytesToDict(column, 1000)!;
    const values = decodeStrings(dict.values);
    expect(Array.from(dict.codes, (code) => values[code] ?? null)).toEqual(texts.map((text, index) => (index === 5 ? null : text)));
    expect(
      bytesToDict(
        bytesOf(
          Array.from({ length: 100 }, (_, index) => `v${index}`),
          null,
        ),
        100,
      ),
    ).toBeNull();
  });

  it("keep strings of any script, and lone surrogates apart from their neighbours", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "grapheme" })), (values) => {
        expect(decodeStrings(encodeStrings(values))).toEqual(values);
      }),
    );
    expect(decodeStrings(encodeStrings(["a\ud83d", "\ude00b"]))).toEqual(["a\ufffd", "\ufffdb"]);
  });
});

describe("compression", () => {
  it.each([40_960, 81_920, 163_840, 327_680])("stores %i bytes as they are, a length that one decoder fails at", (size) => {
    expect(compress(new Uint8Array(size), "fast")).toBeNull();
    expect(compress(new Uint8Array(size + 1), "fast")).not.toBeNull();
  });

  it("stores what does not shrink", () => {
    const random = randomOf(1);
    expect(
      compress(
        Uint8Array.from({ length: 5000 }, () => random() * 256),
        "fast",
      ),
    ).toBeNull();
    expect(compress(new Uint8Array(20), "thorough")).toBeNull();
  });

  it("in pieces comes back, and refuses other lengths", () => {
    const raw = Uint8Array.from({ length: 100_000 }, (_, index) => (index * index) >>> 8);
    const pieces = compressPieces(raw);
    const sizes = pieces.map((piece) => piece.length);
    const packed = new Uint8Array(sizes.reduce((a, b) => a + b));
    let at = 0;
    for (const piece of pieces) {
      packed.set(piece, at);
      at += piece.length;
    }
    expect(decompressPieces(packed, sizes, raw.length)).toEqual(raw);
    expect(() => decompressPieces(packed, sizes, raw.length - 1)).toThrow(DamageError);
    expect(() => decompressPieces(packed, sizes.slice(1), raw.length)).toThrow(DamageError);
    expect(() => decompress(packed.subarray(0, 50), 32_768)).toThrow(DamageError);
  });
});

describe("filters of keys", () => {
  it.each([0, 1, 2, 3, 10, 1000, 60_000])("hold all of %i keys and few others", (count) => {
    const random = randomOf(count + 1);
    const keys = new KeyList();
    const known = new KeySet();
    while (keys.count < count) {
      const [low, high] = [(random() * 2 ** 32) >>> 0, (random() * 2 ** 32) >>> 0];
      if (known.add(low, high)) keys.push(low, high);
    }
    const filter = FuseFilter.decode(FuseFilter.build(keys, 7)!.encode());
    expect(filter.note).toBe(7);
    for (let index = 0; index < count; index++) expect(filter.has(keys.lows[index]!, keys.highs[index]!)).toBe(true);
    let wrong = 0;
    for (let probe = 0; probe < 20_000; probe++) if (filter.has((random() * 2 ** 32) >>> 0, (random() * 2 ** 32) >>> 0)) wrong++;
    expect(wrong).toBeLessThan(20_000 / 256 + 60);
    expect(filter.encode().length).toBeLessThan(count * 1.5 + 64);
  });

  it("cannot be built of a key that comes twice, and say so", () => {
    const keys = new KeyList();
    for (let times = 0; times < 3; times++) keys.push(5, 6);
    expect(FuseFilter.build(keys, 0)).toBeNull();
  });

  it("of other lengths than they say are damage", () => {
    const keys = new KeyList();
    keys.push(1, 2);
    const encoded = FuseFilter.build(keys, 0)!.encode();
    expect(() => FuseFilter.decode(encoded.subarray(1))).toThrow(DamageError);
  });
});

it("the hash is MurmurHash3_x86_128", () => {
  const bytes = new TextEncoder().encode("I will not buy this tobacconist's, it is scratched.");
  const hash = new Uint32Array(4);
  murmur128(bytes, 0, bytes.length, hash);
  expect(Array.from(hash, (word) => word.toString(16).padStart(8, "0")).join("")).toBe("9b5b7ba2ef3f7866889adeaf00f3f98e");
});
