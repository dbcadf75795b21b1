/** The answer to a search in Ledge's language: a page of events, or a table. */
import type { z } from "@hono/zod-openapi";
import type { EventRecord } from "../engine/batch/event-batch.ts";
import { eventWindow, misspeltFields, type Plan, planQuery, type Query, shownFields } from "../engine/query/query.ts";
import { QueryLimitError } from "../engine/query/query-limit-error.ts";
import { Problem } from "../errors.ts";
import { SEARCH_LIMIT_DEFAULT } from "../limits.ts";
import type { EventPage, Table } from "./answers.ts";
import type { SearchContext } from "./context.ts";
import { type Cursor, decodeCursor, encodeCursor, queryHash } from "./cursor.ts";
import { FILTER_NAMES, queryOf, type SearchParameters } from "./parameters.ts";
import { searchEvents } from "./search-events.ts";
import { searchTable } from "./search-table.ts";
import { openEnd_us, resolveRange, type TimeRange } from "./time-range.ts";

type Parameters = z.infer<typeof SearchParameters>;
export type SearchAnswer = z.infer<typeof EventPage> | z.infer<typeof Table>;
type ShownEvent = z.infer<typeof EventPage>["events"][number];

/** What a request asks, understood. */
export interface AskedSearch {
  plan: Plan;
  range: TimeRange;
  parameters: Parameters;
  cursor: Cursor | null;
  query_hash: string;
  /** The moment that relative times refer to: of the first page. */
  now_us: number;
}

/** @throws Problem */
export function readSearch(context: SearchContext, parameters: Parameters): AskedSearch {
  const filters = FILTER_NAMES.map((name) => parameters[name] || null);
  const query_hash = queryHash([context.sources.project_id, ...filters]);
  const cursor = parameters.cursor ? decodeCursor(parameters.cursor, { query_hash, order: parameters.order }) : null;
  const now_us = cursor?.now_us ?? context.started_us;
  const range = cursor
    ? { from_us: cursor.from_us, to_us: cursor.to_us }
    : resolveRange(parameters.from, parameters.to, now_us, openEnd_us(now_us));
  // Time that is filled up ends now where the range is open.
  const filled = parameters.to ? range : { ...range, to_us: Math.max(range.from_us, Math.min(range.to_us, now_us)) };
  const plan = planOf(queryOf(parameters, now_us), filled, parameters.limit);
  return { plan, range, parameters, cursor, query_hash, now_us };
}

/** Whole events in an order of their own are bounded as a page is. */
function planOf(query: Query, range: TimeRange, limit = SEARCH_LIMIT_DEFAULT): Plan {
  const plan = planQuery(query, { range });
  if (plan.reduce?.kind !== "rows" || plan.reduce.columns !== null) return plan;
  return planQuery({ ...query, pipes: [...query.pipes, { kind: "limit", count: limit }] }, { range });
}

export function isTable({ plan }: AskedSearch): boolean {
  return plan.reduce !== null;
}

async function eventPage(context: SearchContext, asked: AskedSearch): Promise<SearchAnswer> {
  const { plan, parameters, cursor, query_hash, range, now_us } = asked;
  const order = cursor?.order ?? parameters.order ?? "desc";
  // Events that pages have passed, those that the query leaves out at the beginning included.
  const passed_before = cursor?.shown ?? 0;
  const { skip, count } = eventWindow(plan);
  const skipped = Math.max(0, skip - passed_before);
  const left = skip + count - passed_before;
  const limit = Math.min(skipped + (parameters.limit ?? SEARCH_LIMIT_DEFAULT), left);
  if (limit <= 0) return { events: [], cursor: null, partial: null, stats: context.stats() };
  const { filter, steps } = plan;
  const page = await searchEvents(context, { filter, steps, range, order, limit, after: cursor?.position ?? null });
  const passed = passed_before + page.events.length;
  const more = page.more && page.events.length < left;
  const next =
    more && page.last
      ? encodeCursor({ order, position: page.last, ...range, now_us, shards: page.shards, shown: passed, query_hash })
      : null;
  const events = page.events.slice(skipped).map(({ record }) => shownFields(plan, record) as ShownEvent);
  return { events, cursor: next, partial: page.partial, stats: context.stats() };
}

/** An event of a table of whole events: as a page shows it. */
const shownRecord = (record: EventRecord): ShownEvent => record as ShownEvent;

async function tableAnswer(context: SearchContext, { plan, range }: AskedSearch): Promise<SearchAnswer> {
  const { table, partial } = await searchTable(context, plan, range);
  const { columns, rows, overflow, records } = table;
  const stats = context.stats();
  return records ? { events: records.map(shownRecord), cursor: null, partial, stats } : { columns, rows, overflow, partial, stats };
}

/** Whether no event was found; a table without groups counts that in one row. */
function isEmpty(answer: SearchAnswer): boolean {
  if ("events" in answer) return answer.events.length === 0;
  return answer.rows.every((row) => row.every((cell) => cell === null || cell === 0));
}

function withHints(answer: SearchAnswer, { plan, cursor }: AskedSearch): SearchAnswer {
  if (cursor !== null || !isEmpty(answer)) return answer;
  const hints = misspeltFields(plan);
  return hints.length === 0 ? answer : { ...answer, hints };
}

/** @throws Problem */
export async function answerSearch(context: SearchContext, asked: AskedSearch): Promise<SearchAnswer> {
  try {
    return withHints(isTable(asked) ? await tableAnswer(context, asked) : await eventPage(context, asked), asked);
  } catch (error) {
    if (!(error instanceof QueryLimitError)) throw error;
    throw new Problem("bad_query", error.message, { errors: [{ field: "q", value: asked.parameters.q, message: error.message }] });
  }
}
