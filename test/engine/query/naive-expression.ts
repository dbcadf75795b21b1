/** Expressions computed event by event, as the documentation says, for comparison. */
import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";

type Value = string | number | boolean | null;

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

export function naive(expression: Expression, event: EventRecord): Value {
  if (expression.kind === "literal") return expression.value;
  if (expression.kind === "field") return fieldOf(event, expression.field);
  const args = expression.args.map((each) => naive(each, event));
  return FUNCTIONS[expression.name]!(...args);
}

function fieldOf(event: EventRecord, field: string): Value {
  const attribute = field.startsWith("attributes.") ? field.slice("attributes.".length) : null;
  const value = Object.getOwnPropertyDescriptor(attribute === null ? event : event.attributes, attribute ?? field)?.value as unknown;
  if (value === undefined || value === null) return null;
  return typeof value === "object" ? JSON.stringify(value) : (value as Value);
}

function number(value: Value): number | null {
  const found = typeof value === "number" ? value : typeof value === "string" && NUMBER.test(value) ? Number(value) : Number.NaN;
  return Number.isFinite(found) ? found : null;
}

const text = (value: Value) => (value === null ? null : String(value));
const truth = (value: Value) => (value === true || value === "true" ? true : value === false || value === "false" ? false : null);
const finite = (value: number) => (Number.isFinite(value) ? value + 0 : null);

function ofNumbers(of: (...x: number[]) => number): (...args: Value[]) => Value {
  return (...args) => {
    const numbers = args.map(number);
    return numbers.includes(null) ? null : finite(of(...(numbers as number[])));
  };
}

function ofTexts(of: (...x: string[]) => Value): (...args: Value[]) => Value {
  return (...args) => {
    const texts = args.map(text);
    return texts.includes(null) ? null : of(...(texts as string[]));
  };
}

/** -1, 0 or 1; null with a null; undefined where the two have no order. */
function order(left: Value, right: Value): number | null | undefined {
  if (left === null || right === null) return null;
  if (typeof left === "number" || typeof right === "number") {
    const [a, b] = [number(left), number(right)];
    return a === null || b === null ? undefined : Math.sign(a - b) || (a < b ? -1 : a > b ? 1 : 0);
  }
  if (typeof left === "boolean" && typeof right === "boolean") return Number(left) - Number(right);
  return Math.sign(Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right))));
}

function compared(holds: (order: number) => boolean, unlike: boolean | null): (...args: Value[]) => Value {
  return (left, right) => {
    const found = order(left!, right!);
    return found === null ? null : found === undefined ? unlike : holds(found);
  };
}

const equal = compared((found) => found === 0, false);
const atLeast = compared((found) => found >= 0, null);
const atMost = compared((found) => found <= 0, null);

function both(values: (boolean | null)[]): boolean | null {
  return values.includes(false) ? false : values.includes(null) ? null : true;
}

function either(values: (boolean | null)[]): boolean | null {
  return values.includes(true) ? true : values.includes(null) ? null : false;
}

function extreme(values: Value[], sign: number): Value {
  let best: Value = null;
  for (const value of values) if (value !== null && (best === null || order(value, best) === sign)) best = value;
  return best;
}

function likeRegex(pattern: string): RegExp {
  const source = Array.from(pattern, (letter) =>
    letter === "%" ? "[^]*" : letter === "_" ? "[^]" : letter.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&"),
  );
  return new RegExp(`^${source.join("")}$`, "u");
}

function substring(value: string, start: number, length: number): string | null {
  if (length < 0) return null;
  const letters = Array.from(value);
  const place = Math.trunc(start);
  const first = place < 0 ? letters.length + place : place - 1;
  const end = first + Math.trunc(length);
  return letters.filter((_, at) => at >= first && at < end).join("");
}

const FUNCTIONS: Readonly<Record<string, (...args: Value[]) => Value>> = {
  "+": ofNumbers((x, y) => x! + y!),
  "-": ofNumbers((x, y) => x! - y!),
  "*": ofNumbers((x, y) => x! * y!),
  "/": ofNumbers((x, y) => x! / y!),
  "%": ofNumbers((x, y) => x! % y!),
  pow: ofNumbers((x, y) => x! ** y!),
  neg: ofNumbers((x) => -x!),
  abs: ofNumbers((x) => Math.abs(x!)),
  ceil: ofNumbers((x) => Math.ceil(x!)),
  sign: ofNumbers((x) => Math.sign(x!)),
  "=": equal,
  "!=": compared((found) => found !== 0, true),
  "<": compared((found) => found < 0, null),
  "<=": atMost,
  ">": compared((found) => found > 0, null),
  ">=": atLeast,
  in: (value, ...list) => either(list.map((each) => equal(value!, each) as boolean | null)),
  between: (value, low, high) => both([atLeast(value!, low!), atMost(value!, high!)] as (boolean | null)[]),
  nullif: (value, other) => (equal(value!, other!) === true ? null : value!),
  and: (...args) => both(args.map(truth)),
  or: (...args) => either(args.map(truth)),
  not: (value) => (truth(value!) === null ? null : !truth(value!)),
  if: (...args) => {
    for (let at = 0; at + 1 < args.length; at += 2) if (truth(args[at]!) === true) return args[at + 1]!;
    return args.length % 2 === 1 ? args.at(-1)! : null;
  },
  coalesce: (...args) => args.find((value) => value !== null) ?? null,
  isnull: (value) => value === null,
  least: (...args) => extreme(args, -1),
  greatest: (...args) => extreme(args, 1),
  "||": ofTexts((a, b) => a! + b!),
  concat: (...args) => args.map((value) => text(value) ?? "").join(""),
  length: ofTexts((value) => Array.from(value!).length),
  upper: ofTexts((value) => value!.toUpperCase()),
  reverse: ofTexts((value) => Array.from(value!).reverse().join("")),
  trim: ofTexts((value) => value!.trim()),
  contains: ofTexts((value, search) => value!.includes(search!)),
  starts_with: ofTexts((value, search) => value!.startsWith(search!)),
  ends_with: ofTexts((value, search) => value!.endsWith(search!)),
  position: ofTexts((value, search) => (value!.includes(search!) ? Array.from(value!.slice(0, value!.indexOf(search!))).length + 1 : 0)),
  like: ofTexts((value, pattern) => likeRegex(pattern!).test(value!)),
  replace: ofTexts((value, search, by) => (search === "" ? value! : value!.split(search!).join(by))),
  substr: (value, start, length) => {
    const [whole, from, count] = [text(value!), number(start!), number(length!)];
    return whole === null || from === null || count === null ? null : substring(whole, from, count);
  },
  to_number: (value) => (typeof value === "boolean" ? Number(value) : number(typeof value === "string" ? value.trim() : value!)),
  to_string: (value) => text(value!),
};
