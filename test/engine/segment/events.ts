/** Events as plain rows, the batches made of them, and back: what the tests of frames and segments compare. */

import { ATTRIBUTE_PREFIX, type Column, type EventBatch, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";
import { columnValue, valueAt } from "../../../worker/engine/batch/select.ts";
import { bytesOf } from "../../../worker/engine/batch/unify.ts";
import type { FrameMeta } from "../../../worker/engine/segment/frame.ts";
import type { SegmentIdentity } from "../../../worker/engine/segment/segment-row.ts";
import { randomOf } from "../../support/random.ts";

export type Value = string | number | boolean;

export interface Row {
  timestamp_us: number;
  ingest_us: number;
  /** By column name. */
  values: Record<string, Value>;
  /** Attributes without a column, by attribute name. */
  rest?: Record<string, unknown>;
}

export const DICTIONARY_FIELDS = new Set(["level", "service", "environment", "host", "source"]);

/** How a column is made: `dict` and `bytes` hold strings. */
export type Kind = Column["kind"];

function columnOf(values: (Value | undefined)[], kind: Kind): Column {
  const present = Uint8Array.from(values, (value) => (value === undefined ? 0 : 1));
  const marks = present.includes(0) ? present : null;
  if (kind === "bytes")
    return bytesOf(
      values.map((value) => (value ?? "") as string),
      marks,
    );
  if (kind === "bool") return { kind, values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), present: marks };
  if (kind !== "dict") return { kind, values: Float64Array.from(values, (value) => (value ?? 0) as number), present: marks };
  const distinct = [...new Set(values.filter((value) => value !== undefined))] as string[];
  const code_of = new Map<Value | undefined, number>(distinct.map((value, code) => [value, code]));
  return { kind, values: distinct, codes: Uint32Array.from(values, (value) => code_of.get(value) ?? NULL_CODE) };
}

function kindOf(name: string, values: (Value | undefined)[]): Kind {
  const given = values.filter((value) => value !== undefined);
  if (typeof given[0] === "boolean") return "bool";
  if (typeof given[0] === "number") return given.every((value) => Number.isSafeInteger(value)) ? "int64" : "double";
  return DICTIONARY_FIELDS.has(name) || new Set(given).size <= given.length / 4 ? "dict" : "bytes";
}

/** A batch of the rows. @param kinds columns whose kind is not to be guessed from their values */
export function batchOf(rows: readonly Row[], kinds: Record<string, Kind> = {}): EventBatch {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row.values)))];
  const columns = new Map<string, Column>();
  for (const name of names) {
    const values = rows.map((row) => row.values[name]);
    columns.set(name, columnOf(values, kinds[name] ?? kindOf(name, values)));
  }
  const rests = rows.map((row) => (row.rest === undefined ? "" : JSON.stringify(row.rest)));
  return {
    rows: rows.length,
    timestamp_us: Float64Array.from(rows, (row) => row.timestamp_us),
    ingest_us: Float64Array.from(rows, (row) => row.ingest_us),
    columns,
    rest: rests.some((text) => text !== "")
      ? bytesOf(
          rests,
          Uint8Array.from(rests, (text) => (text === "" ? 0 : 1)),
        )
      : null,
  };
}

/** The batch's events with all their values in one object each, wherever a row keeps them: two batches of the same events give the same. */
export function flatRows(batch: EventBatch): Record<string, unknown>[] {
  return Array.from({ length: batch.rows }, (_, row) => flatRow(batch, row));
}

function flatRow(batch: EventBatch, row: number): Record<string, unknown> {
  const flat: Record<string, unknown> = { timestamp: valueAt(batch, "timestamp", row), ingest_ts: valueAt(batch, "ingest_ts", row) };
  for (const [name, column] of batch.columns) {
    const value = columnValue(column, row);
    if (value !== null) flat[name] = value;
  }
  const rest = batch.rest === null ? null : columnValue(batch.rest, row);
  if (rest === null) return flat;
  for (const [name, value] of Object.entries(JSON.parse(rest as string))) flat[ATTRIBUTE_PREFIX + name] = value;
  return flat;
}

/** The same from the rows themselves. */
export function flatRowsOf(rows: readonly Row[]): Record<string, unknown>[] {
  return rows.map(({ timestamp_us, ingest_us, values, rest = {} }) => ({
    timestamp: timestamp_us,
    ingest_ts: ingest_us,
    ...values,
    ...Object.fromEntries(Object.entries(rest).map(([name, value]) => [ATTRIBUTE_PREFIX + name, value])),
  }));
}

/** Order does not matter to a multiset. */
export function sorted(rows: readonly Record<string, unknown>[]): string[] {
  return rows.map((row) => JSON.stringify(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)))).sort();
}

export function frameMeta(ordinal = 0, raw_bytes = 1000): FrameMeta {
  return {
    frame_id: ordinal.toString(16).padStart(32, "0"),
    project_id: "p0000000000000a",
    shard: 0,
    accepted_us: 1_700_000_000_000_000,
    raw_bytes,
  };
}

export function identity(overrides: Partial<SegmentIdentity> = {}): SegmentIdentity {
  return {
    segment_id: "l0-test",
    project_id: "p0000000000000a",
    shard: 0,
    level: 0,
    seq_min: 1,
    seq_max: 9,
    day: null,
    object_key: "segments/v1/p0000000000000a/l0-test.parquet",
    created_us: 1_700_000_000_000_000,
    swap_id: null,
    ...overrides,
  };
}

const SERVICES = ["api", "auth", "billing", "search"];
const LEVELS = ["DEBUG", "INFO", "INFO", "INFO", "WARN", "ERROR"];
const TEMPLATES = ["connection to {} failed", "user {} logged in", "cache miss for key {}", "größere Anfrage {} verworfen", "job {} done"];

/** Rows like those of services in production, from a seed. */
export function typicalRows(count: number, seed = 1, start_us = 1_767_225_600_000_000): Row[] {
  const random = randomOf(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const hex = (digits: number): string => Array.from({ length: digits }, () => below(16).toString(16)).join("");
  let time = start_us;
  let trace = hex(32);
  return Array.from({ length: count }, () => {
    time += below(20_000);
    if (random() < 0.25) trace = hex(32);
    const template = below(TEMPLATES.length);
    const values: Record<string, Value> = {
      service: SERVICES[template % SERVICES.length]!,
      host: `host-${below(6)}`,
      message: TEMPLATES[template]!.replace("{}", hex(6)),
      fingerprint: 4_503_599_627_370_000 + template * 7,
      "attributes.status": [200, 200, 200, 404, 500][below(5)]!,
      "attributes.duration_ms": Math.round(random() * 1e5) / 100,
    };
    if (random() < 0.95) values.level = LEVELS[below(LEVELS.length)]!;
    if (random() < 0.7) values.trace_id = trace;
    if (random() < 0.3) values["attributes.user.id"] = `u${below(1e6)}`;
    if (random() < 0.2) values["attributes.cached"] = random() < 0.5;
    const row: Row = { timestamp_us: time, ingest_us: time + 1_000 + below(500), values };
    if (random() < 0.05) row.rest = { "tags.list": ["a", below(9)], note: "ß" };
    return row;
  });
}
