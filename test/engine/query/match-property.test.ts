import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { matchRows, parseQuery, printFilter } from "../../../worker/engine/query/query.ts";
import { event, filter, shadow, storage } from "./arbitraries.ts";
import { batchOf, expectedRecord } from "./batches.ts";
import { oracleMatches } from "./oracle.ts";

describe("matchRows", () => {
  it("agrees with the oracle on any events and filter, however they are stored", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), filter, storage, shadow, (events, condition, storageOf, below) => {
        const batch = batchOf(events, storageOf, below);
        const expected = events.flatMap((each, row) => (oracleMatches(condition, expectedRecord(each)) ? [row] : []));
        expect([...matchRows(condition, batch)]).toEqual(expected);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("recordAt", () => {
  it("gives back what went in, however it is stored", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), storage, shadow, (events, storageOf, below) => {
        const batch = batchOf(events, storageOf, below);
        events.forEach((each, row) => {
          expect(recordAt(batch, row)).toEqual(expectedRecord(each));
        });
      }),
      { numRuns: 500 },
    );
  });
});

describe("printFilter", () => {
  it("prints what parses to the same tree", () => {
    fc.assert(
      fc.property(filter, (condition) => {
        expect(parseQuery(printFilter(condition), { now_us: 0 })).toEqual({ filter: condition, pipes: [] });
      }),
      { numRuns: 3000 },
    );
  });
});
