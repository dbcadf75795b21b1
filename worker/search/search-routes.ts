/** The search itself, at its three addresses. */
import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { type Query, wholeFilter } from "../engine/query/query.ts";
import { SEARCH_LIMIT_DEFAULT } from "../limits.ts";
import { observe } from "../metrics.ts";
import { createRouter } from "../router.ts";
import { EventPage, Table } from "./answers.ts";
import type { SearchContext } from "./context.ts";
import { type Cursor, decodeCursor, encodeCursor, queryHash } from "./cursor.ts";
import { eventsMax, shownFields } from "./event-pipes.ts";
import { FILTER_NAMES, queryOf, SearchParameters } from "./parameters.ts";
import { contextOf, SEARCH_PROBLEMS, SEARCH_ROUTE } from "./route-parts.ts";
import { searchEvents } from "./search-events.ts";
import { searchStats, statsPipe } from "./search-stats.ts";
import { openEnd_us, resolveRange, type TimeRange } from "./time-range.ts";

type Parameters = z.infer<typeof SearchParameters>;

function routeAt<Path extends string>(path: Path) {
  return createRoute({
    ...SEARCH_ROUTE,
    path,
    summary: "Search events",
    description:
      "A page of events in time order, or the table of a query with `| stats …`. A cursor leads to the next page, stably while events arrive and are rearranged.",
    request: { query: SearchParameters },
    responses: {
      200: { description: "A page of events, or a table.", content: { "application/json": { schema: EventPage.or(Table) } } },
      ...SEARCH_PROBLEMS,
    },
  });
}

interface Asked {
  cursor: Cursor | null;
  query_hash: string;
  range: TimeRange;
  /** The moment that relative times refer to: of the first page. */
  now_us: number;
}

function readAsked(context: SearchContext, parameters: Parameters): Asked {
  const filters = FILTER_NAMES.map((name) => parameters[name] || null);
  const query_hash = queryHash([context.sources.project_id, ...filters]);
  if (parameters.cursor) {
    const cursor = decodeCursor(parameters.cursor, { query_hash, order: parameters.order });
    return { cursor, query_hash, range: { from_us: cursor.from_us, to_us: cursor.to_us }, now_us: cursor.now_us };
  }
  const now_us = context.started_us;
  return { cursor: null, query_hash, range: resolveRange(parameters.from, parameters.to, now_us, openEnd_us(now_us)), now_us };
}

async function eventPage(context: SearchContext, parameters: Parameters, asked: Asked, query: Query) {
  const { cursor, query_hash, range, now_us } = asked;
  const order = cursor?.order ?? parameters.order ?? "desc";
  const shown_before = cursor?.shown ?? 0;
  const left = eventsMax(query) - shown_before;
  const limit = Math.min(parameters.limit ?? SEARCH_LIMIT_DEFAULT, left);
  if (limit <= 0) return { events: [], cursor: null, stats: context.stats() };
  const page = await searchEvents(context, { filter: wholeFilter(query), range, order, limit, after: cursor?.position ?? null });
  const events = page.events.map(({ record }) => shownFields(query, record) as z.infer<typeof EventPage>["events"][number]);
  const shown = shown_before + events.length;
  const more = page.more && events.length < left;
  const next =
    more && page.last ? encodeCursor({ order, position: page.last, ...range, now_us, shards: page.shards, shown, query_hash }) : null;
  return { events, cursor: next, stats: context.stats() };
}

async function search(c: Context<AppEnv>, parameters: Parameters) {
  const context = contextOf(c);
  const asked = readAsked(context, parameters);
  const query = queryOf(parameters, asked.now_us);
  const stats = statsPipe(query);
  try {
    if (!stats) return c.json(await eventPage(context, parameters, asked, query), 200);
    const { columns, rows, overflow } = await searchStats(context, query, stats, asked.range);
    return c.json({ columns, rows, overflow, stats: context.stats() }, 200);
  } finally {
    observe("ledge_search_seconds", { kind: stats ? "table" : "events" }, context.stats().took_ms / 1_000);
  }
}

export const searchPaths = createRouter();
searchPaths.openapi(routeAt("/api/v1/logs"), (c) => search(c, c.req.valid("query")));
searchPaths.openapi(routeAt("/api/v1/logs/search"), (c) => search(c, c.req.valid("query")));
searchPaths.openapi(routeAt("/search"), (c) => search(c, c.req.valid("query")));
