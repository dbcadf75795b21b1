import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DictColumn, EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { parseQuery, type StatsPipe, StatsState, statsFor } from "../../../worker/engine/query/query.ts";
import { hashBytes, hashNumber, hashText } from "../../../worker/engine/query/stats/hash-bytes.ts";
import { HashSet } from "../../../worker/engine/query/stats/hash-set.ts";
import { NumberCells } from "../../../worker/engine/query/stats/number-cells.ts";
import {
  COUNT_UNIQ_MAX,
  COUNT_UNIQ_TOTAL,
  QUANTILE_CELLS_SIZE_BYTES_MAX,
  QUANTILE_VALUES_MAX,
  QUANTILE_VALUES_MIN,
  QUANTILE_VALUES_TOTAL,
  STATS_GROUPS_MAX,
  STATS_KEYS_SIZE_BYTES_MAX,
  STATS_TEXTS_LENGTH_MAX,
  STATS_TEXTS_LENGTH_MIN,
  STATS_VALUES_MAX,
  STATS_VALUES_TOTAL,
} from "../../../worker/limits.ts";
import { randomOf } from "../../support/random.ts";
import { bytesColumn, dictColumn } from "./batches.ts";
import { quantileOf } from "./naive.ts";

function pipeOf(text: string): StatsPipe {
  return parseQuery(`* | ${text}`, { now_us: 0 }).pipes[0] as StatsPipe;
}

function batchOfNumbers(values: Float64Array, groups?: DictColumn): EventBatch {
  const times = new Float64Array(values.length);
  const columns: EventBatch["columns"] = new Map([["attributes.x", { kind: "double", values, present: null }]]);
  if (groups) columns.set("service", groups);
  return { rows: values.length, timestamp_us: times, ingest_us: times, columns, rest: null };
}

function batchOfTexts(values: readonly string[], groups?: string[]): EventBatch {
  const times = new Float64Array(values.length);
  const columns: EventBatch["columns"] = new Map([["attributes.x", bytesColumn(values)]]);
  if (groups) columns.set("service", dictColumn(groups));
  return { rows: values.length, timestamp_us: times, ingest_us: times, columns, rest: null };
}

const all = (batch: EventBatch) => Uint32Array.from({ length: batch.rows }, (_, row) => row);

/** The error that the documentation states. */
const QUANTILE_ERROR = 2 ** -8;

