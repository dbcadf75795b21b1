import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { cellAt, recordAt } from "../../../worker/engine/batch/record.ts";
import { evaluate, matchExpression } from "../../../worker/engine/query/expressions/evaluate.ts";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { checkExpression, expressionType } from "../../../worker/engine/query/expressions/expression-type.ts";
import { FUNCTION_GROUPS } from "../../../worker/engine/query/expressions/functions/functions.ts";
import { parseExpression } from "../../../worker/engine/query/expressions/parse-expression.ts";
import { printExpression } from "../../../worker/engine/query/expressions/print-expression.ts";
import { type Scalar, textOf, timeText } from "../../../worker/engine/query/expressions/vector.ts";
import { QuerySyntaxError } from "../../../worker/engine/query/query.ts";
import { QueryLimitError } from "../../../worker/engine/query/query-limit-error.ts";
import { Scanner } from "../../../worker/engine/query/scanner.ts";
import { event, shadow, storage } from "./arbitraries.ts";
import { batchOf } from "./batches.ts";
import { expression } from "./expression-arbitraries.ts";
import { CASES, FAULTS } from "./expression-cases.ts";
import { naive } from "./naive-expression.ts";

const now_us = Date.UTC(2026, 2, 2, 12) * 1000;

function parsed(text: string): Expression {
  const scanner = new Scanner(text, now_us);
  const found = parseExpression(scanner);
  scanner.skipSpace();
  if (!scanner.atEnd) scanner.fail("the end of the test");
  return found;
}

function valueIn(expression: Expression, batch: EventBatch, row: number): Scalar {
  const value = cellAt(evaluate(expression, batch, Uint32Array.of(row)), row);
  return expressionType(expression) === "time" && typeof value === "number" ? timeText(value) : value;
}

const nothing = batchOf([{ timestamp_us: 0, ingest_us: 0, fields: {}, attributes: {} }]);

describe("functions", () => {
  const entries = Object.values(FUNCTION_GROUPS).flatMap((group) => Object.entries(group));

  it.each(entries)("%s does what its entry shows", (_name, { example: [text, gives] }) => {
    expect(valueIn(parsed(text), nothing, 0)).toEqual(gives);
  });

  it.each(CASES)("%s is %j", (text, value) => {
    expect(valueIn(parsed(text), nothing, 0)).toEqual(value);
  });

  /** The same values as they come from columns of every kind, beside rows that have none. */
  it.each(CASES)("%s is the same of fields", (text, value) => {
    const { expression: tree, attributes } = withFields(parsed(text));
    const empty = { timestamp_us: 0, ingest_us: 0, fields: {}, attributes: {} };
    for (const stored of ["dict", "bytes", "number", "bool", "rest"] as const) {
      const batch = batchOf([empty, { ...empty, attributes }, empty, { ...empty, attributes }], () => stored);
      const column = evaluate(tree, batch, Uint32Array.of(1, 3));
      const cells = [0, 1, 2, 3].map((row) => cellAt(column, row));
      const shown = (cell: Scalar) => (expressionType(tree) === "time" && typeof cell === "number" ? timeText(cell) : cell);
      expect([stored, cells.map(shown)]).toEqual([stored, [null, value, null, value]]);
    }
  });
});

/** Literals that may be fields become fields. */
function withFields(tree: Expression): { expression: Expression; attributes: Record<string, unknown> } {
  const attributes: Record<string, unknown> = {};
  const replace = (part: Expression): Expression => {
    if (part.kind === "call") {
      const args = part.args.map(replace);
      const call: Expression = { ...part, args };
      return checkExpression(call) === null
        ? call
        : { ...part, args: part.args.map((own, at) => (own.kind === "literal" ? own : args[at]!)) };
    }
    if (part.kind !== "literal" || part.value === null) return part;
    const name = `f${Object.keys(attributes).length}`;
    attributes[name] = part.value;
    return { kind: "field", field: `attributes.${name}` };
  };
  return { expression: replace(tree), attributes };
}

