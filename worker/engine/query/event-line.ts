/** One event as a line of a frame. */

import { CUT_MARK, TAIL_LINE_SIZE_MAX } from "../../limits.ts";
import type { EventBatch, EventRecord } from "../batch/event-batch.ts";
import { eventId, rowHash } from "../batch/identity.ts";
import { timeAt } from "../batch/pages.ts";
import { recordAt } from "../batch/record.ts";
import { shownFields } from "./pipes/shown-fields.ts";
import type { Plan } from "./plan.ts";

const TEXT_LENGTH_MAX = TAIL_LINE_SIZE_MAX / 4;

/**
 * An event as JSON, with the id under which it can be asked for; what is too long for a line is cut and marked.
 * @param stored as it was stored: the id covers all of it
 * @param shown with what the query computes
 */
export function lineOf(plan: Plan, stored: EventBatch, shown: EventBatch, row: number): string {
  const record = recordAt(shown, row);
  record.event_id ??= eventId(timeAt(stored, row), rowHash(stored, row), 0);
  return cutLine(shownFields(plan, record));
}

/** An event's JSON, cut where it is longer than TAIL_LINE_SIZE_MAX. */
export function cutLine(record: EventRecord): string {
  const whole = JSON.stringify(record);
  if (whole.length <= TAIL_LINE_SIZE_MAX) return whole;
  const cut = ["live tail"];
  const message = record.message?.slice(0, TEXT_LENGTH_MAX);
  const attributes: Record<string, unknown> = {};
  let left = TAIL_LINE_SIZE_MAX - TEXT_LENGTH_MAX * 2;
  for (const [name, value] of Object.entries(record.attributes)) {
    left -= JSON.stringify([name, value]).length;
    if (left >= 0) Object.defineProperty(attributes, name, { value, enumerable: true });
  }
  const text = JSON.stringify({ ...record, message, attributes: { ...attributes, [CUT_MARK]: cut } });
  if (text.length <= TAIL_LINE_SIZE_MAX) return text;
  const { event_id, timestamp, ingest_ts, level, service } = record;
  return JSON.stringify({ event_id, timestamp, ingest_ts, level, service, attributes: { [CUT_MARK]: cut } });
}
