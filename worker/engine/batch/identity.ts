import {
  ATTRIBUTE_PREFIX,
  type Column,
  type DictColumn,
  type EventBatch,
  type EventRecord,
  NULL_CODE,
  STRING_FIELDS,
} from "./event-batch.ts";
import { HashSum, hashField, hashText, NameSeeds } from "./identity-hash.ts";
import { bytesAt, codeAt, ingestAt, numberAt, timeAt, valueBytes } from "./pages.ts";
import { hasCell, restAt } from "./record.ts";

/**
 * The identity of an event: its time, a 64-bit hash of its canonical row, and a counter among identical copies.
 *
 * The first 28 bits of the hash are the lowest of the arrival time, so that events of one moment keep the order in which they came: those
 * of one request arrive a microsecond apart. They wrap every 268 seconds, which only order among equal event times can notice. The rest comes of the sum (mod 2^64) of one hash for each field that has a value, so it depends neither on the order of fields nor on how a
 * column is stored. A field's hash covers its name, the JSON type of its value and the value (`identity-hash.ts`). `fingerprint` is left
 * out: it follows from the message. Changing any of this changes every event's id.
 */
export interface Identity {
  timestamp_us: number;
  /** 16 hexadecimal digits. */
  hash: string;
  /** 0 for the first of several identical events. */
  copy: number;
}

/** Hash of a row; the batch must have all the columns of its events. */
export function rowHash(batch: EventBatch, row: number): string {
  let hasher = hashers.get(batch);
  if (!hasher) {
    hasher = new RowHasher(batch);
    hashers.set(batch, hasher);
  }
  return hasher.hash(row);
}

const hashers = new WeakMap<EventBatch, RowHasher>();

/** Hashes of many rows of one batch; each value of a small dictionary is hashed once. */
export class RowHasher {
  readonly #batch: EventBatch;
  readonly #columns: ColumnHasher[];
  readonly #sum = new HashSum();

  constructor(batch: EventBatch) {
    this.#batch = batch;
    this.#columns = [...batch.columns].filter(([name]) => name !== "fingerprint").map(([name, column]) => new ColumnHasher(name, column));
  }

