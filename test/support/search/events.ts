/** Events as plain objects, batches made of them, and what a search must answer, in plain JavaScript. */
import { type Column, type EventBatch, type EventRecord, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";

export interface PlainEvent {
  timestamp_us: number;
  ingest_us: number;
  level?: string;
  service?: string;
  host?: string;
  message?: string;
  trace_id?: string;
  event_id?: string;
  attributes: Record<string, string | number | boolean | string[]>;
}

type Cell = string | number | boolean | undefined;

function dictColumn(cells: Cell[]): Column {
  const values = [...new Set(cells.filter((cell) => cell !== undefined))] as string[];
  return {
    kind: "dict",
    values,
    codes: Uint32Array.from(cells, (cell) => (cell === undefined ? NULL_CODE : values.indexOf(cell as string))),
  };
}

function bytesColumn(cells: (string | undefined)[]): Extract<Column, { kind: "bytes" }> {
  const parts = cells.map((cell) => Buffer.from(cell ?? ""));
  const offsets = new Uint32Array(cells.length + 1);
  for (const [row, part] of parts.entries()) offsets[row + 1] = offsets[row]! + part.length;
  const present = Uint8Array.from(cells, (cell) => (cell === undefined ? 0 : 1));
  return { kind: "bytes", offsets, bytes: new Uint8Array(Buffer.concat(parts)), present: present.includes(0) ? present : null };
}

function presentOf(cells: Cell[]): Uint8Array | null {
  const present = Uint8Array.from(cells, (cell) => (cell === undefined ? 0 : 1));
  return present.includes(0) ? present : null;
}

function attributeColumn(cells: Cell[], kind: "string" | "number" | "boolean"): Column {
  if (kind === "string") return dictColumn(cells);
  const present = presentOf(cells);
  if (kind === "boolean") return { kind: "bool", values: Uint8Array.from(cells, (cell) => (cell === true ? 1 : 0)), present };
  const whole = cells.every((cell) => cell === undefined || Number.isSafeInteger(cell));
  return { kind: whole ? "int64" : "double", values: Float64Array.from(cells, (cell) => (cell as number | undefined) ?? 0), present };
}

const DICT_FIELDS = ["level", "service", "host"] as const;
const BYTES_FIELDS = ["message", "trace_id", "event_id"] as const;

/**
 * A batch of events. Attributes named in `columns` get a column of the type of their first value; values of another type, arrays and
 * attributes that are not named go to the rest column, as decoders do it.
 */
export function batchOf(events: readonly PlainEvent[], attribute_columns: readonly string[]): EventBatch {
  const columns = new Map<string, Column>();
  for (const field of DICT_FIELDS) {
    if (events.some((event) => event[field] !== undefined)) columns.set(field, dictColumn(events.map((event) => event[field])));
  }
  for (const field of BYTES_FIELDS) {
    if (events.some((event) => event[field] !== undefined)) columns.set(field, bytesColumn(events.map((event) => event[field])));
  }
  const rest = events.map((event) => ({ ...event.attributes }));
  for (const name of attribute_columns) {
    const first = events.map((event) => event.attributes[name]).find((value) => value !== undefined && !Array.isArray(value));
    if (first === undefined) continue;
    const kind = typeof first as "string" | "number" | "boolean";
    const cells = events.map((event, row): Cell => {
      const value = event.attributes[name];
      if (Array.isArray(value) || typeof value !== kind) return undefined;
      delete rest[row]![name];
      return value;
    });
    columns.set(`attributes.${name}`, attributeColumn(cells, kind));
  }
  const rest_texts = rest.map((object) => (Object.keys(object).length === 0 ? undefined : JSON.stringify(object)));
  return {
    rows: events.length,
    timestamp_us: Float64Array.from(events, (event) => event.timestamp_us),
    ingest_us: Float64Array.from(events, (event) => event.ingest_us),
    columns,
    rest: rest_texts.some((text) => text !== undefined) ? bytesColumn(rest_texts) : null,
  };
}

/** An event without its id and derived fields, as comparable text: members in a fixed order. */
export function canonical(record: EventRecord | PlainEvent): string {
  const source = record as unknown as Record<string, unknown>;
  const shown: Record<string, unknown> = {
    timestamp: "timestamp_us" in record ? isoOf(record.timestamp_us) : record.timestamp,
    ingest_ts: "ingest_us" in record ? isoOf(record.ingest_us) : record.ingest_ts,
  };
  for (const field of [...DICT_FIELDS, "message", "trace_id"]) if (source[field] !== undefined) shown[field] = source[field];
  shown.attributes = Object.fromEntries(Object.entries(record.attributes).sort(([a], [b]) => (a < b ? -1 : 1)));
  return JSON.stringify(shown);
}

function isoOf(time_us: number): string {
  const ms = Math.floor(time_us / 1_000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(time_us - ms * 1_000).padStart(3, "0")}Z`;
}

const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const SERVICES = ["api", "web", "billing", "auth"];
const TEMPLATES = [
  "connection reset by peer",
  "request served",
  "login of user failed",
  "cache miss for key",
  "ünïcode wörds hier",
  "timeout after retry",
];

/** Events like those of real services: most in order, some late, several at one moment, some identical. */
export function randomEvents(random: () => number, count: number, now_us: number): PlainEvent[] {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const events: PlainEvent[] = [];
  for (let index = 0; index < count; index++) {
    const copied = random() < 0.08 ? events.at(-1) : undefined;
    if (copied) {
      events.push({ ...copied, attributes: { ...copied.attributes } });
      continue;
    }
    const late_us = random() < 0.1 ? Math.floor(random() * 3 * 86_400_000_000) : Math.floor(random() * 2_000_000);
    const moment_us = random() < 0.4 ? now_us - (now_us % 1_000_000) : now_us;
    const attributes: PlainEvent["attributes"] = {};
    if (random() < 0.8) attributes.status = random() < 0.9 ? pick([200, 404, 500]) : "unknown";
    if (random() < 0.3) attributes.duration_ms = Math.round(random() * 1_000) / 4;
    if (random() < 0.2) attributes.retried = random() < 0.5;
    if (random() < 0.1) attributes.tags = ["a", pick(["b", "c"])];
    if (random() < 0.1) attributes[`rare_${Math.floor(random() * 5)}`] = pick(["x", "y"]);
    events.push({
      timestamp_us: moment_us - late_us,
      ingest_us: now_us,
      level: random() < 0.95 ? pick(LEVELS) : undefined,
      service: random() < 0.95 ? pick(SERVICES) : undefined,
      host: random() < 0.7 ? `host-${Math.floor(random() * 3)}` : undefined,
      message: random() < 0.97 ? `${pick(TEMPLATES)} ${random() < 0.2 ? `n${Math.floor(random() * 50)}` : ""}` : undefined,
      trace_id:
        random() < 0.5
          ? Math.floor(random() * 400)
              .toString(16)
              .padStart(32, "0")
          : undefined,
      attributes,
    });
  }
  return events;
}
