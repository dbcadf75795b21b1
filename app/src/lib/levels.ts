/** The six levels, gravest first; shape and colour are drawn by LevelMark and the histogram. */
export const LEVELS = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const;
export type Level = (typeof LEVELS)[number];

/** The class that carries a level's colour; what has no level looks like DEBUG. */
export function levelClass(level: string | null | undefined): string {
  return `level-${(LEVELS as readonly string[]).includes(level ?? "") ? level?.toLowerCase() : "debug"}`;
}
