import { FRAME_ATTRIBUTE_COLUMNS_MAX, FRAME_RAW_SIZE_BYTES_TARGET, FRAME_ROWS_MAX } from "../../limits.ts";
import { ColumnBuilder, REFUSED } from "./builder-column.ts";
import { KEPT_SIZE_BYTES_MAX } from "./builder-dictionary.ts";
import { RestBuilder } from "./builder-rest.ts";
import { forgetSource } from "./byte-hash.ts";
import { ATTRIBUTE_PREFIX, type Column, type EventBatch, LEVELS, type StringField } from "./event-batch.ts";
import { utf8Bytes } from "./utf8.ts";

/** In batches of at least this many rows … */
const FOLD_ROWS_MIN = 256;
/** … an attribute that fewer than one row in this many has goes to the rest: a column costs pages and a footer entry whatever it holds. */
const FOLD_ROWS_PER_VALUE = 64;
const MESSAGES_KEPT_SIZE_BYTES_MAX = 1024 * 1024;
/** Times and fingerprint of a row. */
const ROW_SIZE_BYTES = 24;
const LEVEL_BYTES = LEVELS.map((level) => utf8Bytes(level));
const DICTIONARY_FIELDS: ReadonlySet<string> = new Set<StringField>(["level", "service", "environment", "host", "source"]);

/** Numbers the batches of all builders, so that a key never takes the column of another batch for its own. */
let generations = 0;

/** Names a column to a builder and remembers where it found it. */
export class ColumnKey {
  /** `message`, or `attributes.<name>`. */
  readonly column: string;
  /** Name in the rest's JSON: `"name":`. */
  readonly json: Uint8Array;
  readonly is_field: boolean;
  /** Attributes with odd names never get a column. */
  readonly column_allowed: boolean;
  generation = -1;
  builder: ColumnBuilder | null = null;

  constructor(name: string, is_field: boolean) {
    this.column = is_field ? name : ATTRIBUTE_PREFIX + name;
    this.json = utf8Bytes(`${JSON.stringify(name)}:`);
    this.is_field = is_field;
    this.column_allowed = is_field || isPlainName(name);
  }
}

export function fieldKey(name: StringField): ColumnKey {
  return new ColumnKey(name, true);
}

/** @param name dotted name without `attributes.` */
export function attributeKey(name: string): ColumnKey {
  return new ColumnKey(name, false);
}

export interface BuilderOptions {
  /** Fingerprint of the message `bytes[start .. end)`; without it batches have no such column. */
  fingerprint?: (bytes: Uint8Array, start: number, end: number) => number;
}

/**
 * Makes EventBatches row by row, without an object per row: `beginRow`, `set…` for each value (once per key), `endRow`, and `finish` when `full`.
 * The first FRAME_ATTRIBUTE_COLUMNS_MAX attributes get a column of the type of their first value; what does not fit there goes to the rest.
 * After `finish` the builder is empty and its arrays are used again.
 */
export class BatchBuilder {
  rows = 0;
  /** What the columns hold so far, roughly, uncompressed. */
  size_bytes = 0;
  #generation = ++generations;
  #attribute_columns = 0;
  #columns = new Map<string, ColumnBuilder>();
  #free: ColumnBuilder[] = [];
  #timestamps = new Float64Array(256);
  #ingests = new Float64Array(256);
  #rest = new RestBuilder();
  #fingerprint: BuilderOptions["fingerprint"];
  #fingerprints = new Float64Array(256);
  /** By code of the message column, while that is a dictionary. */
  #known_fingerprints: number[] = [];
  #message = fieldKey("message");
  #level = fieldKey("level");
  /** Codes of LEVELS in the level column, -1 where it does not have the level yet. */
  #level_codes = new Int32Array(LEVELS.length).fill(-1);
  /** Not one of the free ones: it is large in nearly every batch, and its buffer is worth keeping. */
  #message_column = new ColumnBuilder();

  constructor(options: BuilderOptions = {}) {
    this.#fingerprint = options.fingerprint;
  }

  get full(): boolean {
    return this.rows >= FRAME_ROWS_MAX || this.size_bytes >= FRAME_RAW_SIZE_BYTES_TARGET;
  }

