/** The definitions of a project's metrics, as its monitor keeps them: read, changed all at once or not at all. */
import { createHash } from "node:crypto";
import type { ConfigureAnswer, MetricStatus, ProjectMonitorRpc } from "../../durable-objects/project-monitor/types.ts";
import { monitorOf } from "../catalog/monitor.ts";
import type { MetricDefinition } from "../engine/windows/definition.ts";
import type { Env } from "../env.ts";
import { Problem } from "../errors.ts";
import { METRICS_PER_PROJECT_MAX, MONITOR_TIMEOUT_MS } from "../limits.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";

export interface Definitions {
  /** Raised by every change, those of back-fills too. */
  version: number;
  metrics: MetricStatus[];
}

/** How often a change is tried again because somebody else changed the definitions meanwhile. */
const ATTEMPTS_MAX = 4;

/** Asks the project's monitor, with a bound on time. @throws Problem `unavailable` */
function callMonitor<T>(env: Pick<Env, "MONITOR">, project_id: string, call: (monitor: ProjectMonitorRpc) => Promise<T>): Promise<T> {
  return tryTwice(() => withTimeout(call(monitorOf(env, project_id)), MONITOR_TIMEOUT_MS));
}

/** @throws Problem `unavailable` */
export function readDefinitions(env: Pick<Env, "MONITOR">, project_id: string): Promise<Definitions> {
  return callMonitor(env, project_id, (monitor) => monitor.metrics());
}

export function findMetric({ metrics }: Definitions, name: string): MetricStatus | null {
  return metrics.find(({ definition }) => definition.name === name) ?? null;
}

export function declaredOf({ metrics }: Definitions): MetricDefinition[] {
  return metrics.filter(({ built_in }) => !built_in).map(({ definition }) => definition);
}

/** A name for what is declared: another one as soon as anything of it is changed. */
export function stateOf(definitions: Definitions): string {
  return createHash("sha256")
    .update(JSON.stringify(declaredOf(definitions)))
    .digest("hex")
    .slice(0, 24);
}

/** @throws Problem `not_found` */
export function requireMetric(definitions: Definitions, name: string): MetricStatus {
  const found = findMetric(definitions, name);
  if (!found) throw new Problem("not_found", `There is no metric ${name.slice(0, 200)}.`);
  return found;
}

/** @throws Problem `conflict` where the metric is one of Ledge's own */
export function assertDeclared({ built_in, definition }: MetricStatus): void {
  if (built_in) throw new Problem("conflict", `The metric ${definition.name} is built in: it cannot be changed.`);
}

/** What a change does to the definitions as they are; null where there is nothing to do. */
export type Change = (now: Definitions) => { put: MetricDefinition[]; remove: string[] } | null;

/**
 * Changes definitions, made again on fresh ones where somebody else was faster.
 * @param expected_state refused where what is declared is in another one (`stateOf`)
 * @throws Problem `conflict`, `unavailable`, and what `change` throws
 */
export async function changeDefinitions(
  env: Pick<Env, "MONITOR">,
  project_id: string,
  change: Change,
  expected_state: string | null = null,
): Promise<Definitions> {
  for (let attempt = 1; ; attempt++) {
    const now = await readDefinitions(env, project_id);
    if (expected_state !== null && stateOf(now) !== expected_state)
      throw new Problem("conflict", "Somebody changed what is declared meanwhile; plan again.", { state: stateOf(now) });
    const wanted = change(now);
    if (!wanted || (wanted.put.length === 0 && wanted.remove.length === 0)) return now;
    const answer = await configure(env, project_id, { ...wanted, expected_version: now.version });
    if (answer.status === "ok") return answer;
    if (answer.status === "full") throw new Problem("conflict", `A project has at most ${METRICS_PER_PROJECT_MAX} declared metrics.`);
    if (attempt >= ATTEMPTS_MAX) throw new Problem("conflict", "Others change the definitions at the same time; try again.");
  }
}

/** Not repeated by itself: a first call that came through would make the second one a conflict. */
async function configure(
  env: Pick<Env, "MONITOR">,
  project_id: string,
  request: Parameters<ProjectMonitorRpc["configure"]>[0],
): Promise<ConfigureAnswer> {
  try {
    return await withTimeout(monitorOf(env, project_id).configure(request), MONITOR_TIMEOUT_MS);
  } catch (error) {
    console.error("a project's monitor did not answer", error);
    throw new Problem(
      "unavailable",
      "The project's monitor did not answer; whether the change was made is not known. It may be tried again.",
      {
        retry_after_s: 2,
      },
    );
  }
}
