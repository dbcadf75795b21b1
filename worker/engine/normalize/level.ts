import { ByteDictionary } from "../batch/builder-dictionary.ts";
import { hashOf } from "../batch/byte-hash.ts";
import { LEVELS, type Level } from "../batch/event-batch.ts";
import type { LevelScale } from "./fields.ts";

/** Spellings in lower case that say no more than the level … */
const PLAIN: Record<Level, string> = {
  TRACE: "trace trc t v",
  DEBUG: "debug dbg debg d",
  INFO: "info inf information informational i",
  WARN: "warn warning wrn w",
  ERROR: "error err erro eror e",
  FATAL: "fatal ftl f",
};
/** … and spellings that say more, so that they are kept beside it. */
const TELLING: Record<Level, string> = {
  TRACE: "verbose silly finest all trace2 trace3 trace4",
  DEBUG: "fine finer config debug2 debug3 debug4 debug1 debug5",
  INFO: "notice note success ok default log http info2 info3 info4",
  WARN: "caution warn2 warn3 warn4",
  ERROR: "severe failure failed error2 error3 error4",
  FATAL: "critical crit crt c alert a emerg emergency emrg panic dpanic fatal2 fatal3 fatal4",
};
/** Spellings that are also everyday words: a field whose name promises a level may hold them, a line of text or an ambiguous field may not. */
const EVERYDAY = new Set("all ok default log http success note fine finer config failed failure caution a c t".split(" "));
const SYSLOG_LEVELS = [5, 5, 5, 4, 3, 2, 2, 1] as const;
/** What a syslog number says beyond its level. */
const SYSLOG_NAMES = ["emergency", "alert", "critical", null, null, "notice", null, null] as const;
const SPELLING_LENGTH_MAX = 24;
const SPELLINGS_KEPT_MAX = 256;

interface Spelling {
  /** Index into LEVELS. */
  level: number;
  telling: boolean;
  everyday: boolean;
}

const SPELLINGS: ReadonlyMap<string, Spelling> = (() => {
  const spellings = new Map<string, Spelling>();
  for (const [level, name] of LEVELS.entries()) {
    for (const word of PLAIN[name].split(" ")) spellings.set(word, { level, telling: false, everyday: EVERYDAY.has(word) });
    for (const word of TELLING[name].split(" ")) spellings.set(word, { level, telling: true, everyday: EVERYDAY.has(word) });
  }
  return spellings;
})();

/** What a level's text means; null for an unknown one. Case, surrounding white space and brackets do not matter. */
export function levelOfText(text: string): Spelling | null {
  if (text.length > SPELLING_LENGTH_MAX) return null;
  const word = text.trim().toLowerCase();
  return SPELLINGS.get(word) ?? SPELLINGS.get(word.replace(/^[[(<]|[\])>:]$/g, "")) ?? null;
}

export interface NumberedLevel {
  /** Index into LEVELS. */
  level: number;
  /** Kept as `severity_number` (OpenTelemetry's scale) where it says more than the level. */
  severity_number: number | null;
  /** Kept as `severity_text`, likewise. */
  severity_text: string | null;
}

/**
 * What a level's number means on its scale; null where the scale does not have it.
 * `usual` stands for a field called level: 10..60 as pino and bunyan count, 0..7 as GELF does.
 */
export function levelOfNumber(value: number, scale: LevelScale): NumberedLevel | null {
  if (!Number.isFinite(value) || value < 0) return null;
  if (scale === "opentelemetry") return openTelemetryLevel(value);
  if (scale === "pri") return Number.isInteger(value) && value <= 191 ? syslogLevel(value & 7) : null;
  if (scale === "syslog") return syslogLevel(value) ?? openTelemetryLevel(value);
  if (value >= 10) return tensLevel(value, scale === "python" ? 10 : 0);
  return scale === "usual" ? syslogLevel(value) : null;
}

function syslogLevel(value: number): NumberedLevel | null {
  if (!Number.isInteger(value) || value > 7) return null;
  return { level: SYSLOG_LEVELS[value]!, severity_number: null, severity_text: SYSLOG_NAMES[value]! };
}

function openTelemetryLevel(value: number): NumberedLevel | null {
  if (!Number.isInteger(value) || value < 1 || value > 24) return null;
  return { level: (value - 1) >> 2, severity_number: (value - 1) % 4 === 0 ? null : value, severity_text: null };
}

/** pino and bunyan count from 10 = trace, Python from 10 = debug: `shift` 10. Numbers between belong to the ten below. */
function tensLevel(value: number, shift: number): NumberedLevel | null {
  const number = value + shift;
  if (number >= 70) return null;
  return { level: Math.floor(number / 10) - 1, severity_number: null, severity_text: value % 10 === 0 ? null : String(value) };
}

/** Levels of spellings given as bytes: each spelling is understood once, however many events bear it. */
export class LevelReader {
  /** Of the spelling read last: index into LEVELS, -1 where it is none. */
  level = -1;
  telling = false;
  everyday = false;
  #seen = new ByteDictionary();
  #spellings: (Spelling | null)[] = [];

  /** @param hash of the bytes as `hashOf` makes it; 0 where it was not made */
  read(bytes: Uint8Array, start: number, end: number, hash = 0): boolean {
    this.level = -1;
    if (end - start > SPELLING_LENGTH_MAX) return false;
    if (this.#seen.size >= SPELLINGS_KEPT_MAX) this.#forget();
    const index = this.#seen.add(bytes, start, end, hash === 0 ? hashOf(bytes, start, end) : hash);
    if (index === this.#spellings.length) this.#spellings.push(levelOfText(asciiText(bytes, start, end)));
    const spelling = this.#spellings[index];
    if (!spelling) return false;
    this.level = spelling.level;
    this.telling = spelling.telling;
    this.everyday = spelling.everyday;
    return true;
  }

  #forget(): void {
    this.#seen.clear();
    this.#spellings.length = 0;
  }
}

function asciiText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at]!);
  return text;
}