describe("quantiles", () => {
  const shapes: [string, (random: () => number) => number][] = [
    ["uniform", (random) => random() * 1000],
    ["long tailed", (random) => Math.exp(random() * 30 - 10)],
    ["of both signs", (random) => (random() - 0.5) * 10 ** Math.floor(random() * 12)],
    ["few", (random) => Math.floor(random() * 4)],
    ["huge and tiny", (random) => (random() < 0.5 ? 1e300 * random() : 1e-300 * random())],
  ];
  it.each(shapes)("of many %s numbers are within the stated error, the same however they are parted", (_, draw) => {
    const random = randomOf(7);
    const numbers = Float64Array.from({ length: 30_000 }, () => draw(random));
    const pipe = pipeOf(`stats ${SHARES.map((share) => `quantile(${share}, x) as q${SHARES.indexOf(share)}`).join(", ")}`);
    const whole = statsFor(pipe);
    const batch = batchOfNumbers(numbers);
    whole.add(batch, all(batch));
    const found = whole.result().rows[0] as number[];
    const sorted = [...numbers];
    for (const [index, share] of SHARES.entries()) {
      const exact = quantileOf(sorted, share)!;
      expect(Math.abs(found[index]! - exact)).toBeLessThanOrEqual(Math.abs(exact) * QUANTILE_ERROR + 1e-307);
    }
    const merged = statsFor(pipe);
    for (const part of [2, 0, 1]) {
      const own = batchOfNumbers(numbers.filter((_, index) => index % 3 === part));
      const state = statsFor(pipe);
      for (let at = 0; at < own.rows; at += 900) state.add(own, all(own).subarray(at, at + 900));
      merged.merge(structuredClone(state.serialize()));
    }
    expect(merged.result().rows[0]).toEqual(found);
  });
  const SHARES = [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1];

  it("are exact up to the bound, which many groups share", () => {
    const pipe = pipeOf("stats p50(x) by service");
    for (const [groups, count] of [
      [1, QUANTILE_VALUES_MAX],
      [300, Math.floor(QUANTILE_VALUES_TOTAL / 300)],
      [16_384, QUANTILE_VALUES_MIN],
    ] as const) {
      const random = randomOf(groups);
      const state = statsFor(pipe);
      const names = Array.from({ length: groups * Math.min(count, 40) }, (_, index) => `g${index % groups}`);
      const services = dictColumn(names);
      const rounds = Math.ceil(count / Math.min(count, 40));
      const of_first: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const numbers = Float64Array.from(names, () => random());
        const last = count - round * Math.min(count, 40);
        const batch = batchOfNumbers(numbers, services);
        const rows = all(batch).filter((row) => Math.floor(row / groups) < last);
        for (const row of rows) if (row % groups === 0) of_first.push(numbers[row]!);
        state.add(batch, rows);
      }
      expect(of_first.length).toBe(count);
      expect(state.result().rows.find(([name]) => name === "g0")).toEqual(["g0", quantileOf(of_first, 0.5)]);
    }
  });

  it("of many groups with many numbers stay in the bound of memory", () => {
    const pipe = pipeOf("stats p90(x) by service");
    const state = statsFor(pipe);
    const services = dictColumn(Array.from({ length: 16_000 }, (_, index) => `g${index}`));
    const random = randomOf(3);
    const of_first: number[] = [];
    for (let round = 0; round < QUANTILE_VALUES_MIN + 10; round++) {
      const numbers = Float64Array.from(services.codes, () => Math.exp(random() * 8));
      of_first.push(numbers[0]!);
      const batch = batchOfNumbers(numbers, services);
      state.add(batch, all(batch));
    }
    const { states } = state.serialize();
    const { cells } = states[0] as { cells: { bits: number; positive: { counts: Uint32Array } }[] };
    const size_bytes = cells.reduce((sum, { positive }) => sum + positive.counts.byteLength, 0);
    expect(size_bytes).toBeLessThanOrEqual(QUANTILE_CELLS_SIZE_BYTES_MAX);
    expect(size_bytes).toBeGreaterThan(QUANTILE_CELLS_SIZE_BYTES_MAX / 8);
    const merged = statsFor(pipe);
    merged.merge(state.serialize());
    const found = Number(merged.result().rows.find(([name]) => name === "g0")![1]);
    expect(Math.abs(found / quantileOf(of_first, 0.9)! - 1)).toBeLessThanOrEqual(2 ** -(cells[0]!.bits + 1));
  });
});

describe("cells of numbers", () => {
  it("hold each number between their bounds, in as many ranges as asked", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -10, max: 7 }),
        (values, bits) => {
          const cells = new NumberCells();
          for (const value of values) cells.add(value);
          cells.fold(bits);
          const ranges = [...cells.ranges()];
          const counted = ranges.map(({ from, to }) => values.filter((value) => holds(from, to, value)).length);
          expect(ranges.map(({ count }) => count)).toEqual(counted);
          expect(counted.reduce((sum, count) => sum + count, 0)).toBe(values.length);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});

/** The end nearer to zero belongs to a range; numbers too small to have an exponent count as 0. */
function holds(from: number, to: number, value: number): boolean {
  const near = Math.abs(value) < 2 ** -1022 ? 0 : value;
  if (from === 0 && to === 0) return near === 0;
  const last = to === Number.MAX_VALUE || from === -Number.MAX_VALUE;
  if (near === 0) return false;
  return from >= 0 ? near >= from && (near < to || (last && near === to)) : near <= to && (near > from || (last && near === from));
}

