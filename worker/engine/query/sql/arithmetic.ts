/** Arithmetic of numbers, texts, times and intervals. */
import { alike, type Reading } from "./comparison.ts";
import { fail } from "./fail.ts";
import { addInterval_us, type Interval } from "./interval.ts";
import type { SqlExpression } from "./syntax.ts";
import { call, intervalConstant, literal, type Typed, timeConstant } from "./typed.ts";

type Node = Extract<SqlExpression, { kind: "arithmetic" }>;

const FUNCTIONS: Readonly<Record<string, string>> = { "^": "pow" };

export function negative(operand: Typed, node: SqlExpression, { source }: Reading): Typed {
  if (operand.type === "interval") return intervalConstant(scaled(operand.interval!, -1));
  if (operand.type === "time") fail("a time has no sign", node, source, "a number or an interval");
  const made = call("neg", [operand]);
  return operand.digits === undefined ? made : { ...made, digits: `-${operand.digits}` };
}

export function arithmetic(node: Node, a: Typed, b: Typed, reading: Reading): Typed {
  const { operator } = node;
  if (a.type === "interval" || b.type === "interval") return withInterval(node, a, b, reading);
  if (operator !== "||" && (a.type === "time" || b.type === "time")) return ofTimes(node, a, b, reading);
  return call(FUNCTIONS[operator] ?? operator, [a, b]);
}

/** Of two times the difference is possible, in seconds. */
function ofTimes(node: Node, a: Typed, b: Typed, reading: Reading): Typed {
  const left = alike(a, b, node.left, reading);
  const right = alike(b, a, node.right, reading);
  if (node.operator === "-" && left.type === "time" && (right.type === "time" || right.type === "any")) {
    return call("-", [left, right.type === "time" ? right : call("to_time", [right])]);
  }
  return fail(
    `${node.operator} is not possible with these: a time goes with an interval, or minus another time`,
    node,
    reading.source,
    "such as timestamp - interval '5 minutes'",
  );
}

function withInterval(node: Node, a: Typed, b: Typed, reading: Reading): Typed {
  const { operator } = node;
  const sign = operator === "-" ? -1 : 1;
  if (a.type === "interval" && b.type === "interval" && (operator === "+" || operator === "-")) {
    const other = scaled(b.interval!, sign);
    return intervalConstant({ months: a.interval!.months + other.months, us: a.interval!.us + other.us });
  }
  if (a.type !== "interval" && (operator === "+" || operator === "-")) return moved(node, a, scaled(b.interval!, sign), reading);
  if (b.type !== "interval" && operator === "+") return moved(node, b, a.interval!, reading);
  const factor = a.type === "interval" ? b : a;
  const possible = operator === "*" || (operator === "/" && a.type === "interval" && factor.constant !== 0);
  if (possible && typeof factor.constant === "number") {
    const interval = scaled((a.type === "interval" ? a : b).interval!, operator === "*" ? factor.constant : 1 / factor.constant);
    if (Number.isInteger(interval.months)) return intervalConstant({ months: interval.months, us: Math.round(interval.us) });
  }
  return fail(
    `${operator} is not possible with an interval here`,
    node,
    reading.source,
    "a time plus or minus an interval, or an interval times a number",
  );
}

function moved(node: Node, value: Typed, interval: Interval, reading: Reading): Typed {
  const time = typeof value.constant === "string" ? alike(value, timeConstant(0), node.left, reading) : value;
  if (time.type === "time" && typeof time.constant === "number") return timeConstant(addInterval_us(time.constant, interval));
  if (interval.months !== 0) {
    fail(
      "months have no fixed length",
      node,
      reading.source,
      "an interval of days, hours, minutes or seconds, or a time that is written out",
    );
  }
  if (time.type !== "time" && time.type !== "any") fail("only a time can be moved by an interval", node, reading.source, "a time");
  const moving = time.type === "time" ? time : call("to_time", [time]);
  return call("+", [moving, literal(interval.us / 1e6)]);
}

function scaled({ months, us }: Interval, factor: number): Interval {
  return { months: months * factor, us: us * factor };
}
