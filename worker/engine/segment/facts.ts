/** Facts: how many events a segment has by five minutes, level and service. Histograms come from them without a look at the rows. */
import { FACT_BUCKET_US } from "../../limits.ts";
import { type DictColumn, type EventBatch, LEVELS, NULL_CODE } from "../batch/event-batch.ts";
import { ByteReader, ByteSink } from "./bytes.ts";
import { DamageError } from "./errors.ts";
import { NumberTable } from "./number-dictionary.ts";
import { compressPieces, decompressPieces } from "./zstd.ts";

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

/**
 * Writes the facts without their services: as runs of entries of one bucket, then what distinguishes entries, then counts, so that like stands by
 * like; compressed where it pays.
 */
export function writeFacts(sink: ByteSink, facts: SegmentFacts): void {
  const raw = packFacts(facts);
  const pieces = compressPieces(raw);
  const packed_size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  sink.varint(facts.count.length);
  sink.varint(raw.length);
  if (packed_size >= raw.length) {
    sink.varint(0);
    sink.raw(raw);
    return;
  }
  sink.varint(pieces.length);
  for (const piece of pieces) sink.varint(piece.length);
  for (const piece of pieces) sink.raw(piece);
}

function packFacts({ bucket_us, service, level, count }: SegmentFacts): Uint8Array {
  const entries = count.length;
  const sink = new ByteSink(64 + entries * 4);
  let bucket = 0;
  for (let start = 0, end = 0; start < entries; start = end) {
    while (end < entries && bucket_us[end] === bucket_us[start]) end++;
    const number = bucket_us[start]! / FACT_BUCKET_US;
    sink.zigzag(number - bucket);
    sink.varint(end - start);
    bucket = number;
  }
  for (let index = 0; index < entries; index++) sink.varint(service[index]! * LEVEL_SLOTS + level[index]!);
  for (let index = 0; index < entries; index++) sink.varint(count[index]!);
  return sink.copy();
}

/** @param services that the entries number */
export function readFacts(reader: ByteReader, services: readonly string[]): SegmentFacts {
  const entries = reader.varint();
  const raw_size = reader.varint();
  const piece_count = boundedCount(reader);
  const pieces = Array.from({ length: piece_count }, () => reader.varint());
  const stored = reader.raw(piece_count === 0 ? raw_size : pieces.reduce((sum, size) => sum + size, 0));
  const raw = new ByteReader(piece_count === 0 ? stored : decompressPieces(stored, pieces, raw_size));
  if (entries * 2 > raw_size) throw new DamageError("more facts than bytes");
  const facts = emptyFacts([...services], entries);
  let bucket = 0;
  for (let start = 0; start < entries; ) {
    bucket += raw.zigzag();
    const end = start + raw.varint();
    if (end === start || end > entries) throw new DamageError("facts of an impossible number");
    facts.bucket_us.fill(bucket * FACT_BUCKET_US, start, end);
    start = end;
  }
  for (let index = 0; index < entries; index++) setSlot(facts, index, raw.varint());
  for (let index = 0; index < entries; index++) facts.count[index] = raw.varint();
  if (raw.at !== raw.end) throw new DamageError("facts have bytes left over");
  return facts;
}

function emptyFacts(services: string[], entries: number): SegmentFacts {
  return {
    services,
    bucket_us: new Float64Array(entries),
    level: new Uint8Array(entries),
    service: new Uint32Array(entries),
    count: new Uint32Array(entries),
  };
}

function setSlot(facts: SegmentFacts, index: number, slot: number): void {
  facts.level[index] = slot % LEVEL_SLOTS;
  facts.service[index] = Math.floor(slot / LEVEL_SLOTS);
  if (facts.service[index]! >= facts.services.length) throw new DamageError("a fact of an unknown service");
}

/** As version 1 wrote them: services, then entry by entry. */
export function readFactsOfVersion1(reader: ByteReader): SegmentFacts {
  const services = Array.from({ length: boundedCount(reader) }, () => reader.text());
  const facts = emptyFacts(services, boundedCount(reader));
  let bucket = 0;
  for (let index = 0; index < facts.count.length; index++) {
    bucket += reader.zigzag();
    facts.bucket_us[index] = bucket * FACT_BUCKET_US;
    setSlot(facts, index, reader.varint());
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