describe("distinct values", () => {
  it("are counted exactly up to the bound, then within the stated error", () => {
    const pipe = pipeOf("stats count_uniq(x)");
    const state = statsFor(pipe);
    let distinct = 0;
    const take = (count: number) => {
      const batch = batchOfTexts(Array.from({ length: count }, () => `user-${distinct++}`));
      state.add(batch, all(batch));
      state.add(batch, all(batch));
      return state.result().rows[0]![0] as number;
    };
    while (distinct < COUNT_UNIQ_MAX - 65_536) expect(take(65_536)).toBe(distinct);
    expect(take(COUNT_UNIQ_MAX - distinct)).toBe(COUNT_UNIQ_MAX);
    const found = take(65_536);
    expect(found).not.toBe(distinct);
    expect(Math.abs(found / distinct - 1)).toBeLessThan(5 * Math.sqrt(2 / COUNT_UNIQ_MAX));
  });

  it("do not depend on how they are parted where they are sampled", () => {
    const groups = 5_000;
    const most = Math.floor(COUNT_UNIQ_TOTAL / groups);
    const pipe = pipeOf("stats count_uniq(x) by service");
    const random = randomOf(5);
    const names: string[] = [];
    const texts: string[] = [];
    for (let index = 0; index < most * 3; index++) {
      names.push("g0");
      texts.push(`v${index}`);
    }
    for (let group = 1; group < groups; group++) {
      names.push(`g${group}`);
      texts.push("one");
    }
    const places = names.map((_, index) => index);
    const tables = [1, 3, 7].map((parts) => {
      const whole = statsFor(pipe);
      for (let part = 0; part < parts; part++) {
        const own = places.filter((place) => place % parts === part).sort(() => random() - 0.5);
        const batch = batchOfTexts(
          own.map((place) => texts[place]!),
          own.map((place) => names[place]!),
        );
        const state = statsFor(pipe);
        state.add(batch, all(batch));
        whole.merge(structuredClone(state.serialize()));
      }
      return whole.result();
    });
    expect(tables[1]).toEqual(tables[0]);
    expect(tables[2]).toEqual(tables[0]);
    const found = Number(tables[0]!.rows[0]![1]);
    expect(found).not.toBe(most * 3);
    expect(Math.abs(found / (most * 3) - 1)).toBeLessThan(5 * Math.sqrt(2 / most));
  });

  it("of one bound keep the same hashes in whatever order they come", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(0xffff_ffff), fc.nat(0xffff_ffff)), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (hashes, most) => {
          const [left, right, halves] = [new HashSet(), new HashSet(), [new HashSet(), new HashSet()] as const];
          for (const [low, high] of hashes) left.add(low, high);
          left.limit(most);
          for (const [low, high] of hashes.toReversed()) {
            right.add(low, high);
            right.limit(most);
          }
          for (const [index, [low, high]] of hashes.entries()) halves[index % 2 === 0 ? 0 : 1].add(low, high);
          for (const half of halves) half.limit(most);
          halves[0].raise(halves[1].level);
          const words = halves[1].words();
          for (let at = 0; at < words.length; at += 2) halves[0].add(words[at]!, words[at + 1]!);
          halves[0].limit(most);
          expect([right.level, right.estimate]).toEqual([left.level, left.estimate]);
          expect([halves[0].level, halves[0].estimate]).toEqual([left.level, left.estimate]);
          if (left.level === 0)
            expect(left.count).toBe(new Set(hashes.map(([low, high]) => (low === 0 && high === 0 ? "1,0" : `${low},${high}`))).size);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it("of neighbouring texts and numbers have hashes of their own", () => {
    const hash = new Uint32Array(2);
    const seen = new Set<string>();
    const lows = new Set<number>();
    let count = 0;
    const note = () => {
      seen.add(`${hash[0]},${hash[1]}`);
      lows.add(hash[0]! % 65_536);
      count++;
    };
    for (let index = 0; index < 40_000; index++) {
      const text = Buffer.from(`user-${index.toString(36)}`);
      hashBytes(text, 0, text.length, hash);
      note();
      hashNumber(index, hash);
      note();
      hashNumber(index / 1024 + 0.5 / 1024, hash);
      note();
    }
    expect(seen.size).toBe(count);
    expect(lows.size).toBeGreaterThan(65_536 * (1 - Math.exp(-count / 65_536)) * 0.98);
  });

  it("take a text that spells a number for the number", () => {
    const [left, right] = [new Uint32Array(2), new Uint32Array(2)];
    const same = (value: number, text: string) => {
      const bytes = Buffer.from(text);
      hashNumber(value, left);
      hashText(bytes, 0, bytes.length, right);
      return left[0] === right[0] && left[1] === right[1];
    };
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => same(value, String(value))),
      { numRuns: 3_000 },
    );
    for (const text of ["05", "-0", "+5", "5.", ".5", "5.0", "1e1", "9007199254740993", "", "5 ", "0x5"])
      expect(same(Number(text), text), text).toBe(false);
  });
});

