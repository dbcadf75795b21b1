import { ATTRIBUTE_PREFIX, type EventRecord, STRING_FIELDS } from "../../batch/event-batch.ts";
import { shortName } from "../fields.ts";
import type { Table, TableValue } from "../table.ts";

const OWN_FIELDS = ["timestamp", "ingest_ts", ...STRING_FIELDS, "fingerprint"] as const;

/** Whole events as a table: a column for each field and attribute that occurs, the attributes by name. Arrays are shown as JSON. */
export function recordTable(records: EventRecord[]): Omit<Table, "overflow"> {
  const fields = OWN_FIELDS.filter((field) => records.some((record) => record[field] !== undefined));
  const names = new Set<string>();
  for (const { attributes } of records) for (const name of Object.keys(attributes)) names.add(name);
  const attributes = [...names].sort();
  const rows = records.map((record) => [
    ...fields.map((field) => record[field] ?? null),
    ...attributes.map((name) => (Object.hasOwn(record.attributes, name) ? cellOf(record.attributes[name]) : null)),
  ]);
  return { columns: [...fields, ...attributes.map((name) => shortName(ATTRIBUTE_PREFIX + name))], rows, records };
}

function cellOf(value: unknown): TableValue {
  return typeof value === "object" ? JSON.stringify(value) : (value as TableValue);
}
