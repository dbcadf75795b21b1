import type { ProjectMonitorRpc } from "../../durable-objects/project-monitor/types.ts";
import type { Env } from "../env.ts";

/** A fresh stub of a project's monitor: after an exception a stub must not be used again. */
export function monitorOf(env: Pick<Env, "MONITOR">, project_id: string): ProjectMonitorRpc {
  return env.MONITOR.getByName(project_id) as unknown as ProjectMonitorRpc;
}
