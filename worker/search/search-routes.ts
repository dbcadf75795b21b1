/** The search itself, at its three addresses. */
import { createRoute, type z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { observe } from "../metrics.ts";
import { createRouter } from "../router.ts";
import { answerSearch, isTable, readSearch } from "./answer-search.ts";
import { EventPage, SearchStream, Table } from "./answers.ts";
import { asksForEvents, eventStreamResponse } from "./event-stream.ts";
import { SearchParameters } from "./parameters.ts";
import { contextOf, SEARCH_PROBLEMS, SEARCH_ROUTE } from "./route-parts.ts";

function routeAt<Path extends string>(path: Path) {
  return createRoute({
    ...SEARCH_ROUTE,
    path,
    summary: "Search events",
    description:
      "A page of events in time order, or the table of a query with `| stats …`. A cursor leads to the next page, stably while events arrive and are rearranged. With `Accept: text/event-stream` the answer is preceded by its progress.",
    request: { query: SearchParameters },
    responses: {
      200: {
        description: "A page of events, or a table.",
        content: { "application/json": { schema: EventPage.or(Table) }, "text/event-stream": { schema: SearchStream } },
      },
      ...SEARCH_PROBLEMS,
    },
  });
}

async function search(c: Context<AppEnv>, parameters: z.infer<typeof SearchParameters>) {
  const streams = asksForEvents(c.req.header("accept"));
  const stop = streams ? new AbortController() : null;
  const context = contextOf(c, { ...parameters, stop: stop?.signal });
  const asked = readSearch(context, parameters);
  const observed = () => observe("ledge_search_seconds", { kind: isTable(asked) ? "table" : "events" }, context.stats().took_ms / 1_000);
  const answer = () => answerSearch(context, asked).finally(observed);
  return stop ? (eventStreamResponse(c, context, answer, stop) as never) : c.json(await answer(), 200);
}

export const searchPaths = createRouter();
searchPaths.openapi(routeAt("/api/v1/logs"), (c) => search(c, c.req.valid("query")));
searchPaths.openapi(routeAt("/api/v1/logs/search"), (c) => search(c, c.req.valid("query")));
searchPaths.openapi(routeAt("/search"), (c) => search(c, c.req.valid("query")));
