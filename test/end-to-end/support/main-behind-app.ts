/** The Worker behind the app, as on Cloudflare: what comes in meets the app first, which hands on what it has no page for. */
import type { Env } from "../../../worker/env.ts";
import worker from "../../../worker/index.ts";

export { ProjectMonitor, ProjectStream, SearchPart, TailAccess, TailHistory } from "../../../worker/index.ts";

export default {
  ...worker,
  fetch(request, env, ctx) {
    if (request.headers.get("x-ledge-forwarded") === "app") return worker.fetch(request, env, ctx);
    return (env as Env & { APP: Fetcher }).APP.fetch(request);
  },
} satisfies ExportedHandler<Env>;
