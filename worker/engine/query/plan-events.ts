/** What a plan without a reduction says of the events that it shows. */
import { type FilterHints, filterHints } from "./filters/hints.ts";
import type { Plan } from "./plan.ts";

/** Which of the matching events, in the order of the answer, are shown: `skip` are passed over, then at most `count` follow (infinite: all). */
export function eventWindow(plan: Plan): { skip: number; count: number } {
  let skip = 0;
  let count = Number.POSITIVE_INFINITY;
  for (const pipe of plan.table) {
    if (pipe.kind === "limit") count = Math.min(count, pipe.count);
    if (pipe.kind !== "offset") continue;
    skip += Math.min(pipe.count, count);
    count = Math.max(0, count - pipe.count);
  }
  return { skip, count };
}

/** What the plan's filter makes necessary. */
export function planHints(plan: Plan): FilterHints {
  return filterHints(plan.filter);
}
