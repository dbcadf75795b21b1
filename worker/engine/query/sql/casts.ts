/** CAST(x AS type), x::type. What cannot be converted is null. */
import { type Reading, readInterval, readTime } from "./comparison.ts";
import { fail } from "./fail.ts";
import type { SqlExpression } from "./syntax.ts";
import { call, literal, type Typed, timeConstant } from "./typed.ts";

type Node = Extract<SqlExpression, { kind: "cast" }>;

const WHOLE = new Set("smallint int2 int integer int4 bigint int8 tinyint hugeint ubigint uinteger usmallint utinyint long".split(" "));
const NUMBERS = new Set(["numeric", "decimal", "real", "float", "float4", "float8", "double precision", "number"]);
const TEXTS = new Set("text varchar char bpchar character string name".split(" "));
const TIMES = new Set("timestamp timestamptz datetime".split(" "));

export function castTo(node: Node, value: Typed, reading: Reading): Typed {
  const { type, size } = node;
  if (type === "interval") return toInterval(node, value, reading);
  if (value.type === "interval") return refuse(node, "an interval is no value by itself", reading);
  if (WHOLE.has(type)) return call("round", [toNumber(node, value, reading)]);
  if (NUMBERS.has(type)) return toNumber(node, value, reading);
  if (TEXTS.has(type)) {
    const text = call("to_string", [value]);
    return size === null ? text : call("left", [text, literal(size)]);
  }
  if (type === "bool" || type === "boolean") return call("to_bool", [value]);
  if (TIMES.has(type)) return toTime(node, value, reading);
  if (type === "date") return call("date_trunc", [literal("day"), toTime(node, value, reading)]);
  return refuse(node, `there is no type ${type} here`, reading);
}

function refuse(node: Node, message: string, { source }: Reading): never {
  return fail(
    message,
    node,
    source,
    "one of the types integer, bigint, double precision, numeric, text, varchar, boolean, timestamp, date, interval",
  );
}

function toNumber(node: Node, value: Typed, { source }: Reading): Typed {
  if (value.type === "time") fail("a time is no number", node, source, "extract(epoch from time), for seconds since 1970");
  return value.type === "number" ? value : call("to_number", [value]);
}

function toTime(node: Node, value: Typed, reading: Reading): Typed {
  if (value.type === "time") return value;
  if (typeof value.constant === "string") return timeConstant(readTime(value.constant, node, reading));
  return call("to_time", [value]);
}

function toInterval(node: Node, value: Typed, reading: Reading): Typed {
  if (value.type === "interval") return value;
  if (typeof value.constant === "string") return readInterval(value.constant, node, reading);
  return fail("an interval must be written out", node, reading.source, "an interval such as interval '1 hour'");
}
