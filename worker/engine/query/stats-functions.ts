import type { StatFunction } from "./stat.ts";
import { countFunction } from "./stats-count.ts";

/** Every function of `stats` by its name. */
export const STATS_FUNCTIONS: Readonly<Record<string, StatFunction>> = {
  count: countFunction,
};
