/** Expressions as SQL, written from what the documentation says of each function. */
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import { type EventTable, sqlNumber, sqlText } from "./duckdb.ts";
import { foldSql, numberSql } from "./filter-sql.ts";

type Call = Extract<Expression, { kind: "call" }>;

/** Null for what is not finite. */
const finite = (sql: string) => `(CASE WHEN isfinite(${sql}) THEN ${sql} END)`;

const ARITHMETIC = new Set(["+", "-", "*", "/", "%"]);
/** By the name of the function: SQL of one number from its arguments. */
const OF_NUMBERS: Readonly<Record<string, (...x: string[]) => string>> = {
  neg: (x) => `(-${x})`,
  abs: (x) => `abs(${x})`,
  sign: (x) => `CAST(sign(${x}) AS DOUBLE)`,
  ceil: (x) => `ceil(${x})`,
  floor: (x) => `floor(${x})`,
  trunc: (x) => `trunc(${x})`,
  round: (x) => `round(${x})`,
  sqrt: (x) => `sqrt(CASE WHEN ${x} >= 0 THEN ${x} END)`,
  ln: (x) => `ln(CASE WHEN ${x} > 0 THEN ${x} END)`,
  log10: (x) => `log10(CASE WHEN ${x} > 0 THEN ${x} END)`,
  exp: (x) => `exp(${x})`,
  pow: (x, y) => `pow(${x}, ${y})`,
};
const OF_TIMES: Readonly<Record<string, (time: string) => string>> = {
  ...Object.fromEntries(
    ["year", "quarter", "month", "week", "day", "hour", "minute"].map((name) => [name, (time: string) => `${name}(${time})`]),
  ),
  doy: (time) => `dayofyear(${time})`,
  dow: (time) => `dayofweek(${time})`,
  second: (time) => `second(${time})`,
  millisecond: (time) => `(millisecond(${time}) % 1000)`,
  epoch: (time) => `epoch(${time})`,
};
const COMPARISONS = new Set(["=", "!=", "<", "<=", ">", ">="]);

export const NUMBER_FUNCTIONS: readonly string[] = Object.keys(OF_NUMBERS);
export const TIME_PARTS: readonly string[] = Object.keys(OF_TIMES);

/** Translates expressions whose types are known from where they stand. */
export class ExpressionSql {
  readonly #table: EventTable;

  constructor(table: EventTable) {
    this.#table = table;
  }

