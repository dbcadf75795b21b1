import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { wordsOf } from "../../../worker/engine/batch/words.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { mergeBounds, planMerge } from "../../../worker/engine/segment/merge-plan.ts";
import { bytesSource, openSegment, type Segment, SegmentError } from "../../../worker/engine/segment/read.ts";
import { sortedRows } from "../../../worker/engine/segment/sort-order.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import {
  COMPACT_OUTPUT_ROWS_MAX,
  COMPACT_OUTPUT_SIZE_BYTES_MAX,
  ROW_GROUP_RAW_SIZE_BYTES_MAX,
  ROW_GROUP_ROWS_MAX,
} from "../../../worker/limits.ts";
import { randomOf } from "../../support/random.ts";
import { rowsArbitrary } from "./arbitraries.ts";
import { batchOf, flatRows, flatRowsOf, frameMeta, identity, type Row, sorted, typicalRows } from "./events.ts";

const DAY_US = 86_400_000_000;
const MIDNIGHT_US = 1_767_225_600_000_000;

async function segmentOf(parts: readonly Row[][], ordinal = 0): Promise<Segment> {
  const frames = parts.map((rows, index) => ({ bytes: packFrame(batchOf(rows), frameMeta(index, rows.length * 300)), masked: null }));
  const { chunks } = segmentFromFrames(frames, identity({ segment_id: `l0-${ordinal}` }));
  return openSegment(bytesSource(joinBytes(chunks)));
}

const identify = (day: string, ordinal: number) => identity({ segment_id: `l1-${day}-${ordinal}`, level: 1, day, swap_id: "swap" });

interface Merged {
  segment: Segment;
  rows: Record<string, unknown>[];
}

async function merge(inputs: readonly Segment[]): Promise<Merged[]> {
  const merged: Merged[] = [];
  for await (const { chunks, row } of mergeSegments(inputs, { identify })) {
    const segment = await openSegment(bytesSource(joinBytes(chunks)), row.tail_size_bytes);
    expect(segment.row).toEqual(row);
    const rows = [];
    for (const group of segment.groups.keys()) rows.push(...flatRows(await segment.readGroup(group, null)));
    merged.push({ segment, rows });
  }
  return merged;
}

