import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeKey, BatchBuilder, type ColumnKey, fieldKey } from "../../../worker/engine/batch/builder.ts";
import { ByteDictionary, textsOf } from "../../../worker/engine/batch/builder-dictionary.ts";
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { cellAt, recordAt, restAt } from "../../../worker/engine/batch/record.ts";
import { EVENT_SIZE_BYTES_MAX, FRAME_ATTRIBUTE_COLUMNS_MAX, FRAME_RAW_SIZE_BYTES_TARGET, FRAME_ROWS_MAX } from "../../../worker/limits.ts";

type Cell = string | number | boolean | null | unknown[] | undefined;

const keys = new Map<string, ColumnKey>();
function keyOf(name: string): ColumnKey {
  let key = keys.get(name);
  if (!key) {
    key = attributeKey(name);
    keys.set(name, key);
  }
  return key;
}

function set(builder: BatchBuilder, name: string, value: Cell): void {
  if (typeof value === "string") builder.setText(keyOf(name), value);
  else if (typeof value === "number") builder.setNumber(keyOf(name), value);
  else if (typeof value === "boolean") builder.setBoolean(keyOf(name), value);
  else if (value === null) builder.setNull(keyOf(name));
  else if (value !== undefined) {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    builder.setJson(keyOf(name), bytes, 0, bytes.length);
  }
}

function build(rows: Record<string, Cell>[], builder = new BatchBuilder()): EventBatch {
  for (const row of rows) {
    builder.beginRow(1, 2);
    for (const [name, value] of Object.entries(row)) set(builder, name, value);
    builder.endRow();
  }
  return builder.finish();
}

function attributes(batch: EventBatch): Record<string, unknown>[] {
  return Array.from({ length: batch.rows }, (_, row) => recordAt(batch, row).attributes);
}

function kinds(batch: EventBatch): Record<string, string> {
  return Object.fromEntries([...batch.columns].map(([name, column]) => [name.replace("attributes.", ""), column.kind]));
}

const many = (rows: number, row: (at: number) => Record<string, Cell>) => Array.from({ length: rows }, (_, at) => row(at));

describe("the kind of a column", () => {
  it("is that of its first value; other values go to the rest", () => {
    const rows: Record<string, Cell>[] = [
      { s: "a", n: 1, b: true },
      { s: 1, n: "x", b: "t" },
      { s: null, n: true, b: 0 },
      { s: [1], n: null, b: false },
    ];
    const batch = build(rows);
    expect(kinds(batch)).toEqual({ s: "bytes", n: "int64", b: "bool" });
    expect(restAt(batch, 1)).toEqual({ s: 1, n: "x", b: "t" });
    expect(restAt(batch, 2)).toEqual({ s: null, n: true, b: 0 });
    expect(attributes(batch)).toEqual([
      { s: "a", n: 1, b: true },
      { s: 1, n: "x", b: "t" },
      { n: true, b: 0 },
      { s: [1], b: false },
    ]);
  });

  it.each([
    [[1, 2, 3], "int64"],
    [[0, -0], "int64"],
    [[1, 2.5], "double"],
    [[2 ** 53 - 1, -(2 ** 53) + 1], "int64"],
    [[1, 2 ** 53], "double"],
    [[1e300], "double"],
  ])("of the numbers %j is %s", (values, kind) => {
    const batch = build(values.map((x) => ({ x })));
    expect(kinds(batch)).toEqual({ x: kind });
    expect(attributes(batch).map((row) => row.x)).toEqual(values.map((value) => value + 0));
  });

  it("numbers that are not finite are kept as their text", () => {
    expect(attributes(build([{ x: Number.NaN }, { x: Number.NEGATIVE_INFINITY }]))).toEqual([{ x: "NaN" }, { x: "-Infinity" }]);
  });

  it.each([
    ["all the same", 1000, () => "v", "dict"],
    ["a few", 1000, (at: number) => `v${at % 40}`, "dict"],
    ["a third distinct", 1000, (at: number) => `v${Math.floor(at / 3)}`, "dict"],
    ["all distinct", 1000, (at: number) => `value ${at}`, "bytes"],
    ["distinct at first, few later", 5000, (at: number) => `v${at < 60 ? at : at % 60}`, "dict"],
    ["few at first, distinct later", 1000, (at: number) => (at < 100 ? "v" : `v${at}`), "bytes"],
    ["distinct and sparse", 1000, (at: number) => (at % 7 === 0 ? `v${at}` : undefined), "bytes"],
    ["one row", 1, () => "v", "bytes"],
  ])("of strings, %s, follows from the content", (_name, rows, value, kind) => {
    const batch = build(many(rows, (at) => ({ x: value(at) })));
    expect(kinds(batch)).toEqual({ x: kind });
    const column = batch.columns.get("attributes.x")!;
    expect(Array.from({ length: rows }, (_, row) => cellAt(column, row))).toEqual(
      Array.from({ length: rows }, (_, at) => value(at) ?? null),
    );
  });

  it("of level, service, environment, host and source is a dictionary whatever they hold", () => {
    const builder = new BatchBuilder();
    const fields = (["level", "service", "environment", "host", "source", "trace_id"] as const).map(fieldKey);
    for (let row = 0; row < 300; row++) {
      builder.beginRow(1, 2);
      for (const key of fields) builder.setText(key, `${key.column} ${row}`);
      builder.endRow();
    }
    expect(kinds(builder.finish())).toEqual({
      level: "dict",
      service: "dict",
      environment: "dict",
      host: "dict",
      source: "dict",
      trace_id: "bytes",
    });
  });
});

