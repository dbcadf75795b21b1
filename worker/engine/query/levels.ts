import { LEVELS, type Level } from "../batch/event-batch.ts";

/** The unmistakable ones of those that events may come with (`engine/normalize/level.ts`). */
const SPELLINGS: Record<Level, readonly string[]> = {
  TRACE: ["trace", "trc", "verbose", "finest", "silly"],
  DEBUG: ["debug", "dbg", "fine", "finer"],
  INFO: ["info", "inf", "information", "informational", "notice"],
  WARN: ["warn", "warning", "wrn"],
  ERROR: ["error", "err", "severe"],
  FATAL: ["fatal", "ftl", "critical", "crit", "alert", "emergency", "emerg", "panic", "dpanic"],
};

const BY_SPELLING: ReadonlyMap<string, Level> = new Map(LEVELS.flatMap((level) => SPELLINGS[level].map((spelling) => [spelling, level])));

export const LEVEL_SPELLINGS: readonly string[] = [...BY_SPELLING.keys()];

/** The level that a spelling means, whatever its case; null where it means none. */
export function levelOf(text: string): Level | null {
  return BY_SPELLING.get(text.toLowerCase()) ?? null;
}

/** 0 (TRACE) to 5 (FATAL); -1 for a text that is no level. */
export function severityOf(text: string): number {
  return LEVELS.indexOf(text as Level);
}