describe("bounds", () => {
  it("of groups count what is left out, of any number of keys", () => {
    const names = Array.from({ length: 100 }, (_, index) => `v${index}`);
    for (const by of ["x", "x, service", "service, x, bucket(1s)"]) {
      const state = new StatsState(pipeOf(`stats count(), count_uniq(x) by ${by}`), 30);
      const batch = batchOfTexts(
        names,
        names.map((_, index) => `s${index % 2}`),
      );
      state.add(batch, all(batch));
      state.add(batch, all(batch).subarray(0, 10));
      const table = state.result();
      expect(table.rows.length).toBe(30);
      expect(table.overflow).toEqual({ events: 70 });
      const merged = new StatsState(pipeOf(`stats count(), count_uniq(x) by ${by}`), 20);
      merged.merge(structuredClone(state.serialize()));
      const { rows, overflow } = merged.result();
      expect(rows.length).toBe(20);
      expect(rows.reduce((sum, row) => sum + Number(row.at(-2)), 0) + overflow!.events).toBe(110);
    }
  });

  it("of the memory of groups' texts count what is left out", () => {
    const state = statsFor(pipeOf("stats count() by x"));
    const text = "x".repeat(STATS_KEYS_SIZE_BYTES_MAX / 8);
    const batch = batchOfTexts(Array.from({ length: 20 }, (_, index) => `${index}${text}`));
    state.add(batch, all(batch));
    expect(state.result().rows.length).toBe(8);
    expect(state.result().overflow).toEqual({ events: 12 });
  });

  it("of texts shorten them where groups are many", () => {
    const lengthsOf = (groups: number) => {
      const state = statsFor(pipeOf("stats first(x), any(x), values(x) by service"));
      const names = Array.from({ length: groups }, (_, index) => `g${index}`);
      const batch = batchOfTexts(
        names.map(() => "é".repeat(1_000)),
        names,
      );
      state.add(batch, all(batch));
      const [, first, any, values] = state.result().rows[0] as string[];
      return [first, any, (JSON.parse(values!) as string[])[0]].map((text) => text!.length);
    };
    expect(lengthsOf(1)).toEqual([1_000, 1_000, 1_000]);
    const short = Math.floor(STATS_TEXTS_LENGTH_MAX / 10_000) + 1;
    expect(lengthsOf(10_000)).toEqual([short, short, STATS_TEXTS_LENGTH_MIN + 1]);
  });

  it("of lists of values hold for each group, and for all together", () => {
    const lengthOf = (groups: number) => {
      const state = statsFor(pipeOf("stats values(x) by service"));
      const texts = Array.from({ length: 500 }, (_, index) => String(index));
      const batch = batchOfTexts(
        texts,
        texts.map(() => "g0"),
      );
      state.add(batch, all(batch));
      const names = Array.from({ length: groups - 1 }, (_, index) => `h${index}`);
      const others = batchOfTexts(names, names);
      if (groups > 1) state.add(others, all(others));
      const list = JSON.parse(String(state.result().rows[0]![1])) as string[];
      expect(list).toEqual([...texts].sort().slice(0, list.length));
      return list.length;
    };
    expect(lengthOf(1)).toBe(STATS_VALUES_MAX);
    expect(lengthOf(10_000)).toBe(STATS_VALUES_TOTAL / 10_000);
  });
});

describe("what functions hold of each group", () => {
  const NAMES = Array.from({ length: STATS_GROUPS_MAX + 1 }, (_, index) => `g${index}`);
  const batch = batchOfNumbers(
    Float64Array.from(NAMES, (_, index) => index),
    dictColumn(NAMES),
  );

  it.each([
    ["count()", STATS_GROUPS_MAX],
    ["sum(x), avg(x), max(x)", STATS_GROUPS_MAX],
    ["p50(x), p99(x)", 16_384],
    ["count_uniq(x), p99(x)", 8_192],
    ["count_uniq(x), count_uniq(y)", 8_192],
  ])("bounds the groups: %s", (functions, groups) => {
    const state = statsFor(pipeOf(`stats ${functions} by service`));
    state.add(batch, all(batch));
    const { rows, overflow } = state.result();
    expect(rows.length).toBe(groups);
    expect(overflow).toEqual({ events: NAMES.length - groups });
    // Shares of several invocations are bounded as one is.
    const merged = statsFor(pipeOf(`stats ${functions} by service`));
    for (let part = 0; part < 2; part++) {
      const own = statsFor(pipeOf(`stats ${functions} by service`));
      own.add(batch, all(batch));
      merged.merge(own.serialize());
    }
    expect(merged.result().rows.length).toBe(groups);
  });

  it("of distinct values is shared by all functions that count them", () => {
    const groups = 100;
    const most = Math.floor(COUNT_UNIQ_TOTAL / 2 / groups);
    const state = statsFor(pipeOf("stats count_uniq(x), count_uniq(y) by service"));
    for (const count of [most, 2 * most]) {
      const names = Array.from({ length: count * groups }, (_, index) => `g${index % groups}`);
      const numbers = batchOfNumbers(
        Float64Array.from(names, (_, index) => Math.floor(index / groups)),
        dictColumn(names),
      );
      state.add(numbers, all(numbers));
      const found = Number(state.result().rows[0]![1]);
      if (count === most) expect(found).toBe(most);
      else expect(Math.abs(found / count - 1)).toBeLessThan(5 * Math.sqrt(2 / most));
    }
  });
});
