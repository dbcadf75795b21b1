/** `fields` on events: what is shown of each. */
import { ATTRIBUTE_PREFIX, type EventRecord } from "../../batch/event-batch.ts";
import { isAttribute } from "../fields.ts";
import type { Plan } from "../plan.ts";

/** Only the named fields of an event; its id stays, for every event can be asked for by it. */
function project(record: EventRecord, fields: readonly string[]): EventRecord {
  const source = record as unknown as Record<string, unknown>;
  const shown: Record<string, unknown> = { event_id: record.event_id };
  const attributes: Record<string, unknown> = {};
  for (const field of fields) {
    if (isAttribute(field)) {
      const name = field.slice(ATTRIBUTE_PREFIX.length);
      if (Object.hasOwn(record.attributes, name)) attributes[name] = record.attributes[name];
    } else if (source[field] !== undefined) shown[field] = source[field];
  }
  return { ...shown, attributes } as unknown as EventRecord;
}

/** An event as the plan's `fields` pipe leaves it. */
export function shownFields(plan: Plan, record: EventRecord): EventRecord {
  let shown = record;
  for (const pipe of plan.table) if (pipe.kind === "fields") shown = project(shown, pipe.fields);
  return shown;
}
