import { isTimeField } from "../fields.ts";
import { LEVEL_SPELLINGS, levelOf } from "../levels.ts";
import { readNumber } from "../numbers.ts";
import type { Scanner, TextToken } from "../scanner.ts";
import { suggest } from "../suggest.ts";
import { parseTime_us } from "../time.ts";
import type { Operand } from "./operand.ts";

/** What a value beside `>`, `<`, `=` or in a range means for this field. */
export function readOperand(scanner: Scanner, field: string, token: TextToken): Operand {
  if (isTimeField(field)) return { kind: "time", time_us: readTime(scanner, token) };
  if (field === "level") return { kind: "level", level: readLevel(scanner, token) };
  if (!token.quoted && readNumber(token.text) !== null) return { kind: "number", text: token.text };
  return { kind: "text", text: token.text };
}

export function readTime(scanner: Scanner, token: TextToken): number {
  const time_us = parseTime_us(token.text, scanner.now_us);
  if (time_us === null) {
    scanner.fail("a time such as 2026-03-01T12:00:00Z, 2026-03-01, -15m or now", { position: token.position });
  }
  return time_us;
}

export function readLevel(scanner: Scanner, token: TextToken): string {
  const level = levelOf(token.text);
  if (level === null) {
    const suggestion = suggest(token.text, LEVEL_SPELLINGS);
    scanner.fail("a level: trace, debug, info, warn, error or fatal", { position: token.position, suggestion });
  }
  return level;
}