  hash(row: number): string {
    const timestamp_us = timeAt(this.#batch, row);
    const ingest_us = ingestAt(this.#batch, row);
    this.#sum.clear();
    hashField("timestamp", timestamp_us, this.#sum);
    hashField("ingest_ts", ingest_us, this.#sum);
    for (const column of this.#columns) column.add(row, this.#sum);
    const rest = restAt(this.#batch, row);
    if (rest) this.#addRest(rest, row);
    return orderedHash(ingest_us, this.#sum);
  }

  #addRest(rest: Record<string, unknown>, row: number): void {
    for (const name of Object.keys(rest)) {
      const field = ATTRIBUTE_PREFIX + name;
      const column = this.#batch.columns.get(field);
      if (!column || !hasCell(column, row)) hashField(field, rest[name], this.#sum);
    }
  }
}

/** Hashes of the values of a dictionary are remembered where it has at most so many. */
const REMEMBERED_VALUES_MAX = 4_096;

class ColumnHasher {
  readonly #column: Column;
  readonly #name: string;
  readonly #seeds: NameSeeds;
  readonly #own = new HashSum();
  /** Two lanes for each value of a small dictionary, and whether they are there. */
  #known: Uint32Array | null = null;
  #is_known: Uint8Array | null = null;

  constructor(name: string, column: Column) {
    this.#name = name;
    this.#column = column;
    this.#seeds = new NameSeeds(name);
  }

  add(row: number, sum: HashSum): void {
    const column = this.#column;
    switch (column.kind) {
      case "dict": {
        const code = codeAt(column, row);
        if (code !== NULL_CODE) this.#addValue(column, code, sum);
        return;
      }
      case "bytes": {
        const bytes = bytesAt(column, row);
        if (bytes !== null) hashText(this.#seeds, bytes, 0, bytes.length, sum);
        return;
      }
      case "bool":
        if (!column.present || column.present[row] === 1) hashField(this.#name, column.values[row] !== 0, sum);
        return;
      default:
        hashField(this.#name, numberAt(column, row), sum);
    }
  }

  #addValue(column: DictColumn, code: number, sum: HashSum): void {
    const count = column.value_count ?? column.values.length;
    if (count > REMEMBERED_VALUES_MAX) {
      this.#hashValue(column, code, sum);
      return;
    }
    this.#known ??= new Uint32Array(count * 2);
    this.#is_known ??= new Uint8Array(count);
    if (this.#is_known[code] === 0) {
      this.#own.clear();
      this.#hashValue(column, code, this.#own);
      this.#known[2 * code] = this.#own.low;
      this.#known[2 * code + 1] = this.#own.high;
      this.#is_known[code] = 1;
    }
    sum.add(this.#known[2 * code]!, this.#known[2 * code + 1]!);
  }

  #hashValue(column: DictColumn, code: number, sum: HashSum): void {
    const bytes = valueBytes(column, code);
    hashText(this.#seeds, bytes, 0, bytes.length, sum);
  }
}

/** The same hash from an event as the API shows it. */
export function recordHash(record: EventRecord): string {
  const sum = new HashSum();
  hashField("timestamp", readTimestamp_us(record.timestamp), sum);
  hashField("ingest_ts", readTimestamp_us(record.ingest_ts), sum);
  for (const field of STRING_FIELDS) hashField(field, record[field], sum);
  for (const name of Object.keys(record.attributes)) hashField(ATTRIBUTE_PREFIX + name, record.attributes[name], sum);
  return orderedHash(readTimestamp_us(record.ingest_ts), sum);
}

const ARRIVAL_DIGITS = 7;

function orderedHash(ingest_us: number, sum: HashSum): string {
  const arrival = ingest_us - Math.floor(ingest_us / 2 ** 28) * 2 ** 28;
  return arrival.toString(16).padStart(ARRIVAL_DIGITS, "0") + sum.finish().slice(ARRIVAL_DIGITS);
}

/** Microseconds of a time that `formatTimestamp_us` wrote. */
function readTimestamp_us(text: string): number {
  return Date.parse(`${text.slice(0, -4)}Z`) * 1000 + Number(text.slice(-4, -1));
}

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";
const TIME_LENGTH = 11;
const HASH_LENGTH = 13;
/** The time is cut into 30 upper and 25 lower bits; the upper half is moved so that times before 1970 sort first. */
const LOW_BITS = 25;
const HIGH_OFFSET = 2 ** 29;
const EVENT_ID = /^([0-9a-hjkmnp-tv-z]{11})([0-9a-hjkmnp-tv-z]{13})(?:-([1-9]\d{0,8}))?$/;

/** Identity as text of 24 letters and digits (and `-1` … for further copies): safe in URLs, sorts by time. */
export function eventId(timestamp_us: number, hash: string, copy: number): string {
  const high = Math.floor(timestamp_us / 2 ** LOW_BITS);
  const low = timestamp_us - high * 2 ** LOW_BITS;
  const time = encode(high + HIGH_OFFSET, TIME_LENGTH - 5) + encode(low, 5);
  return time + encodeHash(hash) + (copy > 0 ? `-${copy}` : "");
}

/** The identity that a text means; null where it is no event id. */
export function parseEventId(text: string): Identity | null {
  const match = EVENT_ID.exec(text);
  if (!match) return null;
  const [, time = "", digits = "", copy = "0"] = match;
  const timestamp_us = (decode(time.slice(0, -5)) - HIGH_OFFSET) * 2 ** LOW_BITS + decode(time.slice(-5));
  const hash = decodeHash(digits);
  return hash === null ? null : { timestamp_us, hash, copy: Number(copy) };
}

/** Order of events: time, then hash, then copy, ascending. Newest first is the reverse of it. */
export function compareOrder(left: Identity, right: Identity): number {
  if (left.timestamp_us !== right.timestamp_us) return left.timestamp_us - right.timestamp_us;
  if (left.hash !== right.hash) return left.hash < right.hash ? -1 : 1;
  return left.copy - right.copy;
}

function encode(value: number, length: number): string {
  let text = "";
  let left = value;
  for (let index = 0; index < length; index++) {
    text = DIGITS.charAt(left % 32) + text;
    left = Math.floor(left / 32);
  }
  return text;
}

function decode(text: string): number {
  let value = 0;
  for (const digit of text) value = value * 32 + DIGITS.indexOf(digit);
  return value;
}

/** 64 bits as 13 digits: 4 bits in the first, then 30 and 30. */
function encodeHash(hash: string): string {
  const high = Number.parseInt(hash.slice(0, 8), 16);
  const low = Number.parseInt(hash.slice(8), 16);
  const middle = (high % 2 ** 28) * 4 + Math.floor(low / 2 ** 30);
  return encode(Math.floor(high / 2 ** 28), 1) + encode(middle, 6) + encode(low % 2 ** 30, HASH_LENGTH - 7);
}

function decodeHash(digits: string): string | null {
  const top = decode(digits.slice(0, 1));
  const middle = decode(digits.slice(1, 7));
  const bottom = decode(digits.slice(7));
  if (top > 15) return null;
  const high = top * 2 ** 28 + Math.floor(middle / 4);
  const low = (middle % 4) * 2 ** 30 + bottom;
  return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
}
