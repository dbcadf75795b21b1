import type { RollPlan } from "../../durable-objects/project-monitor/types.ts";
import { metricDefinitionsKey, metricTierPrefix } from "../catalog/keys.ts";
import { rollBlock } from "../catalog/metric-history.ts";
import { type CompiledMetric, compileMetric } from "../engine/windows/compile-metric.ts";
import { type Pane, unpackDeltas } from "../engine/windows/deltas.ts";
import { type Block, blockOf, DAY_US, TIER_NAMES, TIERS, type Tier } from "../engine/windows/resolution.ts";
import { BUCKET_PAGE_MAX, METRIC_ROLLS_PER_JOB_MAX } from "../limits.ts";
import type { House } from "./house.ts";

/** What goes into one block, by metric. */
interface Collected {
  tier: Tier;
  block: Block;
  panes: Map<number, Pane[]>;
}

/**
 * Writes what a project's monitor counted to history: first all blocks, then the object is told. A crash between leaves work that the next holder
 * repeats to the same effect, since a block names the last roll that is in it.
 * @returns rolls made
 */
export async function rollMetrics(house: House, project_id: string, force: boolean): Promise<number> {
  for (let made = 0; made < METRIC_ROLLS_PER_JOB_MAX; made++) {
    const plan = await house.monitor(project_id).rollPlan(force);
    if (!plan) return made;
    if (!(await rollOnce(house, project_id, plan))) return made;
  }
  return METRIC_ROLLS_PER_JOB_MAX;
}

/** @returns false where another holder was faster */
async function rollOnce(house: House, project_id: string, plan: RollPlan): Promise<boolean> {
  const { roll, life } = plan;
  const metrics = new Map(plan.metrics.map(({ metric_id, definition }) => [metric_id, compileMetric(definition)]));
  const panes = await frozenPanes(house, project_id, roll);
  if (!panes) return false;
  for (const { tier, block, panes: of_block } of blocksOfPanes(panes, metrics, house.now_ms() * 1000)) {
    await rollBlock(house.bucket, { project_id, tier, block, life, roll, panes: of_block, metrics });
    await house.pause();
  }
  const declared = plan.metrics.filter(({ built_in }) => !built_in).map(({ definition }) => definition);
  await house.bucket.put(metricDefinitionsKey(project_id), JSON.stringify({ life, roll, metrics: declared }));
  await house.monitor(project_id).rollDone(roll);
  if (roll % ROLLS_PER_EXPIRY === 1) await expireHistory(house, project_id);
  return true;
}

async function frozenPanes(house: House, project_id: string, roll: number): Promise<Map<number, Pane[]> | null> {
  const panes = new Map<number, Pane[]>();
  for (let start: number | null = 0; start !== null; ) {
    const page = await house.monitor(project_id).rollParts(roll, start);
    if (!page) return null;
    for (const delta of page.parts.flatMap(unpackDeltas)) {
      const known = panes.get(delta.metric_id);
      if (known) known.push(...delta.panes);
      else panes.set(delta.metric_id, delta.panes);
    }
    start = page.next;
  }
  return panes;
}

/** Every pane into a block of each tier, unless the tier does not reach back as far. */
function blocksOfPanes(panes: ReadonlyMap<number, Pane[]>, metrics: ReadonlyMap<number, CompiledMetric>, now_us: number): Collected[] {
  const collected = new Map<string, Collected>();
  for (const [metric_id, of_metric] of panes) {
    if (!metrics.has(metric_id)) continue;
    for (const tier of TIER_NAMES) {
      const oldest_us = now_us - TIERS[tier].days * DAY_US;
      for (const pane of of_metric) {
        const block = blockOf(tier, pane.from_us);
        if (block.to_us <= oldest_us) continue;
        const name = `${tier}/${block.name}`;
        const found = collected.get(name) ?? { tier, block, panes: new Map<number, Pane[]>() };
        collected.set(name, found);
        const known = found.panes.get(metric_id);
        if (known) known.push(pane);
        else found.panes.set(metric_id, [pane]);
      }
    }
  }
  return [...collected.values()];
}

/** About once a day, rolls being made once an hour. */
const ROLLS_PER_EXPIRY = 24;

/** Deletes blocks that are older than their tier keeps. Names sort by time. */
export async function expireHistory(house: House, project_id: string): Promise<void> {
  for (const tier of TIER_NAMES) {
    const prefix = metricTierPrefix(project_id, tier);
    const oldest = blockOf(tier, house.now_ms() * 1000 - TIERS[tier].days * DAY_US).name;
    const { objects } = await house.bucket.list({ prefix, limit: BUCKET_PAGE_MAX });
    const expired = objects.map(({ key }) => key).filter((key) => key.slice(prefix.length) < oldest);
    if (expired.length > 0) await house.bucket.delete(expired);
  }
}
