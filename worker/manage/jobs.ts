import type { Env } from "../env.ts";

/** Maintenance that a call may ask for at once. The routes know it by this shape only; `worker/app.ts` brings the functions. */
export interface MaintenanceJobs {
  /** Writes a project's window to segments; gives how many were written. */
  flushNow(env: Env, project_id: string): Promise<number>;
  /** Merges a project's segments, whether or not it is due; gives how many merges were made. */
  compactNow(env: Env, project_id: string): Promise<number>;
  /** Makes the catalog in D1 anew from R2 alone. */
  rebuildCatalog(env: Env): Promise<object>;
}