describe("a merge", () => {
  it("keeps every event, of one day in each output", async () => {
    const parts = [
      [typicalRows(700, 1, MIDNIGHT_US - 3e6), typicalRows(5, 2, MIDNIGHT_US - DAY_US)],
      [typicalRows(40, 3, MIDNIGHT_US - 100_000)],
      [typicalRows(600, 4, MIDNIGHT_US + 5e6), typicalRows(600, 5, MIDNIGHT_US - 5e6)],
    ];
    const inputs = await Promise.all(parts.map(segmentOf));
    const outputs = await merge(inputs);
    expect(outputs.map(({ segment }) => segment.row.day)).toEqual(["2025-12-31", "2026-01-01"]);
    for (const { segment, rows } of outputs) {
      expect(rows.every((row) => new Date((row.timestamp as number) / 1000).toISOString().startsWith(segment.row.day!))).toBe(true);
    }
    expect(sorted(outputs.flatMap(({ rows }) => rows))).toEqual(sorted(flatRowsOf(parts.flat(2))));
    const total = outputs.reduce((sum, { segment }) => sum + segment.row.raw_bytes, 0);
    expect(total).toBe(parts.flat(2).length * 300);
  });

  it("of events of many days decodes no input once for each day", async () => {
    const parts = [1, 2, 3].map((seed) =>
      typicalRows(1200, seed).map((row, index) => ({ ...row, timestamp_us: row.timestamp_us + (index % 90) * DAY_US })),
    );
    const inputs = await Promise.all(parts.map((rows, ordinal) => segmentOf([rows], ordinal)));
    let decoded = 0;
    const counted = inputs.map((input) => ({
      ...input,
      columns: input.columns,
      groups: input.groups,
      readTimes: (group: number) => input.readTimes(group),
      readGroup(group: number, names: ReadonlySet<string> | null) {
        decoded++;
        return input.readGroup(group, names);
      },
    })) as Segment[];
    const outputs = await merge(counted);
    expect(outputs).toHaveLength(90);
    expect(decoded).toBe(3);
    expect(sorted(outputs.flatMap(({ rows }) => rows))).toEqual(sorted(flatRowsOf(parts.flat())));
  }, 30_000);

  it("puts rows of one service, and of one kind of message, side by side", async () => {
    const [output] = await merge([await segmentOf([typicalRows(2000, 1)]), await segmentOf([typicalRows(2000, 2)], 1)]);
    const services = output!.rows.map((row) => (row.service as string | undefined) ?? "");
    expect(services).toEqual(services.toSorted());
    const kinds = runsOf(output!.rows.map((row) => `${row.service ?? ""} ${row.fingerprint ?? 0}`));
    expect(new Set(kinds.map(([kind]) => kind)).size).toBe(kinds.length);
  });

  it("of a merge's outputs gives the same events", async () => {
    const rows = typicalRows(1500, 9);
    const once = await merge([await segmentOf([rows])]);
    const twice = await merge(once.map(({ segment }) => segment));
    expect(sorted(twice.flatMap((output) => output.rows))).toEqual(sorted(flatRowsOf(rows)));
  });

  it("settles attributes of two types, and what a column became stays findable in the rest", async () => {
    const part = (count: number, value: Row["values"][string]): Row[] =>
      typicalRows(count, count).map((row) => ({ ...row, values: { "attributes.v": value, "attributes.n": count } }));
    const inputs = [await segmentOf([part(600, "text")]), await segmentOf([part(30, 5)], 1), await segmentOf([part(20, 0.5)], 2)];
    const outputs = await merge(inputs);
    expect(sorted(outputs.flatMap(({ rows }) => rows))).toEqual(
      sorted([600, 30, 20].flatMap((count) => flatRowsOf(part(count, count === 600 ? "text" : count === 30 ? 5 : 0.5)))),
    );
    expect(outputs[0]!.segment.columns.find(({ name }) => name === "attributes.v")).toMatchObject({ kind: "dict", nulls: 50 });
  });

  it("of any segments keeps the multiset of events", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(rowsArbitrary, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
        async (segments) => {
          const inputs = await Promise.all(segments.map(segmentOf));
          const before = [];
          for (const input of inputs) for (const group of input.groups.keys()) before.push(...flatRows(await input.readGroup(group, null)));
          const outputs = await merge(inputs);
          expect(sorted(outputs.flatMap(({ rows }) => rows))).toEqual(sorted(before));
        },
      ),
      { numRuns: 40 },
    );
  }, 30_000);

  it("refuses a damaged input", async () => {
    const frames = [{ bytes: packFrame(batchOf(typicalRows(800)), frameMeta()), masked: null }];
    const bytes = joinBytes(segmentFromFrames(frames, identity()).chunks).slice();
    const input = await openSegment(bytesSource(bytes));
    bytes[bytes.length - input.row.tail_size_bytes - 10]! ^= 1;
    await expect(merge([input])).rejects.toThrow(SegmentError);
  });
});

