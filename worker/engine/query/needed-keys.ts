import { isTimeField } from "./fields.ts";
import type { Filter } from "./filters/filter.ts";
import { and } from "./filters/filter-and.ts";
import type { GroupKey } from "./pipes/pipe-stats.ts";
import type { Plan } from "./plan.ts";
import { addedFields } from "./plan-columns.ts";

/** Facts of segments know which events have these. */
const OF_FACTS: ReadonlySet<string> = new Set(["level", "service"]);

/**
 * The same plan, where events without a value of a key are left out while they are grouped and not by a condition before: `path:* | top 10 path` need
 * not go through the paths twice.
 */
export function withNeededKeys<P extends Plan>(plan: P): P {
  const { filter, steps, reduce } = plan;
  const conditions = filter.kind === "and" ? filter.filters : [filter];
  const added = addedFields(steps);
  if (reduce?.kind !== "stats" || added === "any" || !conditions.some(({ kind }) => kind === "exists")) return plan;
  const spared = new Set<Filter>();
  const needed = (key: GroupKey): GroupKey => {
    if (key.kind !== "field" || isTimeField(key.field) || OF_FACTS.has(key.field) || added.has(key.field)) return key;
    const same = conditions.filter((condition) => condition.kind === "exists" && condition.field === key.field);
    for (const condition of same) spared.add(condition);
    return same.length > 0 ? { ...key, needed: true } : key;
  };
  const by = reduce.by.map(needed);
  return { ...plan, filter: and(conditions.filter((condition) => !spared.has(condition))), reduce: { ...reduce, by } };
}
