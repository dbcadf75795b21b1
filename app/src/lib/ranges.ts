/** The span of time that is looked at: back from now, or between two moments. */
export interface Range {
  /** `-15m`, or an RFC 3339 time. */
  from: string;
  /** Null: up to now. */
  to: string | null;
}

export const PRESETS = [
  { from: "-5m", label: "5 m", words: "5 minutes" },
  { from: "-15m", label: "15 m", words: "15 minutes" },
  { from: "-1h", label: "1 h", words: "hour" },
  { from: "-6h", label: "6 h", words: "6 hours" },
  { from: "-24h", label: "24 h", words: "24 hours" },
  { from: "-7d", label: "7 d", words: "7 days" },
  { from: "-30d", label: "30 d", words: "30 days" },
] as const;

export const DEFAULT_RANGE: Range = { from: "-15m", to: null };

/** "the last 15 minutes", or "the chosen time". */
export function rangeWords(range: Range): string {
  const preset = presetOf(range);
  return preset ? `the last ${preset.words}` : "the chosen time";
}

export function presetOf(range: Range): (typeof PRESETS)[number] | undefined {
  return range.to === null ? PRESETS.find((preset) => preset.from === range.from) : undefined;
}

/** The next wider preset; null for the widest and for chosen times. */
export function widerThan(range: Range): (typeof PRESETS)[number] | null {
  const index = PRESETS.findIndex((preset) => preset.from === range.from);
  return index === -1 ? null : (PRESETS[index === 1 ? 4 : index + 1] ?? null);
}
