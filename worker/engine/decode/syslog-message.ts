import { isUtf8 } from "node:buffer";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { BODY, type Path } from "../normalize/draft.ts";
import { addCef, isCef } from "./cef.ts";
import type { EventWriter } from "./event-writer.ts";
import { INVALID_UTF8_MARK } from "./json.ts";
import { LineReader } from "./line-reader.ts";
import { PairReader } from "./pairs.ts";
import { RecordError } from "./records.ts";
import { SyslogPrefixReader } from "./syslog-prefix.ts";
import type { DecodeContext } from "./types.ts";

const SPACE = 0x20;
const LESS = 0x3c;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Reads messages of syslog (RFC 5424, RFC 3164 and what is written in its manner) into the writer's draft: the message is what stands behind the header. */
export class SyslogMessageReader {
  readonly #writer: EventWriter;
  readonly #prefix: SyslogPrefixReader;
  readonly #pairs: PairReader;
  readonly #lines: LineReader;
  readonly #message: Path;
  readonly #has_data: boolean;

  /** @param options.has_data whether RFC 5424's structured data is there; options.app_name what the program's name in the header is called */
  constructor(writer: EventWriter, context: DecodeContext, { has_data, app_name = "service" }: { has_data: boolean; app_name?: string }) {
    const { draft, time } = writer;
    const guesses = { host: draft.pathNamed("host"), service: draft.pathNamed(app_name) };
    this.#writer = writer;
    this.#prefix = new SyslogPrefixReader(draft, time, guesses);
    this.#pairs = new PairReader(draft);
    this.#lines = new LineReader(writer, context.defaults);
    this.#message = draft.pathNamed("message");
    this.#has_data = has_data;
  }

  /** Begins a draft with what the message `raw` says. @throws RecordError where there is nothing in it */
  begin(raw: Uint8Array): void {
    if (raw.every((byte) => byte <= SPACE)) throw new RecordError("the message is empty");
    const is_text = isUtf8(raw);
    const bytes = is_text ? raw : utf8Bytes(utf8Text(raw));
    const end = withoutEnd(bytes);
    if (bytes[0] === LESS && this.#header(bytes, end)) {
      // The header was read.
    } else this.#lines.begin(bytes, 0, end);
    if (!is_text) this.#writer.draft.markCut(INVALID_UTF8_MARK);
  }

  #header(bytes: Uint8Array, end: number): boolean {
    const { draft } = this.#writer;
    draft.begin(bytes);
    const after_priority = this.#prefix.readPriority(bytes, 0, end);
    if (after_priority === 0) return false;
    let at = this.#prefix.read5424(bytes, after_priority, end, this.#has_data);
    if (at === after_priority) at = this.#header3164(bytes, after_priority, end);
    while (at < end && bytes[at] === SPACE) at++;
    if (BYTE_ORDER_MARK.every((byte, index) => bytes[at + index] === byte)) at += BYTE_ORDER_MARK.length;
    draft.addBytes(this.#message, BODY, at, end);
    if (isCef(bytes, at)) addCef(draft, bytes, at, end);
    else this.#pairs.read(bytes, at, end, this.#pairs.areAt(bytes, at, end));
    return true;
  }

  /** `time host tag[pid]:`, any of which may be missing. */
  #header3164(bytes: Uint8Array, start: number, end: number): number {
    const { draft, time } = this.#writer;
    let at = start;
    const time_us = time.readPrefix(bytes, at, end);
    if (!Number.isNaN(time_us)) {
      draft.time_us = time_us;
      at = time.end;
      while (at < end && bytes[at] === SPACE) at++;
    }
    return this.#prefix.readHostAndTag(bytes, at, end, false);
  }
}

/** Without the line end or zero byte that some senders leave at the end. */
function withoutEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 0x0a || bytes[end - 1] === 0x0d || bytes[end - 1] === 0)) end--;
  return end;
}
