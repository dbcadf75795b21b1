import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../env.ts";
import { cacheOf, sharedOf } from "./invocation.ts";
import { type PartAnswer, type PartRequest, runPart } from "./part.ts";

/**
 * Searches a share of a project's segments for another invocation of the Worker. It has no address: only the Worker itself can call it, and
 * names the project of the request that it authenticated.
 */
export class SearchPart extends WorkerEntrypoint<Env> {
  async search(request: PartRequest): Promise<PartAnswer> {
    const { env, ctx } = this;
    return runPart({ objects: env.BUCKET, shared: sharedOf(env, ctx), now_us: () => Date.now() * 1_000 }, request, cacheOf(env));
  }
}