describe("filters", () => {
  it("never deny what is there, and mostly deny what is not", async () => {
    const inputs = await Promise.all([1, 2, 3].map((seed) => segmentOf([typicalRows(3000, seed)], seed)));
    const [output] = await merge(inputs);
    const { segment, rows } = output!;
    for (const row of rows) {
      expect(segment.mayContainWords(0, wordsOf(row.message as string)), row.message as string).toBe(true);
      if (row.trace_id !== undefined) expect(segment.mayContainValue(0, "trace_id", row.trace_id as string)).toBe(true);
    }
    const absent = Array.from({ length: 400 }, (_, index) => `zz${index.toString(16)}`);
    const page_count = rows.length / 250;
    expect(absent.filter((word) => segment.mayContainWords(0, [word])).length).toBeLessThan(400 * (page_count / 256) * 3);
    expect(absent.filter((value) => segment.mayContainValue(0, "trace_id", value)).length).toBeLessThan(20);
    expect(absent.some((value) => segment.mayContainValue(0, "span_id", value))).toBe(false);
    expect(segment.mayContainWords(0, ["größere"])).toBe(true);
    expect(segment.mayContainWords(0, [])).toBe(true);
    expect(segment.mayContainValue(0, "host", "zz")).toBe(true);
  });

  it("are not there in flushed segments, which therefore deny nothing", async () => {
    const segment = await segmentOf([typicalRows(600)]);
    expect(segment.mayContainWords(0, ["zz"])).toBe(true);
    expect(segment.mayContainValue(0, "trace_id", "zz")).toBe(true);
    await segment.loadFilters([0]);
  });

  it("of large segments are read when they are asked for", async () => {
    const random = randomOf(3);
    const rows = typicalRows(30_000, 4).map((row) => ({
      ...row,
      values: { ...row.values, message: Array.from({ length: 5 }, () => `w${Math.floor(random() * 1e9).toString(36)}`).join(" ") },
    }));
    const input = await segmentOf(Array.from({ length: 6 }, (_, index) => rows.slice(index * 5000, index * 5000 + 5000)));
    const [output] = await merge([input]);
    const { segment } = output!;
    expect(segment.mayContainWords(0, ["absent_word"])).toBe(true);
    await segment.loadFilters([0]);
    expect(segment.mayContainWords(0, wordsOf(rows[77]!.values.message as string))).toBe(true);
    expect(["aa1", "bb2", "cc3", "dd4"].filter((word) => segment.mayContainWords(0, [word, `${word}x`])).length).toBeLessThan(4);
  });
});

const BOUNDS = { group_rows_max: ROW_GROUP_ROWS_MAX, output_rows_max: COMPACT_OUTPUT_ROWS_MAX };

