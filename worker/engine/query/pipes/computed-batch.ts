import { Buffer } from "node:buffer";
import type { BytesColumn, Column, EventBatch } from "../../batch/event-batch.ts";
import { bufferOf, restAt } from "../../batch/record.ts";
import { attributeName, isAttribute } from "../fields.ts";

/**
 * The batch with computed columns over its own. Nothing of the batch is read before it is asked for; the JSON column, once it is, no longer
 * has the attributes that were computed, so that null stays null.
 */
export function withColumns(batch: EventBatch, computed: ReadonlyMap<string, Column>): EventBatch {
  let rest: BytesColumn | null | undefined;
  return {
    rows: batch.rows,
    get timestamp_us() {
      return batch.timestamp_us;
    },
    get ingest_us() {
      return batch.ingest_us;
    },
    get time_columns() {
      return batch.time_columns;
    },
    columns: new LayeredColumns(batch.columns, computed),
    get rest() {
      if (rest === undefined) rest = withoutAttributes(batch, [...computed.keys()].filter(isAttribute).map(attributeName));
      return rest;
    },
  };
}

/** Columns by name, of which the upper ones hide the lower ones; lower ones are asked for by name only. */
class LayeredColumns extends Map<string, Column> {
  readonly #lower: Map<string, Column>;
  readonly #upper: ReadonlyMap<string, Column>;

  constructor(lower: Map<string, Column>, upper: ReadonlyMap<string, Column>) {
    super();
    this.#lower = lower;
    this.#upper = upper;
  }

  override get(name: string): Column | undefined {
    return this.#upper.get(name) ?? this.#lower.get(name);
  }

  override has(name: string): boolean {
    return this.#upper.has(name) || this.#lower.has(name);
  }

  override get size(): number {
    let size = this.#lower.size;
    for (const name of this.#upper.keys()) if (!this.#lower.has(name)) size++;
    return size;
  }

  override *keys(): MapIterator<string> {
    yield* this.#lower.keys();
    for (const name of this.#upper.keys()) if (!this.#lower.has(name)) yield name;
  }

  override *entries(): MapIterator<[string, Column]> {
    for (const name of this.keys()) yield [name, this.get(name)!];
  }

  override *values(): MapIterator<Column> {
    for (const name of this.keys()) yield this.get(name)!;
  }

  override [Symbol.iterator](): MapIterator<[string, Column]> {
    return this.entries();
  }

  override forEach(visit: (column: Column, name: string, columns: Map<string, Column>) => void): void {
    for (const [name, column] of this) visit(column, name, this);
  }

  override set(): this {
    throw new TypeError("columns under computed ones are not changed");
  }

  override delete(): boolean {
    throw new TypeError("columns under computed ones are not changed");
  }
}

/** The JSON column without some attributes; the same one where none of its rows has them. */
function withoutAttributes(batch: EventBatch, names: readonly string[]): BytesColumn | null {
  const { rest } = batch;
  if (!rest) return null;
  const bytes = bufferOf(rest.bytes);
  const keys = names.map((name) => Buffer.from(JSON.stringify(name)));
  const texts = new Map<number, string>();
  for (const [index, key] of keys.entries()) {
    for (const row of rowsWith(bytes, rest.offsets, batch.rows, key)) {
      const object = texts.has(row) ? (JSON.parse(texts.get(row)!) as Record<string, unknown>) : restAt(batch, row);
      if (!object || !Object.hasOwn(object, names[index]!)) continue;
      delete object[names[index]!];
      texts.set(row, JSON.stringify(object));
    }
  }
  return texts.size === 0 ? rest : rewritten(rest, batch.rows, texts);
}

function* rowsWith(bytes: Buffer, offsets: Uint32Array, rows: number, key: Buffer): Generator<number> {
  let row = 0;
  for (let at = bytes.indexOf(key, offsets[0]); at >= 0 && at < offsets[rows]!; at = bytes.indexOf(key, offsets[row])) {
    while (offsets[row + 1]! <= at) row++;
    yield row++;
  }
}

function rewritten({ bytes, offsets, present }: BytesColumn, rows: number, texts: ReadonlyMap<number, string>): BytesColumn {
  const parts: Uint8Array[] = [];
  const ends = new Uint32Array(rows + 1);
  let end = 0;
  for (let row = 0; row < rows; row++) {
    const text = texts.get(row);
    const part = text === undefined ? bytes.subarray(offsets[row], offsets[row + 1]) : Buffer.from(text);
    parts.push(part);
    end += part.length;
    ends[row + 1] = end;
  }
  return { kind: "bytes", offsets: ends, bytes: new Uint8Array(Buffer.concat(parts, end)), present };
}
