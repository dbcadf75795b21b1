import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../worker/engine/batch/words.ts";
import { filterColumns, filterHints, matchRows, parseQuery, queryColumns } from "../../../worker/engine/query/query.ts";
import { event, filter, storage } from "./arbitraries.ts";
import { batchOf } from "./batches.ts";

const parse = (text: string) => parseQuery(text, { now_us: 0 });

describe("filterHints", () => {
  it.each([
    ["service:api level:error timeout", { services: ["api"], levels: ["ERROR"], tokens: ["timeout"] }],
    ["service:(a, b) service:(b, c)", { services: ["b"], levels: null, tokens: [] }],
    ["service:a OR service:b", { services: ["a", "b"], levels: null, tokens: [] }],
    ["service:a OR timeout", { services: null, levels: null, tokens: [] }],
    ["-service:a -timeout", { services: null, levels: null, tokens: [] }],
    ["level:>=error", { services: null, levels: ["ERROR", "FATAL"], tokens: [] }],
    ['"Connection reset-by peer*"', { services: null, levels: null, tokens: ["connection", "reset", "by"] }],
    ["*a-b-c*", { services: null, levels: null, tokens: ["b"] }],
    ["(x y) OR (y z)", { services: null, levels: null, tokens: ["y"] }],
    ["été time", { services: null, levels: null, tokens: ["time"] }],
    ['message:contains("in the end")', { services: null, levels: null, tokens: ["the"] }],
    ['message:="All of it"', { services: null, levels: null, tokens: ["all", "of", "it"] }],
    ['user:words("x")', { services: null, levels: null, tokens: [] }],
  ])("of %s", (text, expected) => {
    expect(filterHints(parse(text).filter)).toMatchObject(expected);
  });

  it("gives exact ids and the range of time", () => {
    const hints = filterHints(parse("trace_id:(a, b) timestamp:>=1970-01-02 timestamp:<1970-01-03").filter);
    expect(hints.values).toEqual({ trace_id: ["a", "b"] });
    expect(hints.time).toEqual({ min_us: 86_400_000_000, max_us: 172_800_000_000 });
  });

  const NOTHING = { words: [], values: {} };
  it.each([
    ["timeout service:a", [{ words: ["timeout"], values: {} }]],
    [
      "(a b) OR c",
      [
        { words: ["a", "b"], values: {} },
        { words: ["c"], values: {} },
      ],
    ],
    [
      "a (b OR c)",
      [
        { words: ["a", "b"], values: {} },
        { words: ["a", "c"], values: {} },
      ],
    ],
    [
      "trace_id:x OR span_id:y",
      [
        { words: [], values: { trace_id: ["x"] } },
        { words: [], values: { span_id: ["y"] } },
      ],
    ],
    ["trace_id:x OR trace_id:y OR trace_id:(x, z)", [{ words: [], values: { trace_id: ["x", "y", "z"] } }]],
    ["trace_id:(x, y) trace_id:(y, z) a", [{ words: ["a"], values: { trace_id: ["y"] } }]],
    ["a OR -b", [NOTHING]],
    ["a OR service:b", [NOTHING]],
    [
      'message:~"error [0-9]+ from host" OR message:icase("All of it")',
      [
        { words: ["from"], values: {} },
        { words: ["all", "of", "it"], values: {} },
      ],
    ],
    [Array.from({ length: 40 }, (_, n) => `word${n}`).join(" OR "), [NOTHING]],
  ])("tells alternatives: %s", (text, needed) => {
    expect(filterHints(parse(text).filter).needed).toEqual(needed);
  });

  it("are met by every event that matches", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), filter, (events, condition) => {
        const { services, levels, tokens, values, needed, time } = filterHints(condition);
        for (const row of matchRows(condition, batchOf(events))) {
          const { fields, timestamp_us } = events[row]!;
          if (services) expect(services).toContain(fields.service);
          if (levels) expect(levels).toContain(fields.level);
          expect(wordsOf(fields.message ?? "")).toEqual(expect.arrayContaining(tokens));
          for (const [field, list] of Object.entries(values)) expect(list).toContain(fields[field as keyof typeof fields]);
          const words = new Set(wordsOf(fields.message ?? ""));
          const has = (one: (typeof needed)[number]) =>
            one.words.every((word) => words.has(word)) &&
            Object.entries(one.values).every(([field, list]) => list.includes(fields[field as keyof typeof fields] as string));
          expect(needed.some(has)).toBe(true);
          expect(timestamp_us).toBeGreaterThanOrEqual(time.min_us);
          expect(timestamp_us).toBeLessThanOrEqual(time.max_us);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("queryColumns", () => {
  it.each([
    ["*", []],
    ["timeout level:error timestamp:>5", ["level", "message"]],
    ["user:bob", ["attributes", "attributes.user"]],
    [
      "a | where user:bob | stats count(x) by service, bucket(5m) | sort count_x",
      ["attributes", "attributes.user", "attributes.x", "message", "service"],
    ],
    ["* | fields service, x", ["attributes", "attributes.x", "service"]],
  ])("of %s", (text, names) => {
    const columns = queryColumns(parse(text));
    expect(columns === "all" ? columns : [...columns.names].sort()).toEqual(names);
  });

  it("is everything where any field may decide", () => {
    expect(queryColumns(parse("_any:x service:a"))).toBe("all");
  });

  it("names all that a filter needs", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), filter, storage, (events, condition, storageOf) => {
        const batch = batchOf(events, storageOf);
        const columns = filterColumns(condition);
        if (columns === "all") return;
        const read = new Map([...batch.columns].filter(([name]) => columns.names.has(name)));
        const projected = { ...batch, columns: read, rest: columns.names.has("attributes") ? batch.rest : null };
        expect(matchRows(condition, projected)).toEqual(matchRows(condition, batch));
      }),
      { numRuns: 1000 },
    );
  });
});