describe("the plan of a merge", () => {
  it.each([
    ["usual events", 400, 40, ROW_GROUP_ROWS_MAX],
    ["large events", 10_000, 5_000, ROW_GROUP_RAW_SIZE_BYTES_MAX / 10_000],
    ["the largest events", 1_048_576, 1_048_576, 32],
  ])("bounds what is held of %s", (_, raw, size, group_rows) => {
    const rows = 1000;
    const bounds = mergeBounds([
      { rows, raw_bytes: rows * raw, size_bytes: rows * size },
      { rows: 0, raw_bytes: 0, size_bytes: 900 },
    ]);
    expect(bounds.group_rows_max).toBe(Math.ceil(group_rows));
    expect(bounds.output_rows_max * size).toBeLessThanOrEqual(COMPACT_OUTPUT_SIZE_BYTES_MAX + raw);
    expect(bounds.output_rows_max % bounds.group_rows_max).toBe(0);
  });

  it("puts rows in groups that follow in time, of one day, of full size but the last", () => {
    const random = randomOf(8);
    const times = Float64Array.from({ length: 3 * ROW_GROUP_ROWS_MAX }, () => MIDNIGHT_US + Math.floor(random() * 4000) * 1_000_000);
    const { outputs, group_of } = planMerge(times, BOUNDS);
    expect(outputs).toEqual([{ day: "2026-01-01", ordinal: 0, groups: 3, rows: times.length }]);
    const bounds = [0, 1, 2].map((group) => times.filter((_, row) => group_of[row] === group));
    expect(bounds.map(({ length }) => length)).toEqual([ROW_GROUP_ROWS_MAX, ROW_GROUP_ROWS_MAX, ROW_GROUP_ROWS_MAX]);
    const span = (part: Float64Array): [number, number] => [part.reduce((a, b) => Math.min(a, b)), part.reduce((a, b) => Math.max(a, b))];
    expect(span(bounds[0]!)[1]).toBeLessThanOrEqual(span(bounds[1]!)[0]);
    expect(span(bounds[1]!)[1]).toBeLessThanOrEqual(span(bounds[2]!)[0]);
  });

  it("splits many events of one microsecond in the order of arrival", () => {
    const times = new Float64Array(2 * ROW_GROUP_ROWS_MAX + 10).fill(MIDNIGHT_US);
    const { group_of } = planMerge(times, BOUNDS);
    expect(group_of.every((group, row) => group === Math.floor(row / ROW_GROUP_ROWS_MAX))).toBe(true);
  });

  it("bounds the rows of an output and begins another for each day, before 1970 too", () => {
    const times = new Float64Array(COMPACT_OUTPUT_ROWS_MAX + 3);
    times.fill(-1, COMPACT_OUTPUT_ROWS_MAX + 1);
    const { outputs } = planMerge(times, BOUNDS);
    expect(outputs.map(({ day, ordinal, rows }) => [day, ordinal, rows])).toEqual([
      ["1969-12-31", 0, 2],
      ["1970-01-01", 0, COMPACT_OUTPUT_ROWS_MAX],
      ["1970-01-01", 1, 1],
    ]);
  });

  it("tells how many rows each service has", () => {
    expect([...sortedRows(Float64Array.from([5, 3, 5, 3]), null, null).order]).toEqual([1, 3, 0, 2]);
    const service = { kind: "dict", values: ["b", "a"], codes: Uint32Array.from([0, 1, 0xffffffff, 1]) } as const;
    const { order, service_runs } = sortedRows(Float64Array.from([1, 2, 3, 1]), { ...service, values: [...service.values] }, null);
    expect([...order]).toEqual([2, 1, 3, 0]);
    expect(service_runs).toEqual([
      { service: "", rows: 1 },
      { service: "a", rows: 2 },
      { service: "b", rows: 1 },
    ]);
  });

  it("puts the most frequent kind of a service first, and turns time round from kind to kind", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(3), fc.nat(5), fc.nat(50)), { maxLength: 300 }), (rows) => {
        const times = Float64Array.from(rows, ([, , time]) => time);
        const service = { kind: "dict" as const, values: ["d", "b", "a", "c"], codes: Uint32Array.from(rows, ([code]) => code) };
        const kinds = { of: Uint32Array.from(rows, ([, kind]) => kind), count: 6 };
        const { order, service_runs } = sortedRows(times, service, kinds);
        expect([...order].sort((a, b) => a - b)).toEqual(rows.map((_, row) => row));
        const sorted = Array.from(order, (row) => ({ name: service.values[rows[row]![0]]!, kind: rows[row]![1], time: rows[row]![2] }));
        expect(service_runs).toEqual(runsOf(sorted.map(({ name }) => name)).map(([service, rows]) => ({ service, rows })));
        expect(service_runs.map(({ service }) => service)).toEqual([...new Set(sorted.map(({ name }) => name))].sort());
        const runs = runsOf(sorted.map(({ name, kind }) => `${name}${kind}`));
        expect(new Set(runs.map(([kind]) => kind)).size).toBe(runs.length);
        let at = 0;
        for (const [index, [kind, count]] of runs.entries()) {
          const times_of = sorted.slice(at, at + count).map(({ time }) => time);
          expect(times_of).toEqual(times_of.toSorted((a, b) => (index % 2 === 0 ? a - b : b - a)));
          const next = runs[index + 1];
          if (next?.[0][0] === kind[0]) expect(next![1]).toBeLessThanOrEqual(count);
          at += count;
        }
      }),
    );
  });
});

/** Values that follow each other, and how often. */
function runsOf(values: readonly string[]): [value: string, count: number][] {
  const runs: [string, number][] = [];
  for (const value of values) {
    const last = runs.at(-1);
    if (last?.[0] === value) last[1]++;
    else runs.push([value, 1]);
  }
  return runs;
}