  number(expression: Expression): string {
    if (expression.kind === "literal") return expression.value === null ? "CAST(NULL AS DOUBLE)" : sqlNumber(Number(expression.value));
    if (expression.kind === "field") return numberSql(this.#table.field(expression.field).whole);
    const { name, args } = expression;
    const x = (at = 0) => this.number(args[at]!);
    if (ARITHMETIC.has(name)) return finite(`(${x()} ${name} ${x(1)})`);
    if (name in OF_NUMBERS) return finite(OF_NUMBERS[name]!(...args.map((each) => this.number(each))));
    if (name in OF_TIMES) return `CAST(${OF_TIMES[name]!(this.time(args[0]!))} AS DOUBLE)`;
    if (name === "length") return `CAST(length(${this.text(args[0]!)}) AS DOUBLE)`;
    if (name === "position") return `CAST(strpos(${this.text(args[0]!)}, ${this.text(args[1]!)}) AS DOUBLE)`;
    if (name === "date_diff") return `CAST(date_diff(${this.text(args[0]!)}, ${this.time(args[1]!)}, ${this.time(args[2]!)}) AS DOUBLE)`;
    if (name === "if") return this.#branches(expression, (each) => this.number(each), "DOUBLE");
    if (name === "coalesce") return `coalesce(${args.map((each) => this.number(each)).join(", ")})`;
    throw new Error(`no translation of ${name} as a number`);
  }

  text(expression: Expression): string {
    if (expression.kind === "literal") return expression.value === null ? "CAST(NULL AS VARCHAR)" : sqlText(String(expression.value));
    if (expression.kind === "field") return `(${this.#table.field(expression.field).whole}).t`;
    const { name, args } = expression;
    const t = (at = 0) => this.text(args[at]!);
    const whole = (at: number) => `CAST(trunc(${this.number(args[at]!)}) AS BIGINT)`;
    switch (name) {
      case "to_string":
        return t();
      case "lower":
        return foldSql(t());
      case "trim":
      case "ltrim":
      case "rtrim":
        return `${name}(${t()}, ${t(1)})`;
      case "substr":
        return args.length === 2 ? `substring(${t()}, ${whole(1)})` : `substring(${t()}, ${whole(1)}, ${whole(2)})`;
      case "left":
      case "right":
        return `"${name}"(${t()}, ${whole(1)})`;
      case "lpad":
      case "rpad":
        return `${name}(${t()}, CAST(${whole(1)} AS INTEGER), ${t(2)})`;
      case "replace":
        return `replace(${t()}, ${t(1)}, ${t(2)})`;
      case "split_part":
        return `(CASE WHEN abs(${whole(2)}) BETWEEN 1 AND len(string_split(${t()}, ${t(1)})) THEN split_part(${t()}, ${t(1)}, ${whole(2)}) END)`;
      case "||":
        return `(${t()} || ${t(1)})`;
      case "concat":
        return `concat(${args.map((each) => this.text(each)).join(", ")})`;
      case "regexp_extract":
        return `(CASE WHEN regexp_matches(${t()}, ${t(1)}) THEN regexp_extract(${t()}, ${t(1)}, ${args[2] ? whole(2) : "1"}) END)`;
      case "regexp_replace":
        return `regexp_replace(${t()}, ${t(1)}, ${t(2)}, 'g')`;
      case "if":
        return this.#branches(expression, (each) => this.text(each), "VARCHAR");
      case "coalesce":
        return `coalesce(${args.map((each) => this.text(each)).join(", ")})`;
      case "nullif":
        return `nullif(${t()}, ${t(1)})`;
    }
    throw new Error(`no translation of ${name} as text`);
  }

  time(expression: Expression): string {
    if (expression.kind === "literal")
      return expression.value === null ? "CAST(NULL AS TIMESTAMP)" : `CAST(${sqlText(String(expression.value))} AS TIMESTAMP)`;
    if (expression.kind === "field") return `make_timestamp(${expression.field === "timestamp" ? "ts" : "id"})`;
    const { name, args } = expression;
    switch (name) {
      case "date_trunc":
        return `CAST(date_trunc(${this.text(args[0]!)}, ${this.time(args[1]!)}) AS TIMESTAMP)`;
      case "bucket": {
        const size_us = Math.round(Number((args[1] as { value: number }).value) * 1e6);
        return `time_bucket(to_microseconds(${size_us}), ${this.time(args[0]!)}, TIMESTAMP '1970-01-01')`;
      }
      case "if":
        return this.#branches(expression, (each) => this.time(each), "TIMESTAMP");
    }
    throw new Error(`no translation of ${name} as a time`);
  }

  bool(expression: Expression): string {
    if (expression.kind === "literal") return expression.value === null ? "CAST(NULL AS BOOLEAN)" : String(expression.value);
    if (expression.kind === "field") {
      const { whole } = this.#table.field(expression.field);
      return `(CASE WHEN (${whole}).k = 'boolean' THEN (${whole}).t = 'true' END)`;
    }
    const { name, args } = expression;
    if (COMPARISONS.has(name)) return this.#compare(expression);
    switch (name) {
      case "and":
      case "or":
        return `(${args.map((each) => this.bool(each)).join(` ${name} `)})`;
      case "not":
        return `(NOT ${this.bool(args[0]!)})`;
      case "isnull":
        return `((${this.#anything(args[0]!)}) IS NULL)`;
      case "contains":
      case "starts_with":
        return `${name}(${this.text(args[0]!)}, ${this.text(args[1]!)})`;
      case "ends_with":
        return `suffix(${this.text(args[0]!)}, ${this.text(args[1]!)})`;
      case "like":
        return `(${this.text(args[0]!)} LIKE ${this.text(args[1]!)})`;
      case "regexp_like":
        return `regexp_matches(${this.text(args[0]!)}, ${this.text(args[1]!)})`;
      case "in":
        return `(${args
          .slice(1)
          .map((each) => this.#compare({ kind: "call", name: "=", args: [args[0]!, each] }))
          .join(" OR ")})`;
      case "between":
        return `(${this.#compare({ kind: "call", name: ">=", args: [args[0]!, args[1]!] })} AND ${this.#compare({ kind: "call", name: "<=", args: [args[0]!, args[2]!] })})`;
    }
    throw new Error(`no translation of ${name} as a condition`);
  }

  #anything(expression: Expression): string {
    if (expression.kind === "field") return `${this.#table.field(expression.field).whole}.t`;
    return typeOf(expression) === "number" ? this.number(expression) : this.text(expression);
  }

