/** The fields of an event as readers see them: its own first, in the order of use, then attributes by name. */
import type { Schemas } from "../api/client.ts";

export type LogEvent = Schemas["Event"];

export interface FieldEntry {
  name: string;
  value: unknown;
}

const OWN = [
  "timestamp",
  "level",
  "service",
  "message",
  "host",
  "environment",
  "source",
  "trace_id",
  "span_id",
  "request_id",
  "ingest_ts",
  "fingerprint",
  "event_id",
] as const;
const OWN_NAMES = new Set<string>(OWN);

export function fieldEntries(event: LogEvent): FieldEntry[] {
  const own = OWN.flatMap((name) => (event[name] === undefined ? [] : [{ name, value: event[name] }]));
  const attributes = Object.entries(event.attributes).map(([name, value]) => ({
    name: OWN_NAMES.has(name) ? `attributes.${name}` : name,
    value,
  }));
  return [...own, ...attributes.toSorted((one, other) => (one.name < other.name ? -1 : 1))];
}

/** The value of a field by its name in queries. */
export function fieldValue(event: LogEvent, name: string): unknown {
  if (OWN_NAMES.has(name)) return (event as Record<string, unknown>)[name];
  return event.attributes[name.startsWith("attributes.") ? name.slice("attributes.".length) : name];
}

/** A value as one line of text. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A few short attributes that tell lines apart, to stand behind the message. */
export function briefAttributes(event: LogEvent, count_max = 4): FieldEntry[] {
  const brief: FieldEntry[] = [];
  for (const [name, value] of Object.entries(event.attributes)) {
    if (brief.length >= count_max) break;
    if (value === null || typeof value === "object" || name.startsWith("ledge.")) continue;
    if (String(value).length <= 32 && name.length <= 28) brief.push({ name, value });
  }
  return brief;
}
