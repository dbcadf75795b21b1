import type { BytesColumn, Column, DictColumn, EventBatch, EventRecord, NumberColumn } from "../../../worker/engine/batch/event-batch.ts";
import { NULL_CODE, STRING_FIELDS } from "../../../worker/engine/batch/event-batch.ts";

/** Batches made from plain events in any way of storing them, for tests. */
export type Storage = "dict" | "bytes" | "number" | "bool" | "rest";

export interface PlainEvent {
  timestamp_us: number;
  ingest_us: number;
  fingerprint?: number;
  /** STRING_FIELDS by name. */
  fields: Partial<Record<(typeof STRING_FIELDS)[number], string>>;
  attributes: Record<string, unknown>;
}

export function dictColumn(values: readonly (string | null | undefined)[]): DictColumn {
  const known = new Map<string, number>();
  const codes = Uint32Array.from(values, (value) => {
    if (value === null || value === undefined) return NULL_CODE;
    if (!known.has(value)) known.set(value, known.size);
    return known.get(value) as number;
  });
  return { kind: "dict", values: [...known.keys()], codes };
}

export function bytesColumn(values: readonly (string | null | undefined)[]): BytesColumn {
  const parts = values.map((value) => Buffer.from(value ?? ""));
  const offsets = new Uint32Array(values.length + 1);
  parts.forEach((part, row) => {
    offsets[row + 1] = (offsets[row] as number) + part.length;
  });
  return { kind: "bytes", offsets, bytes: new Uint8Array(Buffer.concat(parts)), present: presentOf(values) };
}

function presentOf(values: readonly unknown[]): Uint8Array | null {
  const present = Uint8Array.from(values, (value) => (value === null || value === undefined ? 0 : 1));
  return present.includes(0) ? present : null;
}

function numberColumn(values: readonly (number | null)[]): NumberColumn {
  const integers = values.every((value) => value === null || Number.isSafeInteger(value));
  return { kind: integers ? "int64" : "double", values: Float64Array.from(values, (value) => value ?? 0), present: presentOf(values) };
}

function columnOf(storage: Storage, values: readonly unknown[]): { column: Column | null; left: unknown[] } {
  const fits = { dict: "string", bytes: "string", number: "number", bool: "boolean", rest: "none" }[storage];
  const held = values.map((value) => (typeof value === fits ? value : null));
  const left = values.map((value) => (typeof value === fits ? undefined : value));
  if (storage === "rest") return { column: null, left };
  if (storage === "dict") return { column: dictColumn(held as (string | null)[]), left };
  if (storage === "bytes") return { column: bytesColumn(held as (string | null)[]), left };
  if (storage === "number") return { column: numberColumn(held as (number | null)[]), left };
  return { column: { kind: "bool", values: Uint8Array.from(held, (value) => (value === true ? 1 : 0)), present: presentOf(held) }, left };
}

/**
 * @param storageOf how each field or `attributes.<name>` is stored; values that do not fit go to the rest
 * @param shadow what the rest holds beside values that have a column, to no effect
 */
export function batchOf(events: readonly PlainEvent[], storageOf: (name: string) => Storage = () => "dict", shadow?: unknown): EventBatch {
  const columns = new Map<string, Column>();
  for (const field of STRING_FIELDS) {
    const values = events.map((event) => event.fields[field]);
    if (values.every((value) => value === undefined)) continue;
    columns.set(field, storageOf(field) === "bytes" ? bytesColumn(values) : dictColumn(values));
  }
  if (events.some((event) => event.fingerprint !== undefined))
    columns.set("fingerprint", numberColumn(events.map((event) => event.fingerprint ?? null)));
  const rest = events.map(() => new Map<string, unknown>());
  for (const name of new Set(events.flatMap((event) => Object.keys(event.attributes)))) {
    const values = events.map((event) => (Object.hasOwn(event.attributes, name) ? event.attributes[name] : undefined));
    const { column, left } = columnOf(storageOf(`attributes.${name}`), values);
    if (column) columns.set(`attributes.${name}`, column);
    left.forEach((value, row) => {
      if (value !== undefined) rest[row]?.set(name, value);
      else if (shadow !== undefined && values[row] !== undefined) rest[row]?.set(name, shadow);
    });
  }
  return {
    rows: events.length,
    timestamp_us: Float64Array.from(events, (event) => event.timestamp_us),
    ingest_us: Float64Array.from(events, (event) => event.ingest_us),
    columns,
    rest: rest.some((values) => values.size > 0) ? bytesColumn(rest.map((values) => (values.size > 0 ? jsonOf(values) : null))) : null,
  };
}

function jsonOf(values: ReadonlyMap<string, unknown>): string {
  return `{${[...values].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`;
}

/** The event as the API shows it, made without any batch. */
export function expectedRecord(event: PlainEvent): EventRecord {
  const time = (time_us: number) => {
    const text = new Date(Math.floor(time_us / 1000)).toISOString();
    return `${text.slice(0, -1)}${String(((time_us % 1000) + 1000) % 1000).padStart(3, "0")}Z`;
  };
  const fingerprint = event.fingerprint === undefined ? {} : { fingerprint: event.fingerprint.toString(16).padStart(14, "0") };
  const attributes = Object.fromEntries(Object.entries(event.attributes).filter(([, value]) => value !== null && value !== undefined));
  return { timestamp: time(event.timestamp_us), ingest_ts: time(event.ingest_us), ...event.fields, ...fingerprint, attributes };
}
