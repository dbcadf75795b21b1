import { isUtf8 } from "node:buffer";
import { EVENT_SIZE_BYTES_MAX } from "../../limits.ts";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { ErrorList, shown } from "./error-list.ts";
import { type EventWriter, withEventWriter } from "./event-writer.ts";
import { INVALID_UTF8_MARK } from "./json.ts";
import { LineReader } from "./line-reader.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * Decodes text, one event a line (LF or CRLF; blank lines are none), each as LineReader reads it.
 * @throws DecodeFailure where there is no line, or too many
 */
export function decodeText(body: Uint8Array, context: DecodeContext): Decoded {
  return withEventWriter(context, (writer) => new TextDecoding(body, context, writer).decode());
}

class TextDecoding {
  #body: Uint8Array;
  #writer: EventWriter;
  #line: LineReader;
  #errors = new ErrorList();
  #valid_utf8: boolean;
  #index = 0;

  constructor(body: Uint8Array, context: DecodeContext, writer: EventWriter) {
    this.#body = body;
    this.#writer = writer;
    this.#valid_utf8 = isUtf8(body);
    this.#line = new LineReader(writer, context.defaults);
  }

  decode(): Decoded {
    const body = this.#body;
    let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
    while (start < body.length) {
      const newline = body.indexOf(NEWLINE, start);
      const stop = newline < 0 ? body.length : newline;
      const end = stop > start && body[stop - 1] === CARRIAGE_RETURN ? stop - 1 : stop;
      if (!isBlank(body, start, end)) this.#take(start, end);
      start = stop + 1;
    }
    if (this.#index === 0) throw new DecodeFailure("empty", "the body holds no line");
    this.#writer.finish();
    const { accepted, batches } = this.#writer;
    const { rejected, errors, refused } = this.#errors;
    return { batches, accepted, rejected, errors, refused };
  }

  #take(start: number, end: number): void {
    const index = this.#index++;
    if (end - start > EVENT_SIZE_BYTES_MAX) {
      const raw = this.#body.subarray(start, end);
      this.#errors.add(index, "", shown(this.#body, start, end), `the line is larger than ${EVENT_SIZE_BYTES_MAX} bytes`, raw);
    } else if (this.#valid_utf8 || isUtf8(this.#body.subarray(start, end))) this.#event(this.#body, start, end, end - start, false);
    else {
      const repaired = utf8Bytes(utf8Text(this.#body.subarray(start, end)));
      this.#event(repaired, 0, repaired.length, end - start, true);
    }
  }

  #event(bytes: Uint8Array, start: number, end: number, raw_bytes: number, repaired: boolean): void {
    this.#line.begin(bytes, start, end);
    if (repaired) this.#writer.draft.markCut(INVALID_UTF8_MARK);
    this.#writer.commit(raw_bytes);
  }
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at]! > 0x20) return false;
  return true;
}