  #branches({ args }: Call, of: (expression: Expression) => string, type: string): string {
    const parts: string[] = [];
    for (let at = 0; at + 1 < args.length; at += 2) parts.push(`WHEN ${this.bool(args[at]!)} THEN ${of(args[at + 1]!)}`);
    const otherwise = args.length % 2 === 1 ? of(args.at(-1)!) : "NULL";
    return `(CASE ${parts.join(" ")} ELSE CAST(${otherwise} AS ${type}) END)`;
  }

  /** Kind, text and number of one side. */
  #side(expression: Expression): { k: string; t: string; n: string } {
    if (expression.kind === "field") {
      const { whole } = this.#table.field(expression.field);
      return { k: `(${whole}).k`, t: `(${whole}).t`, n: numberSql(whole) };
    }
    const type = typeOf(expression);
    if (type === "number") {
      const sql = this.number(expression);
      return { k: `(CASE WHEN ${sql} IS NOT NULL THEN 'number' END)`, t: `CAST(${sql} AS VARCHAR)`, n: sql };
    }
    const sql = this.text(expression);
    const spelt = numberSql(`{k: 'text', t: ${sql}, n: CAST(NULL AS DOUBLE)}`);
    return { k: `(CASE WHEN ${sql} IS NOT NULL THEN 'text' END)`, t: sql, n: spelt };
  }

  /** Times by time, levels by severity, numbers (and texts that spell one) beside numbers by size, else texts by their code points. */
  #compare({ name, args }: Call): string {
    const [left, right] = args as [Expression, Expression];
    if (typeOf(left) === "time" || typeOf(right) === "time") return `(${this.time(left)} ${name} ${this.time(right)})`;
    if (left.kind === "field" && left.field === "level") {
      const levels = `[${LEVELS.map((level) => `'${level}'`).join(", ")}]`;
      return `(list_position(${levels}, ${this.text(left)}) ${name} list_position(${levels}, upper(${this.text(right)})))`;
    }
    const [a, b] = [this.#side(left), this.#side(right)];
    const unlike = name === "=" ? "false" : name === "!=" ? "true" : "NULL";
    const numbers = `(CASE WHEN ${a.n} IS NULL OR ${b.n} IS NULL THEN ${unlike} ELSE ${a.n} ${name} ${b.n} END)`;
    return `(CASE WHEN ${a.k} IS NULL OR ${b.k} IS NULL THEN NULL WHEN ${a.k} = 'number' OR ${b.k} = 'number' THEN ${numbers} ELSE ${a.t} ${name} ${b.t} END)`;
  }
}

const TEXTS = new Set([
  "to_string",
  "lower",
  "trim",
  "ltrim",
  "rtrim",
  "substr",
  "left",
  "right",
  "lpad",
  "rpad",
  "replace",
  "split_part",
  "||",
  "concat",
  "regexp_extract",
  "regexp_replace",
]);

/** What an expression is, as far as its outermost function tells. */
export function typeOf(expression: Expression): "number" | "text" | "time" | "any" {
  if (expression.kind === "literal") return typeof expression.value === "number" ? "number" : "text";
  if (expression.kind === "field") return expression.field === "timestamp" || expression.field === "ingest_ts" ? "time" : "any";
  if (TEXTS.has(expression.name)) return "text";
  if (expression.name === "date_trunc" || expression.name === "bucket") return "time";
  if (expression.name === "if") return typeOf(expression.args[1]!);
  if (expression.name === "coalesce" || expression.name === "nullif") return typeOf(expression.args.at(-1)!);
  return "number";
}
