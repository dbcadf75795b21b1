import { describe, expect, it } from "vitest";
import {
  filterFromParameters,
  matchRows,
  misspeltFields,
  parseQuery,
  planQuery,
  printFilter,
  QuerySyntaxError,
} from "../../../worker/engine/query/query.ts";
import { batchOf, type PlainEvent, type Storage } from "./batches.ts";

const now_us = Date.UTC(2026, 2, 1, 12) * 1000;
const storages: Storage[] = ["dict", "bytes"];

function messages(...texts: string[]): PlainEvent[] {
  return texts.map((message, index) => ({ timestamp_us: now_us + index, ingest_us: now_us, fields: { message }, attributes: {} }));
}

function matching(query: string, events: readonly PlainEvent[], storage: Storage = "bytes"): number[] {
  return [
    ...matchRows(
      parseQuery(query, { now_us }).filter,
      batchOf(events, () => storage),
    ),
  ];
}

describe("words and phrases", () => {
  const events = messages(
    "Connection RESET by peer",
    "connection-reset",
    "reconnection reset",
    "",
    "ÉTÉ à la plage",
    "10.0.0.1:8080",
    "ΟΔΟΣ",
    "xtimeout timeout_s timeout",
  );
  it.each(
    storages.flatMap(
      (storage) =>
        [
          ["reset", [0, 1, 2], storage],
          ["connection", [0, 1], storage],
          ['"connection reset"', [0], storage],
          ["connection-reset", [1], storage],
          ["*connection*reset", [0, 1, 2], storage],
          ["con*", [0, 1], storage],
          ["*nection", [0, 1, 2], storage],
          ["été", [4], storage],
          ["Ét*", [4], storage],
          ['"À LA"', [4], storage],
          ["10.0.0.1", [5], storage],
          ["0.0.1", [5], storage],
          ["0.0.1:808", [], storage],
          ["0.0.1:808*", [5], storage],
          ["οδος", [6], storage],
          ["οδοσ*", [6], storage],
          ["timeout", [7], storage],
          ["timeout_s", [7], storage],
          ['message:contains("RESET")', [0], storage],
          ['message:=""', [3], storage],
          ['message:="connection-reset"', [1], storage],
          ["message:*", [0, 1, 2, 3, 4, 5, 6, 7], storage],
          ['message:~"^(?i)con.*t"', [0, 1], storage],
        ] as const,
    ),
  )("%s finds %j in %s", (query, rows, storage) => {
    expect(matching(query, events, storage)).toEqual(rows);
  });

  it("does not join the end of one message with the start of the next", () => {
    expect(matching("ab", messages("a", "b", "xa", "bx"))).toEqual([]);
    expect(matching("*ab*", messages("a", "b", "xa", "bx", "xabx"))).toEqual([4]);
  });

  it("finds words in a long column wherever its pieces are cut", () => {
    const filler = "lorem ipsum dolor sit amet ".repeat(40);
    const events = messages(...Array.from({ length: 300 }, (_, row) => `${filler.slice(0, 900 + (row % 97))} Needle${row % 3} ${filler}`));
    const expected = events.flatMap((_, row) => (row % 3 === 1 ? [row] : []));
    expect(matching("needle1", events)).toEqual(expected);
    expect(matching('"needle1 lorem"', events)).toEqual(expected);
    expect(matching("été", events)).toEqual([]);
  });

  it("finds a word at every place of a long message", () => {
    const chunk = 32 * 1024;
    const starts = Array.from({ length: 24 }, (_, index) => chunk - 12 + index);
    const events = messages(...starts.map((start) => `${"x".repeat(start - 1)} Größe ${"y".repeat(chunk)}`), "x".repeat(3 * chunk));
    expect(matching("größe", events)).toEqual([...starts.keys()]);
    for (const start of starts) expect(matching("größe", [...messages(`${"x".repeat(start - 1)} GRÖSSE GRÖẞE`)])).toEqual([0]);
  });

  it("knows the letters beyond ASCII that an expression takes for others when case is ignored", () => {
    const events = messages("bac\u212a up", "bac\u212a-down", "BACK", "ba\u017f");
    expect(matching('message:~"(?i)back"', events)).toEqual([0, 1, 2]);
    expect(matching('message:~"(?i)bas"', events)).toEqual([3]);
  });

  it("looks at single rows where few are left", () => {
    const events = Array.from({ length: 500 }, (_, row) => ({
      timestamp_us: now_us,
      ingest_us: now_us,
      fields: { service: row === 77 || row === 400 ? "rare" : "usual", message: row % 2 === 0 ? "Even row" : "odd ROW" },
      attributes: {},
    }));
    expect(matching("service:rare row", events)).toEqual([77, 400]);
    expect(matching("service:rare even", events)).toEqual([400]);
  });
});

