/** The six levels, gravest first; shape and colour are drawn by LevelMark and the charts. */
export const LEVELS = ["FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"] as const;
export type Level = (typeof LEVELS)[number];

const CLASSES: Record<string, string> = {
  FATAL: "level-fatal",
  ERROR: "level-error",
  WARN: "level-warn",
  INFO: "level-info",
  DEBUG: "level-debug",
  TRACE: "level-trace",
};

/** The class that carries a level's colour. */
export function levelClass(level: string | null | undefined): string {
  return CLASSES[level ?? ""] ?? "level-none";
}

export function isLevel(value: string | null): value is Level {
  return value !== null && Object.hasOwn(CLASSES, value);
}
