/** Events as lines of text: NDJSON and CSV. */
import { STRING_FIELDS } from "../engine/batch/event-batch.ts";
import type { ExportedEvent } from "./export-slices.ts";

/** Columns of a CSV or Parquet export when none are named: the event's fields, and all attributes as one JSON object. */
export const EXPORT_COLUMNS: readonly string[] = [
  "timestamp",
  "ingest_ts",
  "event_id",
  ...STRING_FIELDS.filter((name) => name !== "event_id"),
  "fingerprint",
  "attributes",
];

export function ndjson(events: readonly ExportedEvent[]): string {
  let text = "";
  for (const event of events) text += `${JSON.stringify(event)}\n`;
  return text;
}

/** Spreadsheets take cells that begin so for formulas. */
const FORMULA_START = /^[=+\-@\t\r]/;
const NEEDS_QUOTES = /[",\r\n]/;

/** One cell after RFC 4180; text that a spreadsheet would execute is made harmless by an apostrophe. Numbers keep their sign. */
export function csvCell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const safe = FORMULA_START.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A column's value of an event: a field by its name, `attributes` as JSON text, anything else as an attribute. */
export function exportedValue(event: ExportedEvent, column: string): unknown {
  if (column === "attributes") return JSON.stringify(event.attributes);
  if (EXPORT_COLUMNS.includes(column)) return (event as unknown as Record<string, unknown>)[column];
  const name = column.startsWith("attributes.") ? column.slice("attributes.".length) : column;
  return Object.hasOwn(event.attributes, name) ? event.attributes[name] : null;
}

export function csvHeader(columns: readonly string[]): string {
  return `${columns.map(csvCell).join(",")}\r\n`;
}

export function csvLines(events: readonly ExportedEvent[], columns: readonly string[]): string {
  let text = "";
  for (const event of events) text += `${columns.map((column) => csvCell(exportedValue(event, column))).join(",")}\r\n`;
  return text;
}