describe("values", () => {
  const attributes = [
    { n: 500 },
    { n: "500" },
    { n: "500.0" },
    { n: 500.5 },
    { n: "abc" },
    { n: true },
    { n: [1, "500", null] },
    { n: [] },
    { n: null },
    {},
  ];
  const events = attributes.map((each): PlainEvent => ({ timestamp_us: now_us, ingest_us: now_us, fields: {}, attributes: each }));
  it.each(
    (["dict", "bytes", "number", "bool", "rest"] as const).flatMap(
      (storage) =>
        [
          ["n:500", [0, 1, 6], storage],
          ["n:500.0", [0, 2], storage],
          ["n:=500", [0, 1, 2, 6], storage],
          ["n:>=500", [0, 1, 2, 3, 6], storage],
          ["n:<500", [6], storage],
          ["n:{500 TO 501]", [3], storage],
          ["n:5*", [0, 1, 2, 3, 6], storage],
          ["n:(abc, true)", [4, 5], storage],
          ["n:icase(TRUE)", [5], storage],
          ["n:*", [0, 1, 2, 3, 4, 5, 6, 7], storage],
          ["-n:*", [8, 9], storage],
          ["n:!=500", [3, 4, 5, 7, 8, 9], storage],
          ["_any:500", [0, 1, 2, 3, 6], storage],
          ['n:>"a"', [4, 5], storage],
        ] as const,
    ),
  )("%s finds %j in %s", (query, rows, storage) => {
    expect(matching(query, events, storage)).toEqual(rows);
  });

  it("compares whole numbers beyond 2^53 exactly", () => {
    const huge = ["9007199254740992", "9007199254740993", "9007199254740994"].map(
      (n): PlainEvent => ({ timestamp_us: 0, ingest_us: 0, fields: {}, attributes: { n } }),
    );
    expect(matching("n:>9007199254740992", huge)).toEqual([1, 2]);
    expect(matching("n:=9007199254740993", huge)).toEqual([1]);
  });
});

describe("fields of the event", () => {
  const events: PlainEvent[] = [
    {
      timestamp_us: now_us,
      ingest_us: now_us + 5,
      fingerprint: 0xabc,
      fields: { level: "ERROR", service: "api" },
      attributes: { level: "high" },
    },
    { timestamp_us: now_us - 86_400_000_000, ingest_us: now_us, fields: { level: "INFO" }, attributes: {} },
  ];
  it.each([
    ["level:err", [0]],
    ["level:>info", [0]],
    ["level:<=info", [1]],
    ["level:in*", [1]],
    ["attributes.level:high", [0]],
    ["fingerprint:00000000000abc", [0]],
    ["timestamp:2026-03-01", [0]],
    ["timestamp:<now", [1]],
    ["timestamp:[-1d TO now]", [0, 1]],
    ["ingest_ts:>now", [0]],
    ["-service:*", [1]],
    ["Service:api", []],
  ])("%s finds %j", (query, rows) => {
    expect(matching(query, events)).toEqual(rows);
  });
});

describe("filterFromParameters", () => {
  it.each([
    [{}, "*"],
    [{ service: "api", level: "", host: undefined }, "service:api"],
    [{ level: "error,fatal", env: "prod" }, "(level:ERROR OR level:FATAL) environment:prod"],
    [{ service: ["a", "b"], host: "web-*" }, "(service:a OR service:b) host:web-*"],
    [{ text: "connection reset, by" }, '"connection reset, by"'],
    [{ trace_id: "0af7", text: "time*" }, 'trace_id:"0af7" time*'.replace('"0af7"', "0af7")],
  ])("%j means %s", (parameters, printed) => {
    expect(printFilter(filterFromParameters(parameters))).toBe(printed);
  });

  it("refuses what is no level", () => {
    expect(() => filterFromParameters({ level: "loud" })).toThrow(QuerySyntaxError);
  });
});

describe("misspeltFields", () => {
  it.each([
    ["servce:api", [{ field: "servce", suggestion: "service" }]],
    [
      "levle:error | stats count() by hosst",
      [
        { field: "levle", suggestion: "level" },
        { field: "hosst", suggestion: "host" },
      ],
    ],
    ["service:api duration_ms:>3 zzz:1", []],
    ["* | eval servce = upper(service) | where servce:API", []],
    ["ho:x", []],
  ])("of %s", (text, misspelt) => {
    expect(misspeltFields(planQuery(parseQuery(text, { now_us: 0 })))).toEqual(misspelt);
  });
});
