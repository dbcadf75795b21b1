import { STATS_TEXTS_LENGTH_MAX, STATS_TEXTS_LENGTH_MIN } from "../../../limits.ts";
import type { TableValue } from "../table.ts";

/** Characters that each of so many texts may have. */
export function textLengthMax(texts: number): number {
  return Math.max(STATS_TEXTS_LENGTH_MIN, Math.floor(STATS_TEXTS_LENGTH_MAX / Math.max(1, texts)));
}

/** The value, as a text cut to a length and ended by dots where it is longer. */
export function shortened(value: TableValue, length_max: number): TableValue {
  if (typeof value !== "string" || value.length <= length_max) return value;
  const cut = value.slice(0, length_max);
  return `${cut.isWellFormed() ? cut : cut.slice(0, -1)}…`;
}
