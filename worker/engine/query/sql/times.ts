/** Functions of time that SQL calls otherwise than expressions do. */

import { DAY_US } from "../expressions/functions/calendar.ts";
import { TIME_UNITS } from "../expressions/functions/times.ts";
import { suggest } from "../suggest.ts";
import { alike, type Reading, readInterval } from "./comparison.ts";
import { fail } from "./fail.ts";
import type { Interval } from "./interval.ts";
import type { SqlExpression } from "./syntax.ts";
import { call, literal, type Typed, timeConstant } from "./typed.ts";

type Call = Extract<SqlExpression, { kind: "call" }>;
type Compile = (node: SqlExpression) => Typed;

const NOW = new Set([
  "now",
  "current_timestamp",
  "localtimestamp",
  "transaction_timestamp",
  "statement_timestamp",
  "get_current_timestamp",
]);
const TODAY = new Set(["current_date", "today"]);
export const BUCKETS: ReadonlySet<string> = new Set(["time_bucket", "bucket", "date_bin"]);
const PARTS: ReadonlySet<string> = new Set(["date_part", "datepart"]);

/** Parts of a time by the name of the function that gives them. */
const PART_FUNCTIONS: Readonly<Record<string, string>> = {
  year: "year",
  quarter: "quarter",
  month: "month",
  week: "week",
  day: "day",
  doy: "doy",
  dow: "dow",
  hour: "hour",
  minute: "minute",
  second: "second",
  millisecond: "millisecond",
  epoch: "epoch",
};

/** Null for another function. */
export function timeFunction(node: Call, compile: Compile, reading: Reading): Typed | null {
  const { name, args } = node;
  if (NOW.has(name) && args.length <= 1) return timeConstant(reading.now_us);
  if (TODAY.has(name) && args.length === 0) return timeConstant(Math.floor(reading.now_us / DAY_US) * DAY_US);
  if (name === "date_trunc") return dateTrunc(node, compile, reading);
  if (BUCKETS.has(name)) return timeBucket(node, compile, reading);
  if (PARTS.has(name)) return datePart(node, compile, reading);
  return null;
}

function time(node: SqlExpression, compile: Compile, reading: Reading): Typed {
  return alike(compile(node), timeConstant(0), node, reading);
}

/** A zone's offset, where there is one. */
function zone(node: SqlExpression | undefined, compile: Compile): Typed[] {
  return node ? [compile(node)] : [];
}

/** In small letters, singular. */
function unitOf(node: SqlExpression, known: readonly string[], { source }: Reading): string {
  const unit = node.kind === "text" ? node.value.toLowerCase().replace(/(?<=...)s$/, "") : "";
  if (known.includes(unit)) return unit;
  return fail("there is no such unit of time", node, source, `one of ${known.map((each) => `'${each}'`).join(", ")}`, suggest(unit, known));
}

function count(node: Call, least: number, most: number, call_as: string, { source }: Reading): void {
  if (node.args.length < least || node.args.length > most) fail(`${node.name} cannot be called like this`, node, source, call_as);
}

function checkZone(node: SqlExpression | undefined, { source }: Reading): void {
  if (!node || (node.kind === "text" && /^(?:Z|[+-]\d\d:?\d\d)$/.test(node.value))) return;
  fail("a zone is an offset from UTC", node, source, "an offset such as '+02:00'");
}

function dateTrunc(node: Call, compile: Compile, reading: Reading): Typed {
  count(node, 2, 3, "date_trunc('hour', timestamp)", reading);
  checkZone(node.args[2], reading);
  const unit = unitOf(node.args[0]!, TIME_UNITS, reading);
  return call("date_trunc", [literal(unit), time(node.args[1]!, compile, reading), ...zone(node.args[2], compile)]);
}

/** `time_bucket('5 minutes', timestamp)`; the two may stand the other way round. */
function timeBucket(node: Call, compile: Compile, reading: Reading): Typed {
  const [width, at, offset] = bucketArguments(node, reading);
  const typed = compile(width);
  const { months, us } = intervalOf(typed, width, reading);
  const rest = [time(at, compile, reading), ...zone(offset, compile)] as const;
  if (months > 0) return call("date_trunc", [literal(monthsUnit(months, us, width, reading)), ...rest]);
  const [moment, ...zones] = rest;
  return call("bucket", [moment, literal(us / 1e6), ...zones]);
}

export function bucketArguments(
  node: Call,
  reading: Reading,
): [width: SqlExpression, time: SqlExpression, zone: SqlExpression | undefined] {
  count(node, 2, 3, `${node.name}('5 minutes', timestamp)`, reading);
  const [first, second, third] = node.args as [SqlExpression, SqlExpression, SqlExpression | undefined];
  checkZone(third, reading);
  return second.kind === "text" || second.kind === "cast" ? [second, first, third] : [first, second, third];
}

export function intervalOf(typed: Typed, node: SqlExpression, reading: Reading): Interval {
  const interval = typeof typed.constant === "string" ? readInterval(typed.constant, node, reading).interval : typed.interval;
  if (interval && (interval.months > 0 || interval.us > 0)) return interval;
  return fail("a bucket needs a width", node, reading.source, "an interval such as '5 minutes'");
}

function monthsUnit(months: number, us: number, node: SqlExpression, { source }: Reading): string {
  const unit = us === 0 ? { 1: "month", 3: "quarter", 12: "year" }[months] : undefined;
  return unit ?? fail("months are counted one, three or twelve together", node, source, "'1 month', '3 months' or '1 year'");
}

/** `extract(hour from timestamp)`, `date_part('hour', timestamp)`; the epoch of a difference of times is the difference itself. */
function datePart(node: Call, compile: Compile, reading: Reading): Typed {
  count(node, 2, 2, "extract(hour from timestamp)", reading);
  const unit = unitOf(node.args[0]!, Object.keys(PART_FUNCTIONS), reading);
  const value = compile(node.args[1]!);
  if (unit === "epoch" && value.type === "number") return value;
  if (unit === "epoch" && value.interval?.months === 0) return literal(value.interval.us / 1e6);
  return call(PART_FUNCTIONS[unit]!, [alike(value, timeConstant(0), node.args[1]!, reading)]);
}
