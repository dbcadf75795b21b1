/** The facts of one segment, made ready for counting: by five minutes, by hour and in all. */
import { type EventBatch, LEVELS, NULL_CODE } from "../engine/batch/event-batch.ts";
import { NO_LEVEL } from "../engine/segment/facts.ts";
import type { Segment } from "../engine/segment/read.ts";

const LEVEL_SLOTS = LEVELS.length + 1;
export const HOUR_US = 3_600_000_000;

/** Counts of the slots that occur in each piece of time, ascending by time. A slot is a service and a level. */
export interface FactSeries {
  start_us: Float64Array;
  slot: Uint32Array;
  count: Float64Array;
}

export interface FactIndex {
  /** Null: events without a service. */
  services: readonly (string | null)[];
  /** The same for segments with the same services in the same order. */
  services_key: string;
  slots: number;
  /** By slot. */
  totals: Float64Array;
  fine: FactSeries;
  hours: FactSeries;
  /** Whether facts tell events without a service, or without a level, from those with one that has no name. */
  tells_service: boolean;
  tells_level: boolean;
  size_bytes: number;
}

function nullsOf(segment: Segment, name: string): number {
  return segment.columns.find((column) => column.name === name)?.nulls ?? segment.row.rows;
}

function sumBySlot(series: FactSeries, slots: number): Float64Array {
  const totals = new Float64Array(slots);
  for (let index = 0; index < series.slot.length; index++) totals[series.slot[index]!]! += series.count[index]!;
  return totals;
}

/** Entries of one hour as one entry a slot. */
function byHour(fine: FactSeries, slots: number): FactSeries {
  const entries = fine.slot.length;
  const hours: FactSeries = { start_us: new Float64Array(entries), slot: new Uint32Array(entries), count: new Float64Array(entries) };
  /** Where the slot's entry of the present hour stands; those of earlier hours are before `first`. */
  const place = new Int32Array(slots).fill(-1);
  let length = 0;
  let first = 0;
  let hour_us = Number.NaN;
  for (let index = 0; index < entries; index++) {
    const start_us = Math.floor(fine.start_us[index]! / HOUR_US) * HOUR_US;
    if (start_us !== hour_us) {
      hour_us = start_us;
      first = length;
    }
    const slot = fine.slot[index]!;
    if (place[slot]! < first) {
      place[slot] = length;
      hours.start_us[length] = hour_us;
      hours.slot[length] = slot;
      length += 1;
    }
    hours.count[place[slot]!]! += fine.count[index]!;
  }
  return { start_us: hours.start_us.slice(0, length), slot: hours.slot.slice(0, length), count: hours.count.slice(0, length) };
}

const ENTRY_SIZE_BYTES = 8 + 4 + 8;

export function factIndexOf(segment: Segment): FactIndex {
  const { services, bucket_us, level, service, count } = segment.facts();
  const slot = new Uint32Array(count.length);
  let without_service = 0;
  let without_level = 0;
  for (let index = 0; index < slot.length; index++) {
    slot[index] = service[index]! * LEVEL_SLOTS + level[index]!;
    if (services[service[index]!] === "") without_service += count[index]!;
    if (level[index] === NO_LEVEL) without_level += count[index]!;
  }
  const slots = services.length * LEVEL_SLOTS;
  const fine: FactSeries = { start_us: bucket_us, slot, count: Float64Array.from(count) };
  const hours = byHour(fine, slots);
  return {
    services: services.map((name) => (name === "" ? null : name)),
    services_key: JSON.stringify(services),
    slots,
    totals: sumBySlot(hours, slots),
    fine,
    hours,
    tells_service: without_service === nullsOf(segment, "service"),
    tells_level: without_level === nullsOf(segment, "level"),
    size_bytes: (fine.slot.length + hours.slot.length) * ENTRY_SIZE_BYTES + slots * 8,
  };
}

export function levelOfSlot(slot: number): number {
  return slot % LEVEL_SLOTS;
}

export function serviceOfSlot(slot: number): number {
  return Math.floor(slot / LEVEL_SLOTS);
}

/** The name of a level by its number in a slot; null for events without one. */
export function levelName(level: number): string | null {
  return LEVELS[level] ?? null;
}

/** One row a slot, for filters on service and level. */
export function slotBatch({ services, slots }: FactIndex): EventBatch {
  const names = services.map((name) => name ?? "");
  const rows = Array.from({ length: slots }, (_, slot) => slot);
  const times = new Float64Array(slots);
  return {
    rows: slots,
    timestamp_us: times,
    ingest_us: times,
    columns: new Map([
      [
        "level",
        {
          kind: "dict",
          values: [...LEVELS],
          codes: Uint32Array.from(rows, (slot) => codeOf(levelName(levelOfSlot(slot)), levelOfSlot(slot))),
        },
      ],
      [
        "service",
        {
          kind: "dict",
          values: names,
          codes: Uint32Array.from(rows, (slot) => codeOf(services[serviceOfSlot(slot)]!, serviceOfSlot(slot))),
        },
      ],
    ]),
    rest: null,
  };
}

function codeOf(name: string | null, code: number): number {
  return name === null ? NULL_CODE : code;
}
