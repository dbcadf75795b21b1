import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { concatBatches, selectRows, valueAt } from "../../../worker/engine/batch/select.ts";
import { conform, unifyColumns, usesOf } from "../../../worker/engine/batch/unify.ts";
import { factsOf, mergeFacts } from "../../../worker/engine/segment/facts.ts";
import { rowsArbitrary } from "./arbitraries.ts";
import { batchOf, flatRows, flatRowsOf, type Kind, type Row, typicalRows } from "./events.ts";

function rowOf(values: Row["values"], rest?: Row["rest"]): Row {
  return { timestamp_us: 1_000, ingest_us: 2_000, values, rest };
}

describe("selectRows", () => {
  it("gives rows in the order that is asked for, more than once if so", () => {
    const rows = typicalRows(50);
    const picks = [49, 0, 7, 7, 31];
    expect(flatRows(selectRows(batchOf(rows), Uint32Array.from(picks)))).toEqual(flatRowsOf(picks.map((pick) => rows[pick]!)));
    expect(selectRows(batchOf(rows), new Uint32Array(0)).rows).toBe(0);
  });
});

describe("concatBatches", () => {
  it("of any batches has the rows of each", () => {
    fc.assert(
      fc.property(fc.array(rowsArbitrary, { minLength: 1, maxLength: 4 }), (parts) => {
        const batches = parts.map((rows) => batchOf(rows));
        expect(flatRows(concatBatches(batches))).toEqual(batches.flatMap((batch) => flatRows(batch)));
      }),
      { numRuns: 30 },
    );
  }, 30_000);

  it.each<[string, [Row["values"][string], Kind][], Kind]>([
    [
      "a dictionary and bytes",
      [
        ["a", "dict"],
        ["b", "bytes"],
      ],
      "bytes",
    ],
    [
      "two dictionaries",
      [
        ["a", "dict"],
        ["a", "dict"],
      ],
      "dict",
    ],
    [
      "whole numbers and fractions",
      [
        [1, "int64"],
        [0.5, "double"],
      ],
      "double",
    ],
    [
      "two numbers against one text",
      [
        ["a", "bytes"],
        [1, "int64"],
        [0.5, "double"],
      ],
      "double",
    ],
    [
      "two texts against one number",
      [
        ["a", "bytes"],
        [1, "int64"],
        ["b", "dict"],
      ],
      "bytes",
    ],
    [
      "two truths against one text",
      [
        [true, "bool"],
        [false, "bool"],
        ["b", "dict"],
      ],
      "bool",
    ],
  ])("makes of %s a column of the type that most rows have", (_, parts, kind) => {
    const rows = parts.map(([value]) => rowOf({ "attributes.v": value }));
    const whole = concatBatches(parts.map(([, own], index) => batchOf([rows[index]!], { "attributes.v": own })));
    expect(whole.columns.get("attributes.v")?.kind).toBe(kind);
    expect(flatRows(whole)).toEqual(flatRowsOf(rows));
    for (const [row, [value]] of parts.entries()) expect(valueAt(whole, "attributes.v", row)).toBe(value);
  });

  it("drops dictionary values that no row uses", () => {
    const whole = batchOf(Array.from({ length: 40 }, (_, index) => rowOf({ host: `h${index}` })));
    const joined = concatBatches([selectRows(whole, Uint32Array.from([3])), selectRows(whole, Uint32Array.from([3, 9]))]);
    expect(joined.columns.get("host")).toMatchObject({ values: ["h3", "h9"] });
  });
});

describe("conform", () => {
  it("puts values without a column beside those that are in the rest", () => {
    const rows = [
      rowOf({ "attributes.a b": 'x"y' }, { c: [1] }),
      rowOf({ "attributes.a b": "z" }),
      rowOf({}, {}),
      rowOf({ "attributes.a b": "é" }, {}),
    ];
    const batch = batchOf(rows);
    const folded = conform(batch, new Map());
    expect(folded.columns.size).toBe(0);
    expect(flatRows(folded)).toEqual(flatRowsOf(rows));
    expect(conform(batch, unifyColumns(usesOf(batch)))).toBe(batch);
  });

  it("keeps the attributes that most rows have where there is room for some only", () => {
    const batch = batchOf([rowOf({ service: "s", "attributes.often": 1, "attributes.rare": 1 }), rowOf({ "attributes.often": 2 })]);
    const layout = unifyColumns(usesOf(batch), 1);
    expect([...layout.keys()]).toEqual(["service", "attributes.often"]);
    expect(valueAt(conform(batch, layout), "attributes.rare", 0)).toBe(1);
  });
});

describe("valueAt", () => {
  const batch = batchOf([rowOf({ service: "api", "attributes.n": 1 }, { deep: { x: [1, null] } }), rowOf({ "attributes.t": false })]);
  it.each<[string, number, unknown]>([
    ["timestamp", 0, 1_000],
    ["ingest_ts", 1, 2_000],
    ["service", 0, "api"],
    ["service", 1, null],
    ["attributes.n", 0, 1],
    ["attributes.n", 1, null],
    ["attributes.t", 1, false],
    ["attributes.deep", 0, { x: [1, null] }],
    ["attributes.deep", 1, null],
    ["attributes.toString", 0, null],
    ["nothing", 0, null],
  ])("of %s in row %i", (name, row, expected) => expect(valueAt(batch, name, row)).toEqual(expected));
});

describe("facts", () => {
  it("of parts add up to the facts of the whole", () => {
    const batch = batchOf(typicalRows(3000));
    const half = (from: number): Uint32Array => Uint32Array.from({ length: 1500 }, (_, index) => from + index);
    const whole = factsOf(batch);
    expect(mergeFacts([factsOf(batch, half(0)), factsOf(batch, half(1500))]).count).toEqual(whole.count);
    expect(whole.count.reduce((sum, count) => sum + count)).toBe(3000);
    expect(whole.bucket_us.every((bucket) => bucket % 300_000_000 === 0)).toBe(true);
  });

  it("are sparse, whenever events were dated", () => {
    const rows = [-1, 0, 4e15, -4e15].map((timestamp_us): Row => ({ ...rowOf({ level: "INFO" }), timestamp_us }));
    const facts = factsOf(batchOf(rows));
    expect([...facts.bucket_us]).toEqual([-4_000_000_200_000_000, -300_000_000, 0, 3_999_999_900_000_000]);
    expect(facts.services).toEqual([""]);
    expect([...facts.level]).toEqual([2, 2, 2, 2]);
  });
});
