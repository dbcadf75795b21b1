import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { changesOf } from "../catalog/changes.ts";
import { searchedSegments } from "../catalog/segments.ts";
import { streamOf } from "../catalog/stream.ts";
import { parseDuration_us } from "../engine/query/query.ts";
import { SEARCH_TIME_MS_MAX, SEARCH_TIME_MS_MIN } from "../limits.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { BUDGET, type Budget, SearchContext, type SearchSources } from "./context.ts";
import { cacheOf, partCallerOf, sharedOf } from "./invocation.ts";
import { wrongParameter } from "./time-range.ts";

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
    shared: sharedOf(env, c.executionCtx),
    parts: partCallerOf(env, c.executionCtx),
    now_us: () => Date.now() * 1_000,
    signal: c.req.raw.signal ?? null,
  };
}

/** What a request says of its search besides the query. */
export interface SearchTerms {
  timeout?: string;
  max_bytes?: number;
  /** Stops the search besides the client's leave. */
  stop?: AbortSignal;
}

/** @throws Problem `invalid` where the time limit cannot be read */
export function contextOf(c: Context<AppEnv>, terms: SearchTerms = {}): SearchContext {
  const sources = sourcesOf(c);
  const signals = [sources.signal, terms.stop].filter((signal) => signal instanceof AbortSignal);
  const signal = signals.length > 1 ? AbortSignal.any(signals) : (signals[0] ?? null);
  return new SearchContext({ ...sources, signal }, cacheOf(c.env), budgetOf(terms));
}

function budgetOf({ timeout, max_bytes }: SearchTerms): Budget {
  const size_bytes = Math.min(max_bytes ?? BUDGET.size_bytes, BUDGET.size_bytes);
  if (!timeout) return { ...BUDGET, size_bytes };
  const time_us = parseDuration_us(timeout.trim());
  if (time_us === null || time_us < SEARCH_TIME_MS_MIN * 1_000 || time_us > SEARCH_TIME_MS_MAX * 1_000)
    throw wrongParameter("timeout", timeout, `expected a length of time from ${SEARCH_TIME_MS_MIN}ms to ${SEARCH_TIME_MS_MAX / 1_000}s`);
  return { time_ms: time_us / 1_000, size_bytes };
}
