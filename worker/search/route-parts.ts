import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { changesOf } from "../catalog/changes.ts";
import { searchedSegments } from "../catalog/segments.ts";
import { streamOf } from "../catalog/stream.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { SearchContext, type SearchSources } from "./context.ts";

/** What all search routes have in common. */
export const SEARCH_ROUTE = {
  method: "get" as const,
  tags: ["Search"],
  security: KEY_SECURITY,
  middleware: [authenticate("read")],
};
export const SEARCH_PROBLEMS = problems(400, 401, 403, 410, 422, 429, 503);

/** What the search of a request works with: the data of its key's project. */
export function sourcesOf(c: Context<AppEnv>): SearchSources {
  const { env } = c;
  const { project_id } = c.var.access;
  return {
    project_id,
    stream: (shard) => streamOf(env, project_id, shard),
    segments: (request) => searchedSegments(env.DB, project_id, request),
    changes: () => changesOf(project_id),
    objects: env.BUCKET,
    now_us: () => Date.now() * 1_000,
    signal: c.req.raw.signal ?? null,
  };
}

export function contextOf(c: Context<AppEnv>): SearchContext {
  return new SearchContext(sourcesOf(c));
}
