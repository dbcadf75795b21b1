/** The Worker as it is, with bindings that count; `GET /bench/counts` tells, `POST /bench/counts` begins anew. */
import type { Env } from "../../worker/env.ts";
import worker, {
  TailAccess as Access,
  TailHistory as History,
  ProjectMonitor as Monitor,
  SearchPart as Part,
  ProjectStream as Stream,
} from "../../worker/index.ts";
import { countDelivery, countingEnv, countStorage } from "./bindings.ts";
import { COUNTS, resetCounts } from "./counts.ts";

const COUNTS_PATH = "/bench/counts";

export class ProjectStream extends Stream {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage);
    super(ctx, countingEnv(env));
  }

  override async alarm(): Promise<void> {
    COUNTS.object_alarms++;
    await super.alarm();
  }
}

export class ProjectMonitor extends Monitor {
  constructor(ctx: DurableObjectState, env: Env) {
    countStorage(ctx.storage);
    super(ctx, countingEnv(env));
  }
}

export class SearchPart extends Part {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, countingEnv(env));
  }
}

export class TailHistory extends History {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, countingEnv(env));
  }
}

export class TailAccess extends Access {
  constructor(ctx: ExecutionContext, env: Env) {
    super(ctx, countingEnv(env));
  }
}

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === COUNTS_PATH) {
      const answer = Response.json(COUNTS);
      if (request.method === "POST") resetCounts();
      return answer;
    }
    COUNTS.http_requests++;
    return worker.fetch(request, countingEnv(env), ctx);
  },

  queue: (batch, env, ctx) => worker.queue(countDelivery(batch), countingEnv(env), ctx),

  scheduled(controller, env) {
    COUNTS.cron_invocations++;
    return worker.scheduled(controller, countingEnv(env));
  },
} satisfies ExportedHandler<Env>;
