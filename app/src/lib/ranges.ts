/** The span of time that is looked at: back from now, or between two moments. */
import { parseEditable } from "./format/time.ts";

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

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** The length of `-15m`, `90s`, `2h`; null where it is none. */
export function relativeLength_ms(text: string): number | null {
  const match = /^-?\s*(\d+(?:\.\d+)?)\s*([smhdw])$/.exec(text.trim());
  return match ? Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0) : null;
}

export function isRelative(range: Range): boolean {
  return range.to === null && relativeLength_ms(range.from) !== null;
}

/** Begin and end as moments. */
export function resolveRange(range: Range, now_ms = Date.now()): { from_ms: number; to_ms: number } {
  const length_ms = relativeLength_ms(range.from);
  const to_ms = range.to === null ? now_ms : Date.parse(range.to);
  return { from_ms: length_ms === null ? Date.parse(range.from) : to_ms - length_ms, to_ms };
}

/** A range between two moments. */
export function absoluteRange(from_ms: number, to_ms: number): Range {
  return { from: new Date(from_ms).toISOString(), to: new Date(to_ms).toISOString() };
}

/** The range as long as this one that ends where it begins, or begins where it ends; never beyond now. */
export function shifted(range: Range, direction: -1 | 1, now_ms = Date.now()): Range {
  const { from_ms, to_ms } = resolveRange(range, now_ms);
  const step_ms = (to_ms - from_ms) * direction;
  if (direction === 1 && to_ms + step_ms >= now_ms) return absoluteRange(Math.max(from_ms, now_ms - (to_ms - from_ms)), now_ms);
  return absoluteRange(from_ms + step_ms, to_ms + step_ms);
}

/** Twice as long around the same middle; never beyond now. */
export function zoomedOut(range: Range, now_ms = Date.now()): Range {
  const { from_ms, to_ms } = resolveRange(range, now_ms);
  const half_ms = (to_ms - from_ms) / 2;
  return absoluteRange(from_ms - half_ms, Math.min(now_ms, to_ms + half_ms));
}

/** "the last 15 minutes", or "the chosen time". */
export function rangeWords(range: Range): string {
  const preset = presetOf(range);
  if (preset) return `the last ${preset.words}`;
  return isRelative(range) ? `the last ${range.from.replace("-", "")}` : "the chosen time";
}

export function presetOf(range: Range): (typeof PRESETS)[number] | undefined {
  return range.to === null ? PRESETS.find((preset) => preset.from === range.from) : undefined;
}

/** The next wider preset; null where there is none. */
export function widerThan(range: Range): (typeof PRESETS)[number] | null {
  const { from_ms, to_ms } = resolveRange(range);
  const now_ms = Date.now();
  const needed_ms = Math.max(2 * (to_ms - from_ms), now_ms - from_ms + 1);
  return PRESETS.find((preset) => (relativeLength_ms(preset.from) ?? 0) >= needed_ms) ?? null;
}

/** A range as somebody types it into one field: `15m`, `2026-11-28 14:00 - 15:00` is two fields instead. Null where it is none. */
export function typedRange(from: string, to: string): Range | null {
  const length = relativeLength_ms(from);
  if (length !== null && (to.trim() === "" || to.trim() === "now"))
    return { from: `-${from.trim().replace(/^-\s*/, "").replace(/\s+/g, "")}`, to: null };
  const begin = parseEditable(from);
  const end = to.trim() === "" || to.trim() === "now" ? new Date() : parseEditable(to);
  if (!begin || !end || begin >= end) return null;
  return { from: begin.toISOString(), to: end.toISOString() };
}
