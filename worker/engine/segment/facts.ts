/** Facts: how many events a segment has by five minutes, level and service. Histograms come from them without a look at the rows. */
import { FACT_BUCKET_US } from "../../limits.ts";
import { type DictColumn, type EventBatch, LEVELS, NULL_CODE } from "../batch/event-batch.ts";
import type { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { NumberTable } from "./number-dictionary.ts";

/** In place of an index of LEVELS: the event has no level. */
export const NO_LEVEL = LEVELS.length;
const LEVEL_SLOTS = LEVELS.length + 1;

/** Parallel arrays with one entry per bucket, level and service that occur together, ascending by bucket. */
export interface SegmentFacts {
  /** Services that occur; "" stands for events without one. */
  services: string[];
  /** Beginning of the five minutes, microseconds since the epoch. */
  bucket_us: Float64Array;
  /** Index of LEVELS, or NO_LEVEL. */
  level: Uint8Array;
  /** Index of `services`. */
  service: Uint32Array;
  count: Uint32Array;
}

type CountedEvents = Pick<EventBatch, "rows" | "timestamp_us" | "columns">;

/** Slots (service and level) of one bucket: more than a segment can have. */
const SLOTS_PER_BUCKET = 2 ** 23;

/** Counts by bucket, service and level under construction; sparse, since events may be of any time. */
export class FactCounter {
  readonly #services: string[] = [];
  readonly #service_codes = new Map<string, number>();
  /** bucket * SLOTS_PER_BUCKET + service * LEVEL_SLOTS + level. */
  readonly #keys = new NumberTable();
  #counts = new Uint32Array(256);

  /** Counts the events of a batch; only those of `rows` where they are given. */
  add(batch: CountedEvents, rows: Uint32Array | null = null): void {
    const service = dictOf(batch, "service");
    const level = dictOf(batch, "level");
    const service_slots = service?.values.map((value) => this.#serviceCode(value) * LEVEL_SLOTS) ?? [];
    const level_codes = level?.values.map(levelIndex) ?? [];
    const no_service = this.#serviceCode("") * LEVEL_SLOTS;
    const total = rows?.length ?? batch.rows;
    for (let index = 0; index < total; index++) {
      const row = rows === null ? index : rows[index]!;
      const service_code = service?.codes[row] ?? NULL_CODE;
      const level_code = level?.codes[row] ?? NULL_CODE;
      const slot = service_code === NULL_CODE ? no_service : service_slots[service_code]!;
      const bucket = Math.floor(batch.timestamp_us[row]! / FACT_BUCKET_US);
      this.#count(bucket * SLOTS_PER_BUCKET + slot + (level_code === NULL_CODE ? NO_LEVEL : level_codes[level_code]!), 1);
    }
  }

  /** Adds counts that were made before. */
  addFacts(facts: SegmentFacts): void {
    const slots = facts.services.map((service) => this.#serviceCode(service) * LEVEL_SLOTS);
    for (let index = 0; index < facts.count.length; index++) {
      const bucket = facts.bucket_us[index]! / FACT_BUCKET_US;
      this.#count(bucket * SLOTS_PER_BUCKET + slots[facts.service[index]!]! + facts.level[index]!, facts.count[index]!);
    }
  }

  finish(): SegmentFacts {
    const keys = this.#keys.distinct().sort();
    const entries = keys.length;
    const facts: SegmentFacts = {
      services: [],
      bucket_us: new Float64Array(entries),
      level: new Uint8Array(entries),
      service: new Uint32Array(entries),
      count: new Uint32Array(entries),
    };
    /** Of the services that occur: their place in the result. */
    const places = new Map<number, number>();
    for (const [index, key] of keys.entries()) {
      const bucket = Math.floor(key / SLOTS_PER_BUCKET);
      const slot = key - bucket * SLOTS_PER_BUCKET;
      const service = Math.floor(slot / LEVEL_SLOTS);
      const place = places.get(service) ?? facts.services.push(this.#services[service]!) - 1;
      places.set(service, place);
      facts.bucket_us[index] = bucket * FACT_BUCKET_US;
      facts.level[index] = slot % LEVEL_SLOTS;
      facts.service[index] = place;
      facts.count[index] = this.#counts[this.#keys.codeOf(key)]!;
    }
    return facts;
  }

  #count(key: number, by: number): void {
    const code = this.#keys.codeOf(key);
    if (code >= this.#counts.length) {
      const grown = new Uint32Array(this.#counts.length * 2);
      grown.set(this.#counts);
      this.#counts = grown;
    }
    this.#counts[code] = this.#counts[code]! + by;
  }

  #serviceCode(service: string): number {
    let code = this.#service_codes.get(service);
    if (code === undefined) {
      code = this.#services.length;
      this.#services.push(service);
      this.#service_codes.set(service, code);
    }
    return code;
  }
}

function dictOf(batch: CountedEvents, name: string): DictColumn | undefined {
  const column = batch.columns.get(name);
  if (column !== undefined && column.kind !== "dict") throw new TypeError(`${name} must be a dictionary`);
  return column;
}

/** Counts the events of a batch; only those of `rows` where they are given. */
export function factsOf(batch: CountedEvents, rows: Uint32Array | null = null): SegmentFacts {
  const counter = new FactCounter();
  counter.add(batch, rows);
  return counter.finish();
}

function levelIndex(level: string): number {
  const index = (LEVELS as readonly string[]).indexOf(level);
  return index < 0 ? NO_LEVEL : index;
}

/** The sum of several facts. */
export function mergeFacts(parts: readonly SegmentFacts[]): SegmentFacts {
  const counter = new FactCounter();
  for (const part of parts) counter.addFacts(part);
  return counter.finish();
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
