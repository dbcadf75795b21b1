import { formatTimestamp_us } from "../batch/record.ts";
import { severityOf } from "./levels.ts";
import { comparand, compareCodePoints, compareNumber, compareText } from "./numbers.ts";
import { quote } from "./quote.ts";

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
