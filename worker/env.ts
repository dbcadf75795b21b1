import type { ProjectMonitor } from "../durable-objects/project-monitor/index.ts";
import type { ProjectStream } from "../durable-objects/project-stream/index.ts";

/** Bindings of wrangler.toml, by the names given there. */
export interface Env {
  DB: D1Database;
  BUCKET: R2Bucket;
  EVENTS: Queue<unknown>;
  JOBS: Queue<unknown>;
  STREAM: DurableObjectNamespace<ProjectStream>;
  MONITOR: DurableObjectNamespace<ProjectMonitor>;
  RATE_KEY: RateLimit;
  RATE_PROJECT: RateLimit;
  LEDGE_PROFILE: "edge" | "local";
  /** "on" or "off": whether searches keep stored ranges in the data centre's cache. On in the profile "edge" where it is missing. */
  LEDGE_SHARED_CACHE?: string;
  /** "on", "off" or "always" (for trying it out): whether large searches are shared with further invocations. On in the profile "edge" where it is missing. */
  LEDGE_SPREAD?: string;
  /** Signs API keys; at least 32 random bytes as text. */
  LEDGE_SECRET: string;
  /** Creates projects and first keys; only the operator holds it. */
  LEDGE_OPERATOR_TOKEN: string;
  /** Address of the app, where it differs from the one that requests come by: links in mails and those that the operator asks for lead there. */
  LEDGE_APP_URL?: string;
  /** Sends invitations and password resets, where it is bound ([[send_email]] in wrangler.toml) and LEDGE_MAIL_FROM names a sender. */
  MAIL?: SendEmail;
  LEDGE_MAIL_FROM?: string;
  /** Local profile only: the Pages app, which answers what the Worker has no route for. */
  APP?: Fetcher;
}
