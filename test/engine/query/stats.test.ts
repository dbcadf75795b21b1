import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyPipes, parseQuery, type StatsPipe, StatsState, statsFor, type Table } from "../../../worker/engine/query/query.ts";
import { event, shadow, storage } from "./arbitraries.ts";
import { batchOf, expectedRecord, type PlainEvent } from "./batches.ts";

const NOON_US = Date.UTC(2026, 2, 1, 12) * 1000;

function pipeOf(text: string): StatsPipe {
  return parseQuery(`* | ${text}`, { now_us: NOON_US }).pipes[0] as StatsPipe;
}

function tableOf(text: string, events: readonly PlainEvent[]): Table {
  const state = statsFor(pipeOf(text));
  state.add(batchOf(events), Uint32Array.from(events.keys()));
  return state.result();
}

function plain(offset_us: number, service: string | undefined, attributes: Record<string, unknown> = {}): PlainEvent {
  return { timestamp_us: NOON_US + offset_us, ingest_us: NOON_US, fields: service === undefined ? {} : { service }, attributes };
}

const MINUTE_US = 60_000_000;
const EVENTS = [
  plain(0, "api", { status: 500, ok: false }),
  plain(4 * MINUTE_US, "api", { status: "500" }),
  plain(5 * MINUTE_US, "web", { status: 200, ok: true }),
  plain(-1, undefined, { status: null, tags: ["a", "b"] }),
];

describe("stats", () => {
  it.each([
    ["stats count()", ["count"], [[4]]],
    ["stats count(status) as with_status, count()", ["with_status", "count"], [[3, 4]]],
    [
      "stats count() by service",
      ["service", "count"],
      [
        [null, 1],
        ["api", 2],
        ["web", 1],
      ],
    ],
    [
      "stats count() by status",
      ["status", "count"],
      [
        [null, 1],
        [200, 1],
        ["500", 2],
      ],
    ],
    [
      "stats count() by ok",
      ["ok", "count"],
      [
        [null, 2],
        [false, 1],
        [true, 1],
      ],
    ],
    [
      "stats count() by tags",
      ["tags", "count"],
      [
        [null, 3],
        ['["a","b"]', 1],
      ],
    ],
    [
      "stats sum(status), avg(status), min(status), max(status)",
      ["sum_status", "avg_status", "min_status", "max_status"],
      [[1200, 400, 200, 500]],
    ],
    ["stats sum(ok), avg(tags), min(none)", ["sum_ok", "avg_tags", "min_none"], [[null, null, null]]],
    [
      "stats min(timestamp) as first, max(timestamp) as last by service",
      ["service", "first", "last"],
      [
        [null, "2026-03-01T11:59:59.999999Z", "2026-03-01T11:59:59.999999Z"],
        ["api", "2026-03-01T12:00:00.000000Z", "2026-03-01T12:04:00.000000Z"],
        ["web", "2026-03-01T12:05:00.000000Z", "2026-03-01T12:05:00.000000Z"],
      ],
    ],
    ["stats count() by environment", ["environment", "count"], [[null, 4]]],
    [
      "stats count() by bucket(5m)",
      ["bucket", "count"],
      [
        ["2026-03-01T11:55:00.000000Z", 1],
        ["2026-03-01T12:00:00.000000Z", 2],
        ["2026-03-01T12:05:00.000000Z", 1],
      ],
    ],
    [
      'stats count() by bucket(1d, "-12:30") as day, service',
      ["day", "service", "count"],
      [
        ["2026-02-28T12:30:00.000000Z", null, 1],
        ["2026-02-28T12:30:00.000000Z", "api", 2],
        ["2026-02-28T12:30:00.000000Z", "web", 1],
      ],
    ],
    ["stats count() by bucket(1w)", ["bucket", "count"], [["2026-02-23T00:00:00.000000Z", 4]]],
  ])("%s", (text, columns, rows) => {
    expect(tableOf(text, EVENTS)).toEqual({ columns, rows, overflow: null });
  });

  it("answers one row without groups, and none with groups, where there is no event", () => {
    expect(tableOf("stats count()", []).rows).toEqual([[0]]);
    expect(tableOf("stats count() by service", []).rows).toEqual([]);
  });

  it("keeps groups apart whose texts make the same text together", () => {
    const events = [
      ["ab", "c"],
      ["a", "bc"],
      ["", "~"],
    ].map(([service, host]): PlainEvent => ({ ...plain(0, service), fields: { service, host } }));
    const rows = tableOf("stats count() by service, host", [...events, { ...plain(0, ""), fields: { service: "" } }]).rows;
    expect(rows).toEqual([
      ["", null, 1],
      ["", "~", 1],
      ["a", "bc", 1],
      ["ab", "c", 1],
    ]);
  });

  it("counts the chosen rows only", () => {
    const state = statsFor(pipeOf("stats count() by service"));
    state.add(batchOf(EVENTS), Uint32Array.of(1, 2));
    expect(state.result().rows).toEqual([
      ["api", 1],
      ["web", 1],
    ]);
  });

  it("says how many events are in groups beyond the bound, also when states merge", () => {
    const pipe = pipeOf("stats count() by service");
    const rows = (services: string[]) => services.map((service, index) => plain(index, service));
    const left = new StatsState(pipe, 2);
    left.add(batchOf(rows(["a", "b", "c", "a", "c"])), Uint32Array.of(0, 1, 2, 3, 4));
    expect(left.result()).toEqual({
      columns: ["service", "count"],
      rows: [
        ["a", 2],
        ["b", 1],
      ],
      overflow: { events: 2 },
    });
    const right = new StatsState(pipe, 2);
    right.add(batchOf(rows(["b", "d", "e"])), Uint32Array.of(0, 1, 2));
    left.merge(right.serialize());
    expect(left.result()).toEqual({
      columns: ["service", "count"],
      rows: [
        ["a", 2],
        ["b", 2],
      ],
      overflow: { events: 4 },
    });
  });
});

