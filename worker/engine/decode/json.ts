import { isUtf8 } from "node:buffer";
import { EVENT_SIZE_BYTES_MAX } from "../../limits.ts";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { ErrorList, shown } from "./error-list.ts";
import { type EventWriter, withEventWriter } from "./event-writer.ts";
import { JsonScanner } from "./json-scanner.ts";
import { nextLine, skipBlank, skipBroken, skipString } from "./json-skip.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

export { type DecodeContext, type Decoded, type DecodeError, DecodeFailure } from "./types.ts";

const QUOTE = 0x22;
const OPEN_OBJECT = 0x7b;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
/** Stands in an event's cut mark where bytes that are no UTF-8 were replaced by U+FFFD. */
export const INVALID_UTF8_MARK = "(invalid UTF-8)";

/**
 * Decodes a body of JSON events: one object, an array of objects, NDJSON, or objects one after another, told by the content.
 * What is broken is reported and skipped: a bad line costs that line, a bad element of an array that element.
 * @throws DecodeFailure where nothing in the body could be read as JSON events, or there are too many
 */
export function decodeJson(body: Uint8Array, context: DecodeContext): Decoded {
  return withEventWriter(context, (writer) => new JsonDecoder(body, writer).decode());
}

class JsonDecoder {
  #body: Uint8Array;
  #end: number;
  #writer: EventWriter;
  #scanner: JsonScanner;
  #errors = new ErrorList();
  #valid_utf8: boolean;
  /** Objects begin at the beginning of lines and end in them. */
  #by_lines: boolean;
  #in_array = false;
  #index = 0;
  /** Something could be read, though it was refused: that is another answer than a body that is no JSON. */
  #understood = false;

  constructor(body: Uint8Array, writer: EventWriter) {
    this.#body = body;
    this.#end = body.length;
    this.#writer = writer;
    this.#scanner = new JsonScanner(writer.draft);
    this.#valid_utf8 = isUtf8(body);
    this.#by_lines = looksLikeLines(body, body.length);
  }

