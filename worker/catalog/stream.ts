import type { ProjectStreamRpc, ProjectTailRpc } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";

/** One shard is shipped; the number stands in every key, cursor and object name from the start. */
export const SHARD_ZERO = 0;

/** The name of a shard's object; the Durable Object reads its project and shard back from it (`parseStreamName`). */
export function streamName(project_id: string, shard: number): string {
  return `${project_id}:${shard}`;
}

/** A fresh stub: after an exception a stub must not be used again. */
export function streamOf(env: Pick<Env, "STREAM">, project_id: string, shard: number = SHARD_ZERO): ProjectStreamRpc {
  return env.STREAM.getByName(streamName(project_id, shard)) as unknown as ProjectStreamRpc;
}

/** The same object, asked about its open sockets; `fetch` of `tailAddress` opens one. */
export function tailOf(env: Pick<Env, "STREAM">, project_id: string): ProjectTailRpc & Pick<Fetcher, "fetch"> {
  return env.STREAM.getByName(streamName(project_id, SHARD_ZERO)) as unknown as ProjectTailRpc & Pick<Fetcher, "fetch">;
}

/** `streamOf` for one environment. */
export function streamsOf(env: Pick<Env, "STREAM">): (project_id: string, shard: number) => ProjectStreamRpc {
  return (project_id, shard) => streamOf(env, project_id, shard);
}
