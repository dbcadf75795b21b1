/** The Worker: what it answers, what it takes from queues, what it does by the clock, and its Durable Objects. */
import { createApp } from "./app.ts";
import { consumeDeadLetters } from "./consume/dead-letters.ts";
import { consumeEvents } from "./consume/events.ts";
import type { Env } from "./env.ts";
import { consumeJobs } from "./jobs/consume.ts";
import { compactNow, flushNow, rebuildCatalog } from "./jobs/now.ts";
import { runSchedule } from "./jobs/schedule.ts";
import { count } from "./metrics.ts";
import { searchRoutes } from "./search/routes.ts";

export { ProjectMonitor } from "../durable-objects/project-monitor/index.ts";
export { ProjectStream } from "../durable-objects/project-stream/index.ts";
export { SearchPart } from "./search/search-part.ts";
export { TailHistory } from "./search/tail-history.ts";
export { TailAccess } from "./tail/access.ts";

const app = createApp({
  search: searchRoutes,
  jobs: { flushNow, compactNow, rebuildCatalog },
});

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),

  async queue(batch, env, ctx) {
    switch (batch.queue) {
      case "ledge-events":
        return consumeEvents(batch, env, (work) => ctx.waitUntil(work));
      case "ledge-events-dead":
        return consumeDeadLetters(batch, env);
      case "ledge-jobs":
        return consumeJobs(batch, env);
      case "ledge-jobs-dead":
        // A job that failed for good is asked for again by an alarm or by cron.
        count("ledge_dead_jobs_total", {}, batch.messages.length);
        return batch.ackAll();
      default:
        throw new Error(`no consumer for the queue ${batch.queue}`);
    }
  },

  scheduled: (controller, env) => runSchedule(controller, env),
} satisfies ExportedHandler<Env>;
