import { Buffer } from "node:buffer";
import { type BytesColumn, type Column, type DictColumn, NULL_CODE } from "../../batch/event-batch.ts";
import { type BoolVector, NULL_BOOL, type NumberVector, plain, type TextVector, textsOf, type Vector } from "./vector.ts";

/** Most distinct texts among the first rows that still are kept as a dictionary. */
const DICTIONARY_SHARE = 0.5;
const DICTIONARY_TRIED_ROWS = 4_096;

/**
 * The vector as a column of a batch: `rows[i]` has its i-th value, all other rows null. Values of several kinds become texts.
 * @param as_dictionary strings become a DictColumn however many there are
 */
export function toColumn(vector: Vector, rows: Uint32Array, batch_rows: number, as_dictionary = false): Column {
  const dictionary = vector.type === "indexed" && (vector.of.type === "text" || vector.of.type === "mixed");
  if (dictionary) return indexedColumn(textsOf(vector.of, "text"), vector.codes, rows, batch_rows);
  const values = plain(vector);
  if (values.type === "number") return numberColumn(values, rows, batch_rows);
  if (values.type === "bool") return boolColumn(values, rows, batch_rows);
  return textColumn(textsOf(values, "text"), rows, batch_rows, as_dictionary);
}

function numberColumn({ values, stride }: NumberVector, rows: Uint32Array, batch_rows: number): Column {
  const target = new Float64Array(batch_rows);
  const present = new Uint8Array(batch_rows);
  let count = 0;
  let integers = true;
  for (let index = 0; index < rows.length; index++) {
    const value = values[index * stride]!;
    if (Number.isNaN(value)) continue;
    const row = rows[index]!;
    target[row] = value + 0;
    present[row] = 1;
    count++;
    integers &&= Number.isSafeInteger(value);
  }
  return { kind: integers ? "int64" : "double", values: target, present: count === batch_rows ? null : present };
}

function boolColumn({ values, stride }: BoolVector, rows: Uint32Array, batch_rows: number): Column {
  const target = new Uint8Array(batch_rows);
  const present = new Uint8Array(batch_rows);
  let count = 0;
  for (let index = 0; index < rows.length; index++) {
    const value = values[index * stride]!;
    if (value === NULL_BOOL) continue;
    target[rows[index]!] = value;
    present[rows[index]!] = 1;
    count++;
  }
  return { kind: "bool", values: target, present: count === batch_rows ? null : present };
}

function indexedColumn({ values: texts, stride }: TextVector, codes: Uint32Array, rows: Uint32Array, batch_rows: number): DictColumn {
  const builder = new DictionaryBuilder();
  const own = Uint32Array.from(texts, (text) => builder.codeOf(text));
  const target = new Uint32Array(batch_rows).fill(NULL_CODE);
  for (let index = 0; index < rows.length; index++) target[rows[index]!] = own[codes[index]! * stride]!;
  return { kind: "dict", values: builder.values, codes: target };
}

function textColumn({ values, stride }: TextVector, rows: Uint32Array, batch_rows: number, as_dictionary: boolean): Column {
  const builder = new DictionaryBuilder();
  const codes = new Uint32Array(batch_rows).fill(NULL_CODE);
  for (let index = 0; index < rows.length; index++) {
    codes[rows[index]!] = builder.codeOf(values[index * stride]!);
    const distinct = builder.values.length;
    if (!as_dictionary && index >= DICTIONARY_TRIED_ROWS && distinct > index * DICTIONARY_SHARE)
      return bytesColumn(values, rows, batch_rows);
  }
  return { kind: "dict", values: builder.values, codes };
}

class DictionaryBuilder {
  readonly values: string[] = [];
  readonly #codes = new Map<string, number>();

  codeOf(text: string | null): number {
    if (text === null) return NULL_CODE;
    let code = this.#codes.get(text);
    if (code === undefined) {
      code = this.values.push(text) - 1;
      this.#codes.set(text, code);
    }
    return code;
  }
}

function bytesColumn(values: readonly (string | null)[], rows: Uint32Array, batch_rows: number): BytesColumn {
  const texts = new Array<string | null>(batch_rows).fill(null);
  for (let index = 0; index < rows.length; index++) texts[rows[index]!] = values[index]!;
  const bytes = new TextEncoder().encode(texts.join(""));
  const offsets = new Uint32Array(batch_rows + 1);
  const present = new Uint8Array(batch_rows);
  let end = 0;
  for (let row = 0; row < batch_rows; row++) {
    const text = texts[row]!;
    if (text !== null) {
      present[row] = 1;
      end += Buffer.byteLength(text);
    }
    offsets[row + 1] = end;
  }
  return { kind: "bytes", offsets, bytes, present: present.includes(0) ? present : null };
}
