/** The Worker as it is, on an object store that takes its time: `/test/store` sets by how much, and tells how often it was read. */
import type { Env } from "../../../worker/env.ts";
import worker, { SearchPart as Part, ProjectMonitor, ProjectStream } from "../../../worker/index.ts";

export { ProjectMonitor, ProjectStream };

const store = { delay_ms: 0, reads: 0, fail_every: 0 };

function slow(env: Env): Env {
  const get = async (...parameters: Parameters<R2Bucket["get"]>) => {
    store.reads += 1;
    if (store.fail_every > 0 && store.reads % store.fail_every === 0) throw new Error("get: We encountered an internal error. (10001)");
    if (store.delay_ms > 0) await new Promise((resolve) => setTimeout(resolve, store.delay_ms));
    return env.BUCKET.get(...parameters);
  };
  const bucket = new Proxy(env.BUCKET, {
    get(target, name) {
      if (name === "get") return get;
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? (value as (...parameters: unknown[]) => unknown).bind(target) : value;
    },
  });
  return { ...env, BUCKET: bucket };
}

export class SearchPart extends Part {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, slow(env));
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/test/store") return worker.fetch(request, slow(env), ctx);
    if (request.method === "POST") Object.assign(store, await request.json());
    return Response.json(store);
  },
  queue: (batch, env, ctx) => worker.queue(batch, env, ctx),
  scheduled: (controller, env) => worker.scheduled(controller, env),
} satisfies ExportedHandler<Env>;