  decode(): Decoded {
    const start = this.#body[0] === 0xef && this.#body[1] === 0xbb && this.#body[2] === 0xbf ? 3 : 0;
    let at = skipBlank(this.#body, start, this.#end);
    if (at === this.#end) throw new DecodeFailure("empty", "the body is empty");
    while (at < this.#end) at = skipBlank(this.#body, this.#next(at), this.#end);
    if (this.#in_array && this.#errors.rejected === 0) this.#reject(this.#end, this.#end, "the body ends inside the array");
    this.#writer.finish();
    const { accepted, batches } = this.#writer;
    const { rejected, errors, refused } = this.#errors;
    if (accepted === 0) this.#failWithoutEvents();
    return { batches, accepted, rejected, errors, refused };
  }

  /** Takes what stands at the place; returns where to go on. */
  #next(at: number): number {
    switch (this.#body[at]) {
      case OPEN_OBJECT:
        return this.#event(at);
      case COMMA:
        return at + 1;
      case OPEN_ARRAY:
        if (this.#in_array) return this.#skipOther(at, "an event must be a JSON object, not an array");
        this.#in_array = true;
        return at + 1;
      case CLOSE_ARRAY:
        if (!this.#in_array) return this.#skipOther(at, "a closing bracket without an opening one");
        this.#in_array = false;
        return at + 1;
      default:
        return this.#skipOther(at, "an event must be a JSON object");
    }
  }

  #event(start: number): number {
    const draft = this.#writer.draft;
    const limit = Math.min(this.#end, start + EVENT_SIZE_BYTES_MAX);
    draft.begin(this.#body);
    const end = this.#scanner.scan(this.#body, start, limit);
    if (end < 0) return this.#broken(start, limit);
    if (draft.count === 0) this.#refuse(start, end, "the event is empty");
    else if (this.#valid_utf8 || isUtf8(this.#body.subarray(start, end))) this.#commit(end - start);
    else this.#repaired(start, end);
    return end;
  }

  #commit(raw_bytes: number): void {
    this.#index++;
    this.#writer.commit(raw_bytes);
  }

  /** Decodes the event anew with U+FFFD where its bytes are no UTF-8. */
  #repaired(start: number, end: number): void {
    const bytes = utf8Bytes(utf8Text(this.#body.subarray(start, end)));
    const draft = this.#writer.draft;
    draft.begin(bytes);
    if (this.#scanner.scan(bytes, 0, bytes.length) < 0) {
      this.#reject(start, end, "the event is not valid UTF-8");
      return;
    }
    draft.markCut(INVALID_UTF8_MARK);
    this.#commit(end - start);
  }

  /** Reports a broken event and finds where the next one begins. */
  #broken(start: number, limit: number): number {
    const { error, error_at } = this.#scanner;
    const end = this.#endOfBroken(start);
    const too_large = error_at >= limit && limit < this.#end && end - start > EVENT_SIZE_BYTES_MAX;
    if (too_large) this.#refuse(start, end, `the event is larger than ${EVENT_SIZE_BYTES_MAX} bytes`);
    else this.#reject(start, end, `${error} (at byte ${error_at - start} of the event)`);
    return end;
  }

  #endOfBroken(start: number): number {
    if (this.#by_lines) return nextLine(this.#body, start, this.#end);
    const balanced = skipBroken(this.#body, start, this.#end);
    return balanced > 0 ? balanced : this.#nextObject(start);
  }

  /** Where an event begins after one whose brackets or quotes do not match: a brace indented like this one, or `},{`. */
  #nextObject(start: number): number {
    const body = this.#body;
    let line_start = start;
    while (line_start > 0 && body[line_start - 1] !== NEWLINE) line_start--;
    const indent = start - line_start;
    for (let at = start + 1; at < this.#end; at++) {
      if (body[at] !== OPEN_OBJECT) continue;
      let before = at - 1;
      while (before > start && (body[before] === 0x20 || body[before] === 0x09)) before--;
      if (body[before] === NEWLINE) {
        if (at - before - 1 === indent) return at;
        continue;
      }
      if (body[before] !== COMMA) continue;
      before--;
      while (before > start && body[before]! <= 0x20) before--;
      if (body[before] === 0x7d) return at;
    }
    return this.#end;
  }

  /** Reports something that is no event and skips it. */
  #skipOther(start: number, message: string): number {
    const end = this.#by_lines && !this.#in_array ? nextLine(this.#body, start, this.#end) : this.#endOfOther(start);
    if (this.#in_array && isJson(this.#body.subarray(start, end))) this.#refuse(start, end, message);
    else this.#reject(start, end, message);
    return end;
  }

  #endOfOther(start: number): number {
    const body = this.#body;
    if (body[start] === OPEN_ARRAY) {
      const end = skipBroken(body, start, this.#end);
      return end > 0 ? end : this.#nextObject(start);
    }
    if (body[start] === QUOTE) {
      const end = skipString(body, start + 1, this.#end);
      if (end > 0) return end + 1;
    }
    let at = start + 1;
    while (at < this.#end && body[at] !== COMMA && body[at] !== NEWLINE && body[at] !== OPEN_OBJECT && body[at] !== CLOSE_ARRAY) at++;
    return at;
  }

  #reject(start: number, end: number, message: string): void {
    this.#errors.add(this.#index, "", shown(this.#body, start, end), message, this.#body.subarray(start, end));
    this.#index++;
  }

  /** Rejects what could be read. */
  #refuse(start: number, end: number, message: string): void {
    this.#understood = true;
    this.#reject(start, end, message);
  }

  #failWithoutEvents(): void {
    if (this.#understood) return;
    const { errors } = this.#errors;
    if (errors.length === 0) throw new DecodeFailure("empty", "the body holds no event");
    throw new DecodeFailure("syntax", `the body holds no event that could be read: ${errors[0]!.message}`, errors);
  }
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(utf8Text(bytes));
    return true;
  } catch {
    return false;
  }
}

/** NDJSON: the first line holds a whole object, or something broken before a line that begins with a brace. */
function looksLikeLines(body: Uint8Array, end: number): boolean {
  const start = skipBlank(body, body[0] === 0xef ? 3 : 0, end);
  if (start === end || body[start] === OPEN_ARRAY) return false;
  const second = nextLine(body, start, end);
  if (body[start] !== OPEN_OBJECT || skipBroken(body, start, second) > 0) return true;
  const next = skipBlank(body, second, end);
  return next === end || body[next] === OPEN_OBJECT;
}
