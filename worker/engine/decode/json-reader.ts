import { isUtf8 } from "node:buffer";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import type { EventWriter } from "./event-writer.ts";
import { INVALID_UTF8_MARK } from "./json.ts";
import { JsonScanner } from "./json-scanner.ts";
import { RecordError } from "./records.ts";

/** Reads JSON objects into the writer's draft, straight from their bytes. */
export class JsonReader {
  readonly #writer: EventWriter;
  readonly #scanner: JsonScanner;

  constructor(writer: EventWriter) {
    this.#writer = writer;
    this.#scanner = new JsonScanner(writer.draft);
  }

  /** Begins a draft with the members of the object `raw`. @throws RecordError where it is no whole JSON object */
  begin(raw: Uint8Array): void {
    const { draft } = this.#writer;
    const is_text = isUtf8(raw);
    const bytes = is_text ? raw : utf8Bytes(utf8Text(raw));
    let start = 0;
    let end = bytes.length;
    while (start < end && bytes[start]! <= 0x20) start++;
    while (end > start && bytes[end - 1]! <= 0x20) end--;
    if (bytes[start] !== 0x7b) throw new RecordError("a JSON object was expected");
    draft.begin(bytes);
    const stop = this.#scanner.scan(bytes, start, end);
    if (stop < 0) throw new RecordError(`${this.#scanner.error} (at byte ${this.#scanner.error_at - start})`);
    if (stop !== end) throw new RecordError(`something follows the JSON object (at byte ${stop - start})`);
    if (!is_text) draft.markCut(INVALID_UTF8_MARK);
  }
}
