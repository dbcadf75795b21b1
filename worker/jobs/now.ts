import { SHARD_ZERO } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { compactProject } from "./compact.ts";
import { flushStream } from "./flush.ts";
import { houseOf } from "./house.ts";
import { type RebuildResult, rebuildFromBucket } from "./rebuild.ts";

/** Flushes all that a project's window holds. @returns segments made */
export async function flushNow(env: Env, project_id: string): Promise<number> {
  return flushStream(houseOf(env), project_id, SHARD_ZERO, true);
}

/** Merges all that can be merged of a project. @returns compactions made */
export async function compactNow(env: Env, project_id: string): Promise<number> {
  return compactProject(houseOf(env), project_id, true);
}

export async function rebuildCatalog(env: Env): Promise<RebuildResult> {
  return rebuildFromBucket(houseOf(env));
}
