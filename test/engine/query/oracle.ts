import { RE2JS } from "re2js";
import { type EventRecord, LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import type { Filter } from "../../../worker/engine/query/query.ts";

/** Filters on one event at a time, written for plainness: what `matchRows` must agree with. */
export function oracleMatches(filter: Filter, event: EventRecord): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "and":
      return filter.filters.every((part) => oracleMatches(part, event));
    case "or":
      return filter.filters.some((part) => oracleMatches(part, event));
    case "not":
      return !oracleMatches(filter.filter, event);
    case "exists":
      return valuesOf(event, filter.field).length > 0;
    case "expression":
      throw new Error("expressions have an evaluation of their own to be compared with");
  }
  return valuesOf(event, filter.field)
    .flatMap(scalars)
    .some((value) => valueMatches(filter, value));
}

type FieldFilter = Exclude<Filter, { kind: "all" | "and" | "or" | "not" | "exists" | "expression" }>;

function valuesOf(event: EventRecord, field: string): unknown[] {
  const fields = event as unknown as Record<string, unknown>;
  if (field === "_any") {
    const { timestamp, ingest_ts, fingerprint, attributes, ...others } = fields;
    return [...Object.values(others), ...Object.values(attributes as object)].filter((value) => value !== undefined && value !== null);
  }
  const attribute = field.startsWith("attributes.") ? field.slice("attributes.".length) : null;
  const holder: object = attribute === null ? event : event.attributes;
  const value = Object.getOwnPropertyDescriptor(holder, attribute ?? field)?.value;
  return value === undefined || value === null ? [] : [value];
}

/** Elements of an array one by one; anything but texts and numbers as JSON. */
function scalars(value: unknown): (string | number)[] {
  const values = Array.isArray(value) ? value : [value];
  return values
    .filter((each) => each !== null)
    .map((each) => (typeof each === "string" || typeof each === "number" ? each : JSON.stringify(each)));
}

function valueMatches(filter: FieldFilter, value: string | number): boolean {
  const text = String(value);
  const equals = (wanted: string) =>
    text === wanted || (typeof value === "number" && wanted.trim() !== "" && isDecimal(wanted) && Number(wanted) === value);
  switch (filter.kind) {
    case "phrase":
      return phrasePattern(filter.parts).test(oracleFold(text));
    case "equal":
      return equals(filter.value);
    case "in":
      return filter.values.some(equals);
    case "wildcard":
      return new RegExp(`^${filter.parts.map(escaped).join("[^]*")}$`).test(text);
    case "contains":
      return text.split(filter.text).length > 1 || filter.text === "";
    case "icase":
      return oracleFold(text) === oracleFold(filter.value);
    case "regex":
      return RE2JS.compile(filter.pattern).matcher(text).find();
    case "compare":
      return holds(filter.operator, order(value, filter.operand));
    case "range": {
      const { min, max } = filter;
      const above = !min || holds(min.inclusive ? ">=" : ">", order(value, min.operand));
      return above && (!max || holds(max.inclusive ? "<=" : "<", order(value, max.operand)));
    }
  }
}

type Operand = Extract<Filter, { kind: "compare" }>["operand"];

/** Left minus right as a sign, null where the two have no order. */
function order(value: string | number, operand: Operand): number | null {
  if (operand.kind === "level")
    return LEVELS.includes(value as never) ? sign(LEVELS.indexOf(value as never), LEVELS.indexOf(operand.level as never)) : null;
  if (operand.kind === "time") return typeof value === "string" ? sign(BigInt(microseconds(value)), BigInt(operand.time_us)) : null;
  if (operand.kind === "text") return Math.sign(Buffer.compare(Buffer.from(String(value)), Buffer.from(operand.text)));
  if (typeof value === "string" && !isDecimal(value)) return null;
  const [left, right] = [String(value), operand.text];
  if (/^[+-]?\d+$/.test(left) && /^[+-]?\d+$/.test(right)) return sign(BigInt(left.replace("+", "")), BigInt(right.replace("+", "")));
  return sign(Number(left), Number(right));
}

function sign<T extends number | bigint>(left: T, right: T): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function holds(operator: string, order: number | null): boolean {
  if (order === null) return false;
  return { ">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0, "=": order === 0 }[operator] ?? false;
}

function isDecimal(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text));
}

function microseconds(text: string): number {
  const [seconds = "", fraction = ""] = text.slice(0, -1).split(".");
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction);
}

/** Letter by letter, so that no letter depends on its neighbours. */
export function oracleFold(text: string): string {
  return [...text]
    .map((letter) => (letter === "\u212a" || letter === "\u0130" ? letter : letter === "ς" ? "σ" : letter.toLowerCase()))
    .join("");
}

const WORD = "[a-z0-9_\\u0080-\\uffff]";

function phrasePattern(parts: readonly string[]): RegExp {
  const folded = parts.map(oracleFold);
  const isWord = (letter: string | undefined) => letter !== undefined && new RegExp(WORD).test(letter);
  const left = isWord(folded[0]?.[0]) ? `(?<!${WORD})` : "";
  const right = isWord(folded.at(-1)?.at(-1)) ? `(?!${WORD})` : "";
  return new RegExp(left + folded.map(escaped).join("[^]*") + right);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