describe("columns of attributes", () => {
  it("are given out first come; further attributes go to the rest", () => {
    const row = Object.fromEntries(Array.from({ length: FRAME_ATTRIBUTE_COLUMNS_MAX + 3 }, (_, at) => [`a${at}`, at]));
    const batch = build([row, row]);
    expect(batch.columns.size).toBe(FRAME_ATTRIBUTE_COLUMNS_MAX);
    expect(Object.keys(restAt(batch, 1)!)).toEqual([48, 49, 50].map((at) => `a${at}`));
    expect(attributes(batch)).toEqual([row, row]);
  });

  it("that few rows of a large batch have are folded into the rest", () => {
    const rows = many(1000, (at) => ({
      often: at,
      ...(at === 500 ? { s: 'a"\\\n\u0001é', n: -1.5, b: false } : {}),
      ...(at % 400 === 0 ? { list: [1] } : {}),
      ...(at > 990 ? { d: "same" } : {}),
    }));
    const batch = build(rows);
    expect(kinds(batch)).toEqual({ often: "int64" });
    expect(attributes(batch)).toEqual(rows);
    expect(batch.rest?.present?.reduce((sum, present) => sum + present, 0)).toBe(3 + 1 + 9);
  });

  it("stay columns in a small batch", () => {
    expect(kinds(build(many(200, (at) => (at === 7 ? { rare: 1 } : { x: 1 }))))).toEqual({ x: "int64", rare: "int64" });
  });

  it("odd names never get one", () => {
    const batch = build([{ "": 1, "a\u0000": "x", "a\nb": true }]);
    expect(batch.columns.size).toBe(0);
    expect(restAt(batch, 0)).toEqual({ "": 1, "a\u0000": "x", "a\nb": true });
  });

  it("a second value for a row goes to the rest and harms nothing", () => {
    const builder = new BatchBuilder();
    for (let row = 0; row < 3; row++) {
      builder.beginRow(1, 2);
      set(builder, "x", "first");
      set(builder, "x", "second");
      set(builder, "n", 1);
      set(builder, "n", 2);
      builder.endRow();
    }
    const batch = builder.finish();
    expect(attributes(batch)[1]).toEqual({ x: "first", n: 1 });
    expect(restAt(batch, 1)).toEqual({ x: "second", n: 2 });
  });
});