  beginRow(timestamp_us: number, ingest_us: number): void {
    const row = this.rows;
    if (row === this.#timestamps.length) this.#growRows();
    this.#timestamps[row] = timestamp_us;
    this.#ingests[row] = ingest_us;
    this.#fingerprints[row] = 0;
    this.size_bytes += ROW_SIZE_BYTES;
  }

  endRow(): void {
    this.#rest.endRow(this.rows);
    this.rows++;
  }

  /** The message; its fingerprint is computed beside it. @param hash as of `setBytes` */
  setMessage(bytes: Uint8Array, start: number, end: number, hash = 0): void {
    const column = this.#resolve(this.#message)!;
    this.size_bytes += column.addBytes(this.rows, bytes, start, end, hash);
    if (this.#fingerprint === undefined) return;
    const code = column.last_code;
    const known = this.#known_fingerprints;
    if (code >= 0 && code < known.length) {
      this.#fingerprints[this.rows] = known[code]!;
      return;
    }
    const value = this.#fingerprint(bytes, start, end);
    this.#fingerprints[this.rows] = value;
    if (code === known.length) known.push(value);
  }

  /** @param level index into LEVELS */
  setLevel(level: number): void {
    const column = this.#resolve(this.#level)!;
    const code = this.#level_codes[level]!;
    if (code >= 0) {
      this.size_bytes += column.addCode(this.rows, code);
      return;
    }
    const bytes = LEVEL_BYTES[level]!;
    this.size_bytes += column.addBytes(this.rows, bytes, 0, bytes.length, 0);
    this.#level_codes[level] = column.last_code;
  }

  /** UTF-8 bytes that are known to be valid. @param hash of the bytes as `hashOf` of byte-hash.ts makes it; 0 where it was not made */
  setBytes(key: ColumnKey, bytes: Uint8Array, start: number, end: number, hash = 0): void {
    const grown = this.#resolve(key)?.addBytes(this.rows, bytes, start, end, hash) ?? REFUSED;
    this.size_bytes += grown === REFUSED ? this.#rest.addString(key.json, bytes, start, end) : grown;
  }

  setText(key: ColumnKey, text: string): void {
    const bytes = utf8Bytes(text);
    this.setBytes(key, bytes, 0, bytes.length);
  }

  /** Whole numbers beyond ±2^53 lose digits as numbers: give them as text. What is not finite is kept as its text. */
  setNumber(key: ColumnKey, value: number): void {
    if (!Number.isFinite(value)) {
      this.setText(key, String(value));
      return;
    }
    const grown = this.#resolve(key)?.addNumber(this.rows, value) ?? REFUSED;
    this.size_bytes += grown === REFUSED ? this.#rest.addLiteral(key.json, String(value + 0)) : grown;
  }

  setBoolean(key: ColumnKey, value: boolean): void {
    const grown = this.#resolve(key)?.addBoolean(this.rows, value) ?? REFUSED;
    this.size_bytes += grown === REFUSED ? this.#rest.addLiteral(key.json, value ? "true" : "false") : grown;
  }

  setNull(key: ColumnKey): void {
    this.size_bytes += this.#rest.addLiteral(key.json, "null");
  }

  /** An array or object as valid JSON text. */
  setJson(key: ColumnKey, bytes: Uint8Array, start: number, end: number): void {
    this.size_bytes += this.#rest.addJson(key.json, bytes, start, end);
  }

  finish(): EventBatch {
    const rows = this.rows;
    const columns = new Map<string, Column>();
    const folded: { json: Uint8Array; column: Column }[] = [];
    for (const [name, builder] of this.#columns) {
      if (builder.present_rows > 0) {
        const column = builder.finish(rows);
        if (this.#isRare(name, builder)) folded.push({ json: attributeKey(name.slice(ATTRIBUTE_PREFIX.length)).json, column });
        else columns.set(name, column);
      }
    }
    if (this.#fingerprint) columns.set("fingerprint", { kind: "int64", values: this.#fingerprints.slice(0, rows), present: null });
    const batch: EventBatch = {
      rows,
      timestamp_us: this.#timestamps.slice(0, rows),
      ingest_us: this.#ingests.slice(0, rows),
      columns,
      rest: this.#rest.finish(rows, folded),
    };
    this.clear();
    return batch;
  }

  #isRare(name: string, builder: ColumnBuilder): boolean {
    return name.startsWith(ATTRIBUTE_PREFIX) && this.rows >= FOLD_ROWS_MIN && builder.present_rows * FOLD_ROWS_PER_VALUE < this.rows;
  }

  /** Drops what was not finished. */
  clear(): void {
    for (const column of this.#columns.values()) {
      if (column === this.#message_column) column.clear(MESSAGES_KEPT_SIZE_BYTES_MAX);
      else {
        column.clear(KEPT_SIZE_BYTES_MAX);
        this.#free.push(column);
      }
    }
    this.#columns.clear();
    forgetSource();
    this.#known_fingerprints.length = 0;
    this.#level_codes.fill(-1);
    this.#attribute_columns = 0;
    this.#generation = ++generations;
    this.rows = 0;
    this.size_bytes = 0;
    this.#rest.clear();
  }

  /** The key's column; null where it lives in the rest. */
  #resolve(key: ColumnKey): ColumnBuilder | null {
    if (key.generation === this.#generation) return key.builder;
    key.generation = this.#generation;
    key.builder = key.column_allowed ? this.#columnNamed(key) : null;
    return key.builder;
  }

  #columnNamed(key: ColumnKey): ColumnBuilder | null {
    const known = this.#columns.get(key.column);
    if (known) return known;
    if (!key.is_field) {
      if (this.#attribute_columns === FRAME_ATTRIBUTE_COLUMNS_MAX) return null;
      this.#attribute_columns++;
    }
    const column = key.column === "message" ? this.#message_column : (this.#free.pop() ?? new ColumnBuilder());
    column.begin(key.is_field && DICTIONARY_FIELDS.has(key.column));
    this.#columns.set(key.column, column);
    return column;
  }

  #growRows(): void {
    const size = this.#timestamps.length * 2;
    this.#timestamps = grown(this.#timestamps, size);
    this.#ingests = grown(this.#ingests, size);
    this.#fingerprints = grown(this.#fingerprints, size);
  }
}

function grown(array: Float64Array<ArrayBuffer>, size: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(size);
  larger.set(array);
  return larger;
}

function isPlainName(name: string): boolean {
  if (name === "") return false;
  for (let at = 0; at < name.length; at++) if (name.charCodeAt(at) < 0x20) return false;
  return true;
}
