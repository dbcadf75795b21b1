/** One event by its id, and what stands around it. */
import { parseEventId } from "../engine/batch/identity.ts";
import { equal } from "../engine/query/filters/filter-equal.ts";
import { ALL, and, type Filter } from "../engine/query/query.ts";
import { CONTEXT_RANGE_MS_MAX, SEARCH_LIMIT_MAX } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import type { Order, Position } from "./cursor.ts";
import { unavailable } from "./objects.ts";
import { searchEvents } from "./search-events.ts";
import type { TimeRange } from "./time-range.ts";
import type { FoundEvent } from "./top-events.ts";

export interface Found {
  event: FoundEvent;
  /** Rows identical to it, itself included. */
  copies: number;
}

/** An id that Ledge derived tells the time of its event; one that a client sent is looked for by value, newest first. */
export async function findEvent(context: SearchContext, event_id: string, range: TimeRange): Promise<Found | null> {
  const derived = parseEventId(event_id);
  // Events that were exported and sent again bear an id of the derived kind as a client's.
  return (derived && (await findDerived(context, derived))) ?? findSent(context, event_id, range);
}

async function atMoment(context: SearchContext, position: { timestamp_us: number; hash: string }): Promise<FoundEvent[]> {
  const moment = { from_us: position.timestamp_us, to_us: position.timestamp_us + 1 };
  // Copies begin where nothing of the row was shown; an empty place of the order is a legal beginning.
  const after: Position = { ...position, copies: 0 };
  const page = await searchEvents(context, { filter: ALL, range: moment, order: "asc", limit: SEARCH_LIMIT_MAX, after });
  if (page.events.length === 0 && page.partial) throw unavailable(`There may be such an event: ${page.partial.detail}`, null);
  return page.events.filter(({ hash }) => hash === position.hash);
}

async function findDerived(context: SearchContext, id: { timestamp_us: number; hash: string; copy: number }): Promise<Found | null> {
  const same = await atMoment(context, id);
  const event = same.find(({ copy }) => copy === id.copy);
  return event ? { event, copies: same.length } : null;
}

async function findSent(context: SearchContext, event_id: string, range: TimeRange): Promise<Found | null> {
  const filter = equal("event_id", event_id);
  const page = await searchEvents(context, { filter, range, order: "desc", limit: 1, after: null });
  const event = page.events[0];
  if (!event && page.partial) throw unavailable(`There may be such an event: ${page.partial.detail}`, null);
  if (!event) return null;
  return { event, copies: (await atMoment(context, event)).length };
}

export interface Neighbours {
  /** Nearest first. */
  before: FoundEvent[];
  after: FoundEvent[];
}

/** Events next to one in the order of time, those with the same values of the given fields only. */
export async function neighbours(
  context: SearchContext,
  found: Found,
  count: number,
  same: readonly ("service" | "host")[],
): Promise<Neighbours> {
  const { timestamp_us, hash, copy, record } = found.event;
  const conditions = same.flatMap((field): Filter[] => (record[field] === undefined ? [] : [equal(field, record[field])]));
  const filter = and(conditions);
  const reach_us = CONTEXT_RANGE_MS_MAX * 1_000;
  const range = { from_us: Math.max(0, timestamp_us - reach_us), to_us: timestamp_us + reach_us };
  const page = async (order: Order, copies: number) => {
    const answer = await searchEvents(context, { filter, range, order, limit: count, after: { timestamp_us, hash, copies } });
    return answer.events;
  };
  const before = await page("desc", found.copies - copy);
  const after = await page("asc", copy + 1);
  return { before, after };
}
