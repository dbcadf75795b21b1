import { WorkerEntrypoint } from "cloudflare:workers";
import type { TailHistoryAnswer, TailHistoryRequest } from "../../durable-objects/project-stream/types.ts";
import type { Env } from "../env.ts";
import { TAIL_BACK_FILL_MS_MAX, TAIL_BACK_FILL_READ_SIZE_BYTES_MAX } from "../limits.ts";
import { readArrivals } from "./arrivals.ts";
import { SearchContext } from "./context.ts";
import { cacheOf, sharedOf } from "./invocation.ts";

function noSource(): never {
  throw new Error("what a reader has missed is in segments only");
}

/**
 * Reads for a project's object what a reader of its live tail has missed and the window does not hold any more. It has no address: only the
 * Worker's own objects can call it, each for its own project.
 */
export class TailHistory extends WorkerEntrypoint<Env> {
  async read(request: TailHistoryRequest): Promise<TailHistoryAnswer> {
    const { env, ctx } = this;
    const sources = {
      project_id: request.project_id,
      stream: noSource,
      segments: noSource,
      changes: () => 0,
      objects: env.BUCKET,
      shared: sharedOf(env, ctx),
      parts: null,
      now_us: () => Date.now() * 1_000,
      signal: null,
    };
    const budget = { time_ms: TAIL_BACK_FILL_MS_MAX, size_bytes: TAIL_BACK_FILL_READ_SIZE_BYTES_MAX };
    return readArrivals(new SearchContext(sources, cacheOf(env), budget), request);
  }
}
