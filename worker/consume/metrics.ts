import { countEvents, countingHouse } from "../catalog/counting.ts";
import { readLiveValues, shownLive } from "../catalog/metric-series.ts";
import { monitorOf } from "../catalog/monitor.ts";
import { streamName } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { COUNT_TIMEOUT_MS } from "../limits.ts";
import { count } from "../metrics.ts";
import { withTimeout } from "../timeout.ts";

/** Counting under way in this isolate, by stream, and whether something came since its last round began. */
const running = new Map<string, { again: boolean; began_ms: number }>();

/** Sends current values to the sockets that follow them; those of the next round make up for what fails. */
async function publishValues(env: Env, project_id: string, shard: number, names: readonly string[]): Promise<void> {
  const live = await readLiveValues({ monitor: monitorOf(env, project_id), bucket: env.BUCKET }, names);
  for (const values of live)
    await env.STREAM.getByName(streamName(project_id, shard)).publish(values.metric.definition.name, shownLive(values));
}

/**
 * Counts what is new in a stream. Events are safe by now: whatever fails here is logged, holds up nobody, and is counted by the next call.
 * Calls while one is under way in the isolate are one more round of it.
 */
export async function countMetrics(env: Env, project_id: string, shard: number): Promise<void> {
  const name = `${project_id}:${shard}`;
  const others = running.get(name);
  // A round whose invocation was ended is never done.
  if (others && Date.now() - others.began_ms <= COUNT_TIMEOUT_MS) {
    others.again = true;
    return;
  }
  const state = { again: true, began_ms: 0 };
  running.set(name, state);
  try {
    while (state.again) {
      state.again = false;
      state.began_ms = Date.now();
      let watched: string[] = [];
      const house = {
        ...countingHouse(env),
        watched: (names: string[]) => {
          watched = names;
        },
      };
      await withTimeout(countEvents(house, project_id, shard), COUNT_TIMEOUT_MS);
      if (watched.length > 0) await publishValues(env, project_id, shard, watched);
    }
  } catch (error) {
    count("ledge_metrics_counting_failures_total", {});
    console.error("metrics not counted", project_id, error);
  } finally {
    if (running.get(name) === state) running.delete(name);
  }
}