describe("texts of expressions", () => {
  it("are parsed into what they were printed from", () => {
    fc.assert(
      fc.property(expression, (tree) => {
        fc.pre(checkExpression(tree) === null);
        expect(parsed(printExpression(tree))).toEqual(tree);
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ["a+b*-c", "a + b * -(c)"],
    ["(a or b) and not c", "(a or b) and not c"],
    ["a and (b and c)", "a and (b and c)"],
    ["a - (b - c) - d", "a - (b - c) - d"],
    ["not a = b", "not a = b"],
    ["(not a) = b", "(not a) = b"],
    ["a <> b", "a != b"],
    ["a == b", "a = b"],
    ["Length(a)", "length(a)"],
    ["ifnull(a, 0)", "coalesce(a, 0)"],
    ["a is not null", "not isnull(a)"],
    ["a not in (1, 'x')", 'not in(a, 1, "x")'],
    ["a like 'x%' AND TRUE", 'like(a, "x%") and true'],
    ["`x-y` / `in`", "`x-y` / `in`"],
    ["x-y", "x - y"],
    ["service.name = 'a'", 'service = "a"'],
    ["attributes.level = 1", "attributes.level = 1"],
    ["a ~ 'x\\.\"y'", 'regexp_like(a, "x\\.\\"y")'],
    ["now() - 5m", 'to_time("2026-03-02T12:00:00.000000Z") - 300'],
    ["bucket(5m)", "bucket(timestamp, 300)"],
    ["a.b-1", "a.b - 1"],
  ])("%s is %s in its normal form", (text, normal) => {
    expect(printExpression(parsed(text))).toBe(normal);
    expect(parsed(normal)).toEqual(parsed(text));
  });

  it.each(FAULTS)("%s fails at %i: %s", (text, position, message) => {
    try {
      parsed(text);
      expect.unreachable("the expression was taken");
    } catch (error) {
      if (!(error instanceof QuerySyntaxError)) throw error;
      expect(error.message).toContain(message);
      expect(error.position).toBe(position);
    }
  });

  it("are bounded in depth and in calls", () => {
    expect(() => parsed(`${"(".repeat(200)}1${")".repeat(200)}`)).toThrow("levels deep");
    expect(() => parsed(`${"-".repeat(200)}1`)).toThrow("levels deep");
    expect(() => parsed(Array.from({ length: 200 }, () => "a").join("+"))).toThrow("at most 100 calls deep");
    expect(() => parsed(Array.from({ length: 3000 }, () => "a").join(" + "))).toThrow("at most");
    expect(checkExpression(parsed(Array.from({ length: 200 }, () => "a").join(" and ")))).toBeNull();
  });
});

/** A column has one kind: values of several become texts. Minus zero is zero. */
function asColumn(values: Scalar[]): Scalar[] {
  const kinds = new Set(values.filter((value) => value !== null).map((value) => typeof value));
  return kinds.size > 1 ? values.map(textOf) : values.map((value) => (value === 0 ? 0 : value));
}

describe("evaluation", () => {
  it("of columns gives what computing event by event gives", () => {
    fc.assert(
      fc.property(
        fc.array(event, { minLength: 1, maxLength: 6 }),
        storage,
        shadow,
        expression,
        fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
        (events, storageOf, shadowed, tree, asked) => {
          fc.pre(checkExpression(tree) === null);
          const batch = batchOf(events, storageOf, shadowed);
          const rows = Uint32Array.from(events.keys()).filter((row) => asked[row]);
          const column = evaluate(tree, batch, rows);
          const wanted = [...events.keys()].map((row) => (asked[row] ? naive(tree, recordAt(batch, row)) : null));
          expect(events.map((_, row) => cellAt(column, row))).toEqual(asColumn(wanted));
          const mask = Uint8Array.from(events, (_, row) => (asked[row] ? 1 : 0));
          matchExpression(tree, batch, mask);
          expect([...mask]).toEqual(wanted.map((value) => (value === true || value === "true" ? 1 : 0)));
        },
      ),
      { numRuns: 3000 },
    );
  });

  it("orders levels by severity and takes their spellings", () => {
    const levels = ["TRACE", "INFO", "WARN", "ERROR", "FATAL"].map((level) => ({
      timestamp_us: 0,
      ingest_us: 0,
      fields: { level },
      attributes: { min: "warning" },
    }));
    const batch = batchOf(levels);
    const holds = (text: string) => levels.map((_, row) => valueIn(parsed(text), batch, row));
    expect(holds('level >= "warn"')).toEqual([false, false, true, true, true]);
    expect(holds('level = "Error"')).toEqual([false, false, false, true, false]);
    expect(holds('level in ("err", "critical")')).toEqual([false, false, false, true, true]);
    expect(holds("level > min")).toEqual([false, false, false, true, true]);
    expect(holds('greatest(level, "WARN")')).toEqual(["WARN", "WARN", "WARN", "ERROR", "FATAL"]);
  });

  it("knows what time fields are", () => {
    const batch = batchOf([
      { timestamp_us: now_us, ingest_us: now_us + 2_500_000, fields: {}, attributes: { start: "2026-03-02T11:59:00Z" } },
    ]);
    const value = (text: string) => valueIn(parsed(text), batch, 0);
    expect(value("ingest_ts - timestamp")).toBe(2.5);
    expect(value('timestamp > "2026-03-02T11:00:00Z"')).toBe(true);
    expect(value("timestamp > start")).toBe(true);
    expect(value("timestamp - to_time(start)")).toBe(60);
    expect(value("coalesce(null, timestamp)")).toBe("2026-03-02T12:00:00.000000Z");
    expect(value('if(true, timestamp, "x")')).toBe("2026-03-02T12:00:00.000000Z");
    expect(value("hour(timestamp)")).toBe(12);
    expect(value("now() = timestamp")).toBe(true);
    expect(value('"at " || timestamp')).toBe("at 2026-03-02T12:00:00.000000Z");
  });

  it("keeps dictionaries, one computation a distinct value", () => {
    const events = Array.from({ length: 300 }, (_, row) => ({
      timestamp_us: 0,
      ingest_us: 0,
      fields: { service: `s${row % 3}` },
      attributes: {},
    }));
    const column = evaluate(parsed("upper(service) || '!'"), batchOf(events), Uint32Array.from(events.keys()));
    expect(column).toMatchObject({ kind: "dict", values: ["S0!", "S1!", "S2!"] });
  });

  it("ends where it makes too much text", () => {
    const events = Array.from({ length: 2_000 }, (_, row) => ({
      timestamp_us: 0,
      ingest_us: 0,
      fields: { message: `${row}` },
      attributes: {},
    }));
    const rows = Uint32Array.from(events.keys());
    const batch = batchOf(events, () => "bytes");
    expect(() => evaluate(parsed("lpad(message, 60000)"), batch, rows)).toThrow(QueryLimitError);
  });
});