describe("pipes after stats", () => {
  it.each([
    [
      "sort -count, service | limit 2",
      ["service", "count"],
      [
        ["api", 2],
        [null, 1],
      ],
    ],
    [
      "sort service",
      ["service", "count"],
      [
        [null, 1],
        ["api", 2],
        ["web", 1],
      ],
    ],
    ["sort service desc | fields count", ["count"], [[1], [2], [1]]],
    ["limit 0", ["service", "count"], []],
  ])("%s", (pipes, columns, rows) => {
    const query = parseQuery(`* | stats count() by service | ${pipes}`, { now_us: 0 });
    expect(applyPipes(tableOf("stats count() by service", EVENTS), query.pipes)).toEqual({ columns, rows, overflow: null });
  });
});

const BY = [
  "service",
  "level",
  "message",
  "duration_ms",
  "path",
  '"__proto__"',
  '"a\\"b"',
  "tags",
  "fingerprint",
  "timestamp",
  "bucket(10us)",
  'bucket(1d, "+05:30")',
];

describe("numbers", () => {
  const numeral = fc.oneof(
    fc.integer({ min: -1000, max: 1000 }),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }),
    fc.constantFrom(0.1, 1e16, -1e16, 2 ** 53 - 1, 1, 1e-300),
  );

  it("are summed exactly and rounded once, in whatever order and parts", () => {
    const property = fc.property(
      fc.array(fc.tuple(numeral, fc.nat(2), fc.boolean()), { minLength: 1, maxLength: 12 }),
      storage,
      shadow,
      (placed, storageOf, below) => {
        const pipe = pipeOf("stats sum(duration_ms), min(duration_ms), max(duration_ms), avg(duration_ms), count()");
        const whole = statsFor(pipe);
        for (const part of [0, 1, 2]) {
          const events = placed
            .filter(([, place]) => place === part)
            .map(([value, , text]) => plain(0, "s", { duration_ms: text ? String(value) : value }));
          const state = statsFor(pipe);
          state.add(batchOf(events, storageOf, below), Uint32Array.from(events.keys()));
          whole.merge(structuredClone(state.serialize()));
        }
        const values = placed.map(([value]) => value);
        const sum = exactSum(values);
        const expected = [sum, Math.min(...values), Math.max(...values), sum / values.length, values.length];
        expect(whole.result().rows[0]?.map(withoutSign)).toEqual(expected.map(withoutSign));
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });
});

