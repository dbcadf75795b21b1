import type { StatFunction } from "./stat.ts";
import { avgFunction } from "./stats-avg.ts";
import { countFunction } from "./stats-count.ts";
import { maxFunction } from "./stats-max.ts";
import { minFunction } from "./stats-min.ts";
import { sumFunction } from "./stats-sum.ts";

/** Every function of `stats` by its name. */
export const STATS_FUNCTIONS: Readonly<Record<string, StatFunction>> = {
  count: countFunction,
  sum: sumFunction,
  avg: avgFunction,
  min: minFunction,
  max: maxFunction,
};
