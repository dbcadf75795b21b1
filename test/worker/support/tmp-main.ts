import { createApp } from "../../../worker/app.ts";
import { createRouter } from "../../../worker/router.ts";
import type { Env } from "../../../worker/env.ts";
export { ProjectMonitor } from "../../../durable-objects/project-monitor/index.ts";
export { ProjectStream } from "../../../durable-objects/project-stream/index.ts";
const app = createApp({ search: createRouter(), jobs: { flushNow: async () => 1, compactNow: async () => 0, rebuildCatalog: async () => ({ ok: true }) } });
export default {
  fetch: (r, e, c) => app.fetch(r, e, c),
  async queue(batch) { batch.ackAll(); },
} satisfies ExportedHandler<Env>;