/** Minus zero is zero. */
function withoutSign(cell: unknown): unknown {
  return cell === 0 ? 0 : cell;
}

/** Every double is a whole multiple of 2^-1074. */
function exactSum(values: readonly number[]): number {
  const total = values.reduce((sum, value) => sum + scaled(value), 0n);
  return nearest(total);
}

const SCALE = 1074n;

function scaled(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xfffffffffffffn;
  const size = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return bits >> 63n ? -size : size;
}

/** The double nearest to a multiple of 2^-1074, ties to even. */
function nearest(total: bigint): number {
  const negative = total < 0n;
  const size = negative ? -total : total;
  const extra = BigInt(Math.max(0, size.toString(2).length - 53));
  let kept = size >> extra;
  const dropped = size - (kept << extra);
  const half = extra > 0n ? 1n << (extra - 1n) : 0n;
  if (extra > 0n && (dropped > half || (dropped === half && (kept & 1n) === 1n))) kept += 1n;
  const exponent = Number(extra - SCALE);
  const value = Number(kept) * 2 ** Math.trunc(exponent / 2) * 2 ** (exponent - Math.trunc(exponent / 2));
  return negative ? -value : value;
}

describe("states", () => {
  it("merge, through structured cloning, into what plain grouping of all events gives", () => {
    const property = fc.property(
      fc.array(fc.tuple(event, fc.nat(2)), { maxLength: 20 }),
      fc.uniqueArray(fc.constantFrom(...BY), { maxLength: 3, comparator: (a, b) => a.split("(")[0] === b.split("(")[0] }),
      storage,
      shadow,
      (placed, by, storageOf, below) => {
        const pipe = pipeOf(`stats count(), count(path) ${by.length > 0 ? `by ${by.join(", ")}` : ""}`);
        const whole = statsFor(pipe);
        for (const part of [0, 1, 2]) {
          const events = placed.filter(([, place]) => place === part).map(([each]) => each);
          const state = statsFor(pipe);
          state.add(batchOf(events, storageOf, below), Uint32Array.from(events.keys()));
          whole.merge(structuredClone(state.serialize()));
        }
        expect(counts(whole.result(), by.length)).toEqual(
          naiveCounts(
            placed.map(([each]) => each),
            by,
          ),
        );
      },
    );
    fc.assert(property, { numRuns: 1000 });
  });
});

function counts(table: Table, keys: number): Map<string, unknown> {
  return new Map(
    table.rows.map((row) => [JSON.stringify(row.slice(0, keys).map((cell) => (cell === null ? null : String(cell)))), row.slice(keys)]),
  );
}

function naiveCounts(events: readonly PlainEvent[], by: readonly string[]): Map<string, unknown> {
  const groups = new Map<string, [number, number]>(by.length === 0 ? [["[]", [0, 0]]] : []);
  for (const each of events) {
    const record = expectedRecord(each);
    const key = JSON.stringify(by.map((name) => keyText(name, each, record)));
    const [all, with_path] = groups.get(key) ?? [0, 0];
    groups.set(key, [all + 1, with_path + (record.attributes.path === undefined ? 0 : 1)]);
  }
  return groups;
}

const FIELDS = new Set(["service", "level", "message", "fingerprint", "timestamp"]);

function keyText(name: string, each: PlainEvent, record: ReturnType<typeof expectedRecord>): string | null {
  const times: Record<string, [size: bigint, shift: bigint]> = {
    "bucket(10us)": [10n, 0n],
    'bucket(1d, "+05:30")': [86_400_000_000n, 19_800_000_000n],
  };
  const bucket = times[name];
  if (bucket) {
    const [size, shift] = bucket;
    const local = BigInt(each.timestamp_us) + shift;
    const start = local - (((local % size) + size) % size) - shift;
    return expectedRecord({ ...each, timestamp_us: Number(start) }).timestamp;
  }
  const attribute = name.startsWith('"') ? JSON.parse(name) : name;
  const own = FIELDS.has(name)
    ? (record as unknown as Record<string, unknown>)[name]
    : Object.getOwnPropertyDescriptor(record.attributes, attribute)?.value;
  if (own === undefined || own === null) return null;
  return typeof own === "object" ? JSON.stringify(own) : String(own);
}
