/** Conditions of the query language as SQL, written from docs/query-language.md. */
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import type { Filter } from "../../../worker/engine/query/query.ts";
import { type EventTable, sqlText } from "./duckdb.ts";
import { ExpressionSql } from "./expression-sql.ts";

type FieldFilter = Exclude<Filter, { kind: "all" | "and" | "or" | "not" | "exists" | "expression" }>;
type Operand = Extract<Filter, { kind: "compare" }>["operand"];

/** True or false for each event, never NULL. */
export function filterSql(filter: Filter, table: EventTable): string {
  switch (filter.kind) {
    case "all":
      return "true";
    case "and":
      return filter.filters.length === 0 ? "true" : `(${filter.filters.map((part) => filterSql(part, table)).join(" AND ")})`;
    case "or":
      return `(${filter.filters.map((part) => filterSql(part, table)).join(" OR ")})`;
    case "not":
      return `(NOT ${filterSql(filter.filter, table)})`;
    case "expression":
      return `coalesce(${new ExpressionSql(table).bool(filter.expression)}, false)`;
    case "exists":
      return `(${table.field(filter.field).values} IS NOT NULL)`;
    default:
      return someValue(filter, table);
  }
}

/** A condition on a field holds where it holds for its value, or for one of an array's elements. */
function someValue(filter: FieldFilter, table: EventTable): string {
  const condition = valueSql(filter, "v");
  const holds = (values: string) => `(coalesce(len(list_filter(${values}, lambda v: coalesce(${condition}, false))), 0) > 0)`;
  if (filter.field !== "_any") return holds(table.field(filter.field).values);
  const fields = table.fields.filter((field) => field !== "fingerprint");
  return `(${fields.map((field) => holds(table.field(field).values)).join(" OR ")})`;
}

const KELVIN = "\u212a";
const DOTTED = "\u0130";

/** Lower case, the same for a letter wherever it stands; the two letters that would become ASCII ones stay. */
export function foldSql(sql: string): string {
  return `replace(replace(replace(lower(replace(replace(${sql}, '${DOTTED}', chr(57344)), '${KELVIN}', chr(57345))), 'ς', 'σ'), chr(57344), '${DOTTED}'), chr(57345), '${KELVIN}')`;
}

function valueSql(filter: FieldFilter, v: string): string {
  switch (filter.kind) {
    case "phrase":
      return `regexp_matches(${foldSql(`${v}.t`)}, ${phrasePattern(filter.parts)})`;
    case "equal":
      return equalSql(filter.value, v);
    case "in":
      return `(${filter.values.map((value) => equalSql(value, v)).join(" OR ")})`;
    case "wildcard":
      return `regexp_full_match(${v}.t, ${starPattern(filter.parts, (part) => sqlText(part))})`;
    case "contains":
      return `contains(${v}.t, ${sqlText(filter.text)})`;
    case "icase":
      return `(${foldSql(`${v}.t`)} = ${foldSql(sqlText(filter.value))})`;
    case "regex":
      return `regexp_matches(${v}.t, ${sqlText(filter.pattern)})`;
    case "compare":
      return orderSql(v, filter.operator, filter.operand);
    case "range": {
      const { min, max } = filter;
      const low = min ? orderSql(v, min.inclusive ? ">=" : ">", min.operand) : "true";
      const high = max ? orderSql(v, max.inclusive ? "<=" : "<", max.operand) : "true";
      return `(${low} AND ${high})`;
    }
    default:
      throw new Error(`no translation of ${(filter as { kind: string }).kind}`);
  }
}

/** The texts between stars, each star any run of characters. */
function starPattern(parts: readonly string[], partSql: (part: string) => string): string {
  return `'(?s)' || ${parts.map((part) => (part === "" ? "''" : `regexp_escape(${partSql(part)})`)).join(" || '.*' || ")}`;
}

const WORD = "[a-z0-9_\\x{80}-\\x{10ffff}]";
const isWord = (letter: string | undefined) => letter !== undefined && /^[A-Za-z0-9_\u0080-\u{10ffff}]$/u.test(letter);

/** Whole words: no letter of a word before the first or after the last, unless a star opens that end. */
function phrasePattern(parts: readonly string[]): string {
  const left = isWord([...parts[0]!][0]) ? `(?:^|[^${WORD.slice(1)})` : "";
  const right = isWord([...parts.at(-1)!].at(-1)) ? `(?:[^${WORD.slice(1)}|$)` : "";
  const [flag, ...rest] = starPattern(parts, (part) => foldSql(sqlText(part))).split(" || ");
  return `(${flag} || '${left}' || ${rest.join(" || ")} || '${right}')`;
}

const NUMERAL = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;
const NUMERAL_SQL = "'[+-]?([0-9]+(\\.[0-9]*)?|\\.[0-9]+)([eE][+-]?[0-9]+)?'";
const WHOLE = /^[+-]?\d+$/;

/** The number that a value is or spells; NULL where it is none, or beyond the range of numbers. */
export function numberSql(v: string): string {
  const spelt = `CASE WHEN ${v}.k = 'text' AND regexp_full_match(${v}.t, ${NUMERAL_SQL}) THEN TRY_CAST(${v}.t AS DOUBLE) END`;
  return `(CASE WHEN ${v}.k IN ('number', 'time') THEN ${v}.n WHEN isfinite(${spelt}) THEN ${spelt} END)`;
}

/** The whole value, letter by letter; a number also where it is written otherwise. */
function equalSql(value: string, v: string): string {
  const same = `${v}.t = ${sqlText(value)}`;
  return NUMERAL.test(value) ? `(${same} OR (${v}.k = 'number' AND ${numberOrderSql(v, "=", value)}))` : `(${same})`;
}

/** Whole numbers compare exactly, others as doubles. */
function numberOrderSql(v: string, operator: string, operand: string): string {
  const plain = `${numberSql(v)} ${operator} CAST('${operand}' AS DOUBLE)`;
  const whole = WHOLE.test(operand) ? operand : wholeOf(Number(operand));
  if (whole === null) return `(${plain})`;
  return `(CASE WHEN ${v}.w IS NOT NULL AND ${numberSql(v)} IS NOT NULL THEN CAST(${v}.w AS BIGNUM) ${operator} CAST('${whole}' AS BIGNUM) ELSE ${plain} END)`;
}

function wholeOf(value: number): string | null {
  return Number.isInteger(value) ? BigInt(value).toString() : null;
}

export function orderSql(v: string, operator: string, operand: Operand): string {
  switch (operand.kind) {
    case "number":
      return numberOrderSql(v, operator, operand.text);
    case "text":
      return `(${v}.t ${operator} ${sqlText(operand.text)})`;
    case "time":
      return `(${v}.k = 'time' AND CAST(${v}.w AS BIGINT) ${operator} ${operand.time_us})`;
    case "level": {
      const levels = `[${LEVELS.map((level) => `'${level}'`).join(", ")}]`;
      return `(list_position(${levels}, ${v}.t) ${operator} ${LEVELS.indexOf(operand.level as never) + 1})`;
    }
  }
}
