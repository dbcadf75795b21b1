/** Numbers of a column: of its dictionary, and of pages that hold the numbers themselves. */
import type { NumberColumn } from "../batch/event-batch.ts";
import { ByteReader } from "./bytes.ts";
import { decodeDelta } from "./delta.ts";
import { DamageError } from "./errors.ts";
import { ENCODING } from "./pages.ts";
import { type StoredChunk, type StoredPage, storedValues } from "./stored-chunk.ts";
import { decompressPieces } from "./zstd.ts";

const TWO_32 = 4_294_967_296;

export class NumberValues {
  readonly #chunk: StoredChunk;
  readonly #kind: NumberColumn["kind"];
  readonly #scale: number;
  #dictionary: Float64Array | null = null;

  /** @param scale what stored numbers are multiplied by */
  constructor(chunk: StoredChunk, kind: NumberColumn["kind"], scale: number) {
    this.#chunk = chunk;
    this.#kind = kind;
    this.#scale = scale;
  }

  dictionary(): Float64Array {
    const { cache, cache_key } = this.#chunk.home;
    this.#dictionary ??= cache.get<Float64Array>(`${cache_key}/values`) ?? null;
    if (this.#dictionary !== null) return this.#dictionary;
    const values = this.#chunk.guard(() => this.#decodeDictionary());
    cache.set(`${cache_key}/values`, values, values.byteLength + 128);
    this.#dictionary = values;
    return values;
  }

  #decodeDictionary(): Float64Array {
    const { count, raw_size, pieces, stored } = this.#chunk.dictionary();
    if (raw_size !== count * 8) throw new DamageError("numbers do not fill their dictionary");
    const raw = pieces.length === 0 ? stored : decompressPieces(stored, pieces, raw_size);
    if (raw.length !== raw_size) throw new DamageError("a dictionary of two sizes");
    const values = new Float64Array(count);
    this.#decodePlain(raw, values, 0, count);
    return values;
  }

  /** Decodes the numbers of a page to target[start..], rows without one left out. */
  decode(page: StoredPage, target: Float64Array, start: number): void {
    const count = page.rows - page.nulls;
    if (count === 0) return;
    const raw = storedValues(page);
    if (page.encoding === ENCODING.PLAIN) {
      if (raw.length !== count * 8) throw new DamageError("numbers do not fill their page");
      this.#decodePlain(raw, target, start, count);
      return;
    }
    if (this.#kind !== "int64" || page.encoding !== ENCODING.DELTA_BINARY_PACKED) {
      throw new DamageError(`numbers in encoding ${page.encoding}`);
    }
    const reader = new ByteReader(raw);
    decodeDelta(reader, target, start, count);
    if (reader.at !== raw.length) throw new DamageError("numbers do not fill their page");
    if (this.#scale !== 1) for (let at = start; at < start + count; at++) target[at] = target[at]! * this.#scale;
  }

  #decodePlain(raw: Uint8Array, target: Float64Array, start: number, count: number): void {
    if (this.#kind === "double") {
      new Uint8Array(target.buffer, target.byteOffset + start * 8, count * 8).set(raw);
      return;
    }
    const view = new DataView(raw.buffer, raw.byteOffset, count * 8);
    for (let index = 0; index < count; index++) {
      target[start + index] = (view.getInt32(index * 8 + 4, true) * TWO_32 + view.getUint32(index * 8, true)) * this.#scale;
    }
  }
}
