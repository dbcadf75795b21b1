import { formatTimestamp_us } from "../../batch/record.ts";
import { severityOf } from "../levels.ts";
import { comparand, compareCodePoints, compareNumber, compareText } from "../numbers.ts";
import { quote } from "../quote.ts";
import type { Interval } from "./value-test.ts";

/** What a value is compared with. Its kind decides the order: by number, by time, by severity, else by the text's code points. */
export type Operand =
  | { kind: "number"; text: string }
  | { kind: "text"; text: string }
  | { kind: "time"; time_us: number }
  | { kind: "level"; level: string };

/** Order of a value to an operand: negative below, 0 equal, positive above, NaN where the two have no order. */
export interface Order {
  text(value: string): number;
  number(value: number): number;
  time(time_us: number): number;
}

export function orderTo(operand: Operand): Order {
  switch (operand.kind) {
    case "number": {
      const to = comparand(operand.text);
      return {
        text: (value) => compareText(value, to),
        number: (value) => compareNumber(value, to),
        time: (value) => compareNumber(value, to),
      };
    }
    case "text": {
      const text = (value: string) => compareCodePoints(value, operand.text);
      return { text, number: (value) => text(String(value)), time: (time_us) => text(formatTimestamp_us(time_us)) };
    }
    case "time": {
      const time = (time_us: number) => time_us - operand.time_us;
      return { text: () => Number.NaN, number: time, time };
    }
    case "level": {
      const rank = severityOf(operand.level);
      const text = (value: string) => {
        const severity = severityOf(value);
        return severity < 0 ? Number.NaN : severity - rank;
      };
      return { text, number: () => Number.NaN, time: () => Number.NaN };
    }
  }
}

/** The numbers or times on one side of an operand; null where the operand orders other things, or not by a number alone. */
export function intervalTo(operand: Operand, operator: ">" | ">=" | "<" | "<=" | "="): Interval | null {
  const at = operand.kind === "time" ? operand.time_us : operand.kind === "number" ? plainNumber(operand.text) : null;
  if (at === null) return null;
  switch (operator) {
    case ">":
      return { low: next(at, 1), high: Number.POSITIVE_INFINITY };
    case ">=":
      return { low: at, high: Number.POSITIVE_INFINITY };
    case "<":
      return { low: Number.NEGATIVE_INFINITY, high: next(at, -1) };
    case "<=":
      return { low: Number.NEGATIVE_INFINITY, high: at };
    case "=":
      return { low: at, high: at };
  }
}

function plainNumber(text: string): number | null {
  const { value, exact } = comparand(text);
  return exact === null && Number.isFinite(value) ? value : null;
}

const float = new Float64Array(1);
const bits = new BigInt64Array(float.buffer);

/** The neighbour of a finite number, above or below it. */
function next(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  float[0] = value;
  bits[0] = bits[0]! + (value > 0 === direction > 0 ? 1n : -1n);
  return float[0];
}

export function printOperand(operand: Operand): string {
  switch (operand.kind) {
    case "number":
      return operand.text;
    case "text":
      return quote(operand.text);
    case "time":
      return formatTimestamp_us(operand.time_us);
    case "level":
      return operand.level;
  }
}
