/** Facts: how many events a segment has by five minutes, level and service. Histograms come from them without a look at the rows. */
import { FACT_BUCKET_US } from "../../limits.ts";
import { type EventBatch, LEVELS, NULL_CODE } from "../batch/event-batch.ts";
import type { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";

/** In place of an index of LEVELS: the event has no level. */
export const NO_LEVEL = LEVELS.length;
const LEVEL_SLOTS = LEVELS.length + 1;

/** Parallel arrays with one entry per bucket, level and service that occur together, ascending by bucket, then service, then level. */
export interface SegmentFacts {
  /** Distinct services; "" stands for events without one. */
  services: string[];
  /** Beginning of the five minutes, microseconds since the epoch. */
  bucket_us: Float64Array;
  /** Index of LEVELS, or NO_LEVEL. */
  level: Uint8Array;
  /** Index of `services`. */
  service: Uint32Array;
  count: Uint32Array;
}

/** Counts by (bucket, service, level) under construction. */
class FactCounter {
  readonly services: string[] = [];
  readonly #service_codes = new Map<string, number>();
  /** By bucket number: counts at service * LEVEL_SLOTS + level. */
  readonly #buckets = new Map<number, Uint32Array>();

  serviceCode(service: string): number {
    let code = this.#service_codes.get(service);
    if (code === undefined) {
      code = this.services.length;
      this.services.push(service);
      this.#service_codes.set(service, code);
    }
    return code;
  }

  /** Counts of a bucket with room for all services known so far. */
  bucket(number: number): Uint32Array {
    const needed = this.services.length * LEVEL_SLOTS;
    let counts = this.#buckets.get(number);
    if (counts !== undefined && counts.length >= needed) return counts;
    const grown = new Uint32Array(Math.max(needed, (counts?.length ?? 0) * 2));
    if (counts !== undefined) grown.set(counts);
    counts = grown;
    this.#buckets.set(number, counts);
    return counts;
  }

  finish(): SegmentFacts {
    const numbers = [...this.#buckets.keys()].sort((a, b) => a - b);
    const entries: { bucket: number; slot: number; count: number }[] = [];
    for (const number of numbers) {
      for (const [slot, count] of this.#buckets.get(number)!.entries()) if (count > 0) entries.push({ bucket: number, slot, count });
    }
    return {
      services: this.services,
      bucket_us: Float64Array.from(entries, (entry) => entry.bucket * FACT_BUCKET_US),
      level: Uint8Array.from(entries, (entry) => entry.slot % LEVEL_SLOTS),
      service: Uint32Array.from(entries, (entry) => Math.floor(entry.slot / LEVEL_SLOTS)),
      count: Uint32Array.from(entries, (entry) => entry.count),
    };
  }
}

/** Counts the events of a batch; only those of `rows` where they are given. */
export function factsOf(batch: Pick<EventBatch, "rows" | "timestamp_us" | "columns">, rows: Uint32Array | null = null): SegmentFacts {
  const counter = new FactCounter();
  const service = batch.columns.get("service");
  const level = batch.columns.get("level");
  if ((service && service.kind !== "dict") || (level && level.kind !== "dict"))
    throw new TypeError("service and level must be dictionaries");
  const service_codes = service?.values.map((value) => counter.serviceCode(value)) ?? [];
  const level_codes = level?.values.map(levelIndex) ?? [];
  let no_service = -1;
  let bucket_number = Number.NaN;
  let counts = new Uint32Array(0);
  const total = rows?.length ?? batch.rows;
  for (let index = 0; index < total; index++) {
    const row = rows === null ? index : rows[index]!;
    const service_code = service?.codes[row] ?? NULL_CODE;
    const level_code = level?.codes[row] ?? NULL_CODE;
    let slot = service_code === NULL_CODE ? no_service : service_codes[service_code]!;
    if (slot < 0) {
      no_service = counter.serviceCode("");
      slot = no_service;
      bucket_number = Number.NaN;
    }
    const number = Math.floor(batch.timestamp_us[row]! / FACT_BUCKET_US);
    if (number !== bucket_number) {
      bucket_number = number;
      counts = counter.bucket(number) as Uint32Array<ArrayBuffer>;
    }
    const at = slot * LEVEL_SLOTS + (level_code === NULL_CODE ? NO_LEVEL : level_codes[level_code]!);
    counts[at] = counts[at]! + 1;
  }
  return counter.finish();
}

function levelIndex(level: string): number {
  const index = (LEVELS as readonly string[]).indexOf(level);
  return index < 0 ? NO_LEVEL : index;
}

/** The sum of several facts. */
export function mergeFacts(parts: readonly SegmentFacts[]): SegmentFacts {
  const counter = new FactCounter();
  const codes = parts.map((part) => part.services.map((service) => counter.serviceCode(service)));
  for (const [ordinal, part] of parts.entries()) {
    for (let index = 0; index < part.count.length; index++) {
      const counts = counter.bucket(part.bucket_us[index]! / FACT_BUCKET_US);
      const at = codes[ordinal]![part.service[index]!]! * LEVEL_SLOTS + part.level[index]!;
      counts[at] = counts[at]! + part.count[index]!;
    }
  }
  return counter.finish();
}

/** Services that occur, whatever the dictionary holds besides. */
export function servicesOf(facts: SegmentFacts): string[] {
  const seen = new Set(facts.service);
  return facts.services.filter((_, code) => seen.has(code));
}

/** A bit per index of LEVELS that occurs, and bit NO_LEVEL. */
export function levelMaskOf(facts: SegmentFacts): number {
  let mask = 0;
  for (const level of facts.level) mask |= 1 << level;
  return mask;
}

export function writeFacts(sink: ByteSink, facts: SegmentFacts): void {
  sink.varint(facts.services.length);
  for (const service of facts.services) sink.text(service);
  sink.varint(facts.count.length);
  let bucket = 0;
  for (let index = 0; index < facts.count.length; index++) {
    const number = facts.bucket_us[index]! / FACT_BUCKET_US;
    sink.zigzag(number - bucket);
    bucket = number;
    sink.varint(facts.service[index]! * LEVEL_SLOTS + facts.level[index]!);
    sink.varint(facts.count[index]!);
  }
}

export function readFacts(reader: ByteReader): SegmentFacts {
  const service_count = boundedCount(reader);
  const services = Array.from({ length: service_count }, () => reader.text());
  const count = boundedCount(reader);
  const facts: SegmentFacts = {
    services,
    bucket_us: new Float64Array(count),
    level: new Uint8Array(count),
    service: new Uint32Array(count),
    count: new Uint32Array(count),
  };
  let bucket = 0;
  for (let index = 0; index < count; index++) {
    bucket += reader.zigzag();
    const slot = reader.varint();
    facts.bucket_us[index] = bucket * FACT_BUCKET_US;
    facts.level[index] = slot % LEVEL_SLOTS;
    facts.service[index] = Math.floor(slot / LEVEL_SLOTS);
    if (facts.service[index]! >= service_count) throw new DamageError("a fact of an unknown service");
    facts.count[index] = reader.varint();
  }
  return facts;
}

/** A count of things that take at least a byte each. */
function boundedCount(reader: ByteReader): number {
  const count = reader.varint();
  if (count > reader.end - reader.at) throw new DamageError("more entries than bytes");
  return count;
}