describe("a batch", () => {
  it("is full at FRAME_ROWS_MAX rows, or FRAME_RAW_SIZE_BYTES_TARGET bytes", () => {
    const builder = new BatchBuilder();
    let rows = 0;
    for (; !builder.full; rows++) {
      builder.beginRow(1, 2);
      builder.endRow();
    }
    expect(rows).toBe(FRAME_ROWS_MAX);
    builder.clear();
    expect(builder.full).toBe(false);
    for (rows = 0; !builder.full; rows++) {
      builder.beginRow(1, 2);
      set(builder, "x", String(rows).repeat(2000));
      builder.endRow();
    }
    const batch = builder.finish();
    const column = batch.columns.get("attributes.x")!;
    const size_bytes = column.kind === "bytes" ? column.bytes.length : column.kind === "dict" ? column.values.join("").length : 0;
    expect(size_bytes).toBeGreaterThan(FRAME_RAW_SIZE_BYTES_TARGET * 0.9);
    expect(size_bytes).toBeLessThan(FRAME_RAW_SIZE_BYTES_TARGET + 10_000);
  });

  it("never grows far beyond its bound, however values are arranged", () => {
    const value = fc.record({ text: fc.integer({ min: 0, max: 200 }), size: fc.constantFrom(1, 100, 5_000, 200_000) });
    fc.assert(
      fc.property(fc.array(value, { minLength: 50, maxLength: 400 }), (values) => {
        const builder = new BatchBuilder();
        for (const { text, size } of values) {
          if (builder.full) break;
          builder.beginRow(1, 2);
          set(builder, "x", `${text} `.repeat(size / 4));
          builder.endRow();
        }
        const column = builder.finish().columns.get("attributes.x");
        const size_bytes = column?.kind === "bytes" ? column.bytes.length : column?.kind === "dict" ? column.values.join("").length : 0;
        expect(size_bytes).toBeLessThan(FRAME_RAW_SIZE_BYTES_TARGET + EVENT_SIZE_BYTES_MAX);
      }),
      { numRuns: 30 },
    );
  }, 60_000);

  it("computes one fingerprint per distinct message of a dictionary, and the right one for each row", () => {
    let calls = 0;
    const fingerprint = (_bytes: Uint8Array, start: number, end: number) => {
      calls++;
      return end - start;
    };
    const builder = new BatchBuilder({ fingerprint });
    const texts = many(1000, (at) => ({ m: "x".repeat(1 + (at % 10)) })).map((row) => row.m as string);
    for (const text of texts) {
      const bytes = new TextEncoder().encode(text);
      builder.beginRow(1, 2);
      builder.setMessage(bytes, 0, bytes.length);
      builder.endRow();
    }
    builder.beginRow(1, 2);
    builder.endRow();
    const column = builder.finish().columns.get("fingerprint")!;
    expect(calls).toBe(10);
    expect(Array.from({ length: 1001 }, (_, row) => cellAt(column, row))).toEqual([...texts.map((text) => text.length), 0]);
  });

  it("gives back any rows, one batch after another from the same builder", () => {
    const cell = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom<Cell>("a", "bb", "a longer value", "", "é", 1, 2, 0.5, true, false) },
      { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
      { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0) },
      { weight: 1, arbitrary: fc.constant<Cell>([1, { x: "y" }]) },
    );
    const row = fc.dictionary(fc.constantFrom("a", "b", "c", "d e", "é"), cell, { maxKeys: 4, noNullPrototype: true });
    fc.assert(
      fc.property(fc.array(fc.array(row, { maxLength: 150 }), { minLength: 1, maxLength: 3 }), (batches) => {
        const builder = new BatchBuilder();
        const finished = batches.map((rows) => build(rows, builder));
        for (const [index, batch] of finished.entries()) expect(attributes(batch)).toEqual(batches[index]);
      }),
      { numRuns: 100 },
    );
  }, 60_000);

  it("a key serves several builders in turn", () => {
    const first = new BatchBuilder();
    const second = new BatchBuilder();
    for (let row = 0; row < 5; row++) {
      for (const [builder, name] of [
        [first, "x"],
        [second, "y"],
      ] as const) {
        builder.beginRow(1, 2);
        set(builder, name, row);
        set(builder, "shared", name);
        builder.endRow();
      }
    }
    expect(attributes(first.finish())).toEqual([0, 1, 2, 3, 4].map((x) => ({ x, shared: "x" })));
    expect(attributes(second.finish())).toEqual([0, 1, 2, 3, 4].map((y) => ({ y, shared: "y" })));
  });
});

describe("the dictionary of bytes", () => {
  it("numbers distinct values in order of their first appearance", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary", maxLength: 30 }), { maxLength: 300 }), (texts) => {
        const dictionary = new ByteDictionary(2);
        const distinct: string[] = [];
        for (const text of texts) {
          const bytes = new TextEncoder().encode(`--${text}--`);
          if (!distinct.includes(text)) {
            expect(dictionary.find(bytes, 2, bytes.length - 2)).toBe(-1);
            distinct.push(text);
          }
          expect(dictionary.add(bytes, 2, bytes.length - 2)).toBe(distinct.indexOf(text));
          expect(dictionary.find(bytes, 2, bytes.length - 2)).toBe(distinct.indexOf(text));
        }
        expect(textsOf(dictionary.utf8())).toEqual(distinct);
        dictionary.clear();
        expect([dictionary.size, dictionary.size_bytes, textsOf(dictionary.utf8())]).toEqual([0, 0, []]);
      }),
    );
  });
});
