import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DamageError } from "../../../worker/engine/segment/errors.ts";
import { pack, unpack } from "../../../worker/engine/windows/pack.ts";

const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(0, -0, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, 12.5, 0.001));
const numbers = fc.oneof(fc.array(number), fc.array(fc.integer({ min: 0, max: 9_999 }).map((value) => value / 100)));
const words = fc.oneof(fc.array(fc.integer({ min: 0, max: 0xffffffff })), fc.array(fc.constantFrom(0, 0, 0, 1, 300)));
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    number,
    fc.string({ unit: "grapheme" }),
    fc.uint8Array(),
    words.map((each) => Uint32Array.from(each)),
    words.map((each) => Uint32Array.from(each).sort()),
    numbers.map((each) => Float64Array.from(each)),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(fc.constantFrom("groups", "cells", "limit"), fc.string()).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 4 },
    ),
  ),
}));

describe("packed data", () => {
  it("is what it was", () => {
    fc.assert(
      fc.property(value, (value) => {
        expect(unpack(pack(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("is small where numbers are", () => {
    expect(pack(Float64Array.from({ length: 100 }, (_, index) => index)).length).toBeLessThan(150);
    expect(pack(Uint32Array.from({ length: 1_280 }, (_, index) => (index === 640 ? 3 : 0))).length).toBeLessThan(12);
    expect(pack(Float64Array.of(12.345, 0.5, 1_000)).length).toBeLessThan(12);
  });

  it("does not do more than refuse damaged bytes", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array(), value.chain((each) => fc.tuple(fc.constant(pack(each)), fc.nat(), fc.nat(255))).map(damaged)),
        (bytes) => {
          try {
            unpack(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(DamageError);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

function damaged([bytes, at, byte]: [Uint8Array, number, number]): Uint8Array {
  const copy = bytes.slice();
  if (copy.length > 0) copy[at % copy.length] = byte;
  return copy;
}
