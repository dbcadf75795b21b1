import { copyBytes, grownBytes, KEPT_SIZE_BYTES_MAX } from "./builder-dictionary.ts";
import { type BytesColumn, type Column, NULL_CODE } from "./event-batch.ts";
import { utf8Bytes } from "./utf8.ts";

const OPEN = 0x7b;
const CLOSE = 0x7d;
const COMMA = 0x2c;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = utf8Bytes("0123456789abcdef");

/** Letter after the backslash for the bytes that JSON must escape; `u` where only \u00xx does. */
const ESCAPES: Uint8Array = (() => {
  const table = new Uint8Array(256);
  table.fill(0x75, 0, 0x20);
  for (const [byte, letter] of [
    [0x08, "b"],
    [0x09, "t"],
    [0x0a, "n"],
    [0x0c, "f"],
    [0x0d, "r"],
    [QUOTE, '"'],
    [BACKSLASH, "\\"],
  ] as const) {
    table[byte] = letter.charCodeAt(0);
  }
  return table;
})();

/** The rest column under construction: one JSON object per row, written as bytes. */
export class RestBuilder {
  #bytes = new Uint8Array(1024);
  #used = 0;
  #offsets = new Uint32Array(257);
  #present_rows = 0;
  #open = false;

  clear(): void {
    if (this.#bytes.length > KEPT_SIZE_BYTES_MAX) this.#bytes = new Uint8Array(1024);
    this.#used = 0;
    this.#present_rows = 0;
    this.#open = false;
  }

  /** Each `add…` returns the bytes written. `json` is the name as `"name":`. */
  addString(json: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    const before = this.#used;
    this.#name(json, (end - start) * 6 + 2);
    this.#used = writeJsonString(this.#bytes, this.#used, bytes, start, end);
    return this.#used - before;
  }

  addLiteral(json: Uint8Array, literal: string): number {
    const before = this.#used;
    this.#name(json, literal.length);
    for (let at = 0; at < literal.length; at++) this.#bytes[this.#used++] = literal.charCodeAt(at);
    return this.#used - before;
  }

  addJson(json: Uint8Array, bytes: Uint8Array, start: number, end: number): number {
    const before = this.#used;
    this.#name(json, end - start);
    copyBytes(bytes, start, end, this.#bytes, this.#used);
    this.#used += end - start;
    return this.#used - before;
  }

  endRow(row: number): void {
    this.#reach(row);
    if (this.#open) {
      this.#room(1);
      this.#bytes[this.#used++] = CLOSE;
      this.#open = false;
      this.#present_rows++;
    }
    this.#offsets[row + 1] = this.#used;
  }

  /** @param folded columns whose values join the rest */
  finish(rows: number, folded: { json: Uint8Array; column: Column }[]): BytesColumn | null {
    if (folded.length > 0) return this.#merged(rows, folded);
    if (this.#present_rows === 0) return null;
    const offsets = this.#offsets.slice(0, rows + 1);
    offsets[0] = 0;
    let present: Uint8Array | null = null;
    if (this.#present_rows < rows) {
      present = new Uint8Array(rows);
      for (let row = 0; row < rows; row++) if (offsets[row + 1]! > offsets[row]!) present[row] = 1;
    }
    return { kind: "bytes", offsets, bytes: this.#bytes.slice(0, this.#used), present };
  }

  #merged(rows: number, folded: { json: Uint8Array; column: Column }[]): BytesColumn | null {
    const merged = new RestBuilder();
    for (let row = 0; row < rows; row++) {
      const start = row === 0 ? 0 : this.#offsets[row]!;
      const end = this.#offsets[row + 1]!;
      if (end > start) merged.#reopen(this.#bytes, start, end - 1);
      for (const { json, column } of folded) merged.#addValue(json, column, row);
      merged.endRow(row);
    }
    return merged.finish(rows, []);
  }

  /** Takes over a row's object without its closing brace. */
  #reopen(bytes: Uint8Array, start: number, end: number): void {
    this.#room(end - start);
    copyBytes(bytes, start, end, this.#bytes, this.#used);
    this.#used += end - start;
    this.#open = true;
  }

  #addValue(json: Uint8Array, column: Column, row: number): void {
    if (column.kind === "dict") {
      const code = column.codes[row]!;
      if (code === NULL_CODE) return;
      const bytes = utf8Bytes(column.values[code]!);
      this.addString(json, bytes, 0, bytes.length);
    } else if (column.present === null || column.present[row] === 1) {
      if (column.kind === "bytes") this.addString(json, column.bytes, column.offsets[row]!, column.offsets[row + 1]!);
      else if (column.kind === "bool") this.addLiteral(json, column.values[row] === 1 ? "true" : "false");
      else this.addLiteral(json, String(column.values[row]!));
    }
  }

  /** Opens the row's object or goes on in it. */
  #name(json: Uint8Array, value_size_bytes: number): void {
    this.#room(json.length + value_size_bytes + 1);
    this.#bytes[this.#used++] = this.#open ? COMMA : OPEN;
    this.#open = true;
    copyBytes(json, 0, json.length, this.#bytes, this.#used);
    this.#used += json.length;
  }

  #room(size_bytes: number): void {
    const needed = this.#used + size_bytes;
    if (needed > this.#bytes.length) this.#bytes = grownBytes(this.#bytes, this.#used, needed);
  }

  #reach(row: number): void {
    if (row + 2 <= this.#offsets.length) return;
    const offsets = new Uint32Array(Math.max(this.#offsets.length * 2, row + 2));
    offsets.set(this.#offsets);
    this.#offsets = offsets;
  }
}

/** Writes the UTF-8 text as a JSON string; `target` must have room for 6 bytes per byte and the quotes. Returns where it ends. */
function writeJsonString(target: Uint8Array, at: number, bytes: Uint8Array, start: number, end: number): number {
  target[at++] = QUOTE;
  for (let from = start; from < end; from++) {
    const byte = bytes[from]!;
    const letter = ESCAPES[byte]!;
    if (letter === 0) {
      target[at++] = byte;
      continue;
    }
    target[at++] = BACKSLASH;
    target[at++] = letter;
    if (letter === 0x75) {
      target[at++] = 0x30;
      target[at++] = 0x30;
      target[at++] = HEX[byte >> 4]!;
      target[at++] = HEX[byte & 15]!;
    }
  }
  target[at++] = QUOTE;
  return at;
}
