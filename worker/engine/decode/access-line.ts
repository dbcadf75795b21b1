import { LEVELS } from "../batch/event-batch.ts";
import { digitRun, numberAt } from "../normalize/clock.ts";
import { BODY, type Draft, Path } from "../normalize/draft.ts";
import type { TimeReader } from "../normalize/time.ts";
import { findByte } from "./find-byte.ts";

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SLASH = 0x2f;
const DASH = 0x2d;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const QUESTION = 0x3f;
/** The time's bracket stands within so many bytes of the line. */
const HEAD_SIZE_BYTES_MAX = 512;
const SIZE_DIGITS_MAX = 15;

const ERROR = LEVELS.indexOf("ERROR");
const WARN = LEVELS.indexOf("WARN");
const INFO = LEVELS.indexOf("INFO");

/**
 * Reads lines of access logs as Apache and nginx write them, common or combined, a virtual host before them or not:
 * `client ident user [time] "METHOD path HTTP/1.1" status size "referer" "user agent"`.
 * Attributes bear the names of OpenTelemetry's semantic conventions.
 */
export class AccessLineReader {
  #draft: Draft;
  #time: TimeReader;
  readonly #client = new Path("client.address", null);
  readonly #user = new Path("user.name", null);
  readonly #method = new Path("http.request.method", null);
  readonly #path = new Path("url.path", null);
  readonly #query = new Path("url.query", null);
  readonly #version = new Path("network.protocol.version", null);
  readonly #status = new Path("http.response.status_code", null);
  readonly #size = new Path("http.response.body.size", null);
  readonly #referer = new Path("http.request.header.referer", null);
  readonly #agent = new Path("user_agent.original", null);

  constructor(draft: Draft, time: TimeReader) {
    this.#draft = draft;
    this.#time = time;
  }

  /** Fills the draft from the line; false where it is no such line, the draft untouched then. */
  read(b: Uint8Array, start: number, end: number): boolean {
    const bracket = openBracket(b, start, Math.min(end, start + HEAD_SIZE_BYTES_MAX));
    if (bracket < 0) return false;
    const time_us = this.#time.readPrefix(b, bracket + 1, end);
    const close = this.#time.end;
    if (Number.isNaN(time_us) || b[close] !== CLOSE || b[close + 1] !== SPACE || b[close + 2] !== QUOTE) return false;
    const request_end = closingQuote(b, close + 3, end);
    if (request_end < 0 || b[request_end + 1] !== SPACE || digitRun(b, request_end + 2, end) !== 3) return false;
    const status = numberAt(b, request_end + 2, 3);
    this.#draft.time_us = time_us;
    this.#draft.level = status >= 500 ? ERROR : status >= 400 ? WARN : INFO;
    this.#head(b, start, bracket - 1);
    this.#request(b, close + 3, request_end);
    this.#draft.addNumber(this.#status, status);
    this.#tail(b, request_end + 6, end);
    return true;
  }

  /** `[vhost] client ident user` */
  #head(b: Uint8Array, start: number, end: number): void {
    const user_at = lastSpace(b, start, end) + 1;
    const ident_at = lastSpace(b, start, user_at - 1) + 1;
    const client_at = lastSpace(b, start, ident_at - 1) + 1;
    this.#addUnlessDash(this.#client, b, client_at, ident_at - 1);
    this.#addUnlessDash(this.#user, b, user_at, end);
  }

  #request(b: Uint8Array, start: number, end: number): void {
    const method_end = findByte(b, SPACE, start, end);
    if (method_end < 0) return;
    this.#draft.addBytes(this.#method, BODY, start, method_end);
    const path_at = method_end + 1;
    let path_end = lastSpace(b, path_at, end);
    if (path_end < path_at) path_end = end;
    else {
      const version_at = findByte(b, SLASH, path_end, end) + 1;
      if (version_at > 0 && version_at < end) this.#draft.addBytes(this.#version, BODY, version_at, end);
    }
    const question = findByte(b, QUESTION, path_at, path_end);
    const has_query = question >= 0;
    this.#draft.addBytes(this.#path, BODY, path_at, has_query ? question : path_end);
    if (has_query) this.#draft.addBytes(this.#query, BODY, question + 1, path_end);
  }

  /** `size "referer" "user agent"` */
  #tail(b: Uint8Array, start: number, end: number): void {
    const digits = digitRun(b, start, end);
    if (digits > 0 && digits <= SIZE_DIGITS_MAX) this.#draft.addNumber(this.#size, numberAt(b, start, digits));
    let at = start + Math.max(1, digits);
    for (const path of [this.#referer, this.#agent]) {
      if (b[at] !== SPACE || b[at + 1] !== QUOTE) return;
      const close = closingQuote(b, at + 2, end);
      if (close < 0) return;
      this.#addUnlessDash(path, b, at + 2, close);
      at = close + 1;
    }
  }

  #addUnlessDash(path: Path, b: Uint8Array, start: number, end: number): void {
    if (end > start && !(end === start + 1 && b[start] === DASH)) this.#draft.addBytes(path, BODY, start, end);
  }
}

/** The bracket behind at least three words, -1 where there is none. */
function openBracket(b: Uint8Array, start: number, end: number): number {
  let spaces = 0;
  for (let at = start; at < end; at++) {
    if (b[at] === SPACE) {
      if (++spaces > 5) return -1;
    } else if (b[at] === OPEN) return spaces >= 3 && b[at - 1] === SPACE ? at : -1;
  }
  return -1;
}

function closingQuote(b: Uint8Array, from: number, end: number): number {
  for (let at = from; at < end; at++) {
    if (b[at] === QUOTE) return at;
    if (b[at] === BACKSLASH) at++;
  }
  return -1;
}

/** The last space of `b[start .. end)`; `start - 1` where there is none. */
function lastSpace(b: Uint8Array, start: number, end: number): number {
  let at = end - 1;
  while (at >= start && b[at] !== SPACE) at--;
  return at < start ? start - 1 : at;
}
