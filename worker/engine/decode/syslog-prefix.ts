import { ATTRIBUTES_PER_EVENT_MAX } from "../../limits.ts";
import { utf8Text } from "../batch/utf8.ts";
import { digitRun, isDigit, isLetter, numberAt } from "../normalize/clock.ts";
import { BODY, type Draft, Path, SCRATCH } from "../normalize/draft.ts";
import { levelOfNumber } from "../normalize/level.ts";
import type { TimeReader } from "../normalize/time.ts";
import { findByte } from "./find-byte.ts";

const SPACE = 0x20;
const DASH = 0x2d;
const COLON = 0x3a;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const NAME_SIZE_BYTES_MAX = 128;
const FACILITIES =
  "kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock local0 local1 local2 local3 local4 local5 local6 local7".split(
    " ",
  );

/** Fields that a line names without saying so; they count where the request gives no default for them. */
export interface Guesses {
  host: Path | null;
  service: Path | null;
}

/** Reads what stands before the message of a syslog line: priority, time, host, program, process id, and RFC 5424's structured data. */
export class SyslogPrefixReader {
  #draft: Draft;
  #time: TimeReader;
  #guesses: Guesses;
  readonly #facility = new Path("syslog.facility", null);
  readonly #message_id = new Path("syslog.msgid", null);
  readonly #pid = new Path("process.pid", null);
  readonly #pid_name = new Path("process.id", null);
  readonly #severity_text = new Path("severity_text", null);

  constructor(draft: Draft, time: TimeReader, guesses: Guesses) {
    this.#draft = draft;
    this.#time = time;
    this.#guesses = guesses;
  }

  /** `<34>`: sets level and facility; returns where it ends, `start` where there is none. */
  readPriority(b: Uint8Array, start: number, end: number): number {
    const digits = digitRun(b, start + 1, end);
    const close = start + 1 + digits;
    if (digits === 0 || digits > 3 || close >= end || b[close] !== 0x3e) return start;
    const priority = numberAt(b, start + 1, digits);
    const found = levelOfNumber(priority, "pri");
    if (found === null) return start;
    this.#draft.level = found.level;
    if (found.severity_text !== null) this.#draft.addText(this.#severity_text, found.severity_text);
    this.#draft.addText(this.#facility, FACILITIES[priority >> 3]!);
    return close + 1;
  }

  /**
   * RFC 5424 behind its priority: `1 time host app procid msgid structured-data`; returns where it ends, `start` where it is something else.
   * @param has_data false where writers leave the structured data out, dash and all, as Logplex does
   */
  read5424(b: Uint8Array, start: number, end: number, has_data = true): number {
    if (b[start] !== 0x31 || b[start + 1] !== SPACE) return start;
    const time_at = start + 2;
    const time_end = wordEnd(b, time_at, end);
    if (!(b[time_at] === DASH && time_end === time_at + 1)) {
      const time_us = this.#time.read(b, time_at, time_end);
      if (Number.isNaN(time_us)) return start;
      this.#draft.time_us = time_us;
    }
    const host_at = time_end + 1;
    const app_at = wordEnd(b, host_at, end) + 1;
    const process_at = wordEnd(b, app_at, end) + 1;
    const message_id_at = wordEnd(b, process_at, end) + 1;
    const data_at = wordEnd(b, message_id_at, end) + 1;
    if (data_at > end) return start;
    this.#add(this.#guesses.host, b, host_at, app_at - 1);
    this.#add(this.#guesses.service, b, app_at, process_at - 1);
    this.#process(b, process_at, message_id_at - 1);
    this.#add(this.#message_id, b, message_id_at, data_at - 1);
    return has_data ? this.#structuredData(b, data_at, end) : data_at;
  }

  /** `host program[pid]: ` behind a time; returns where it ends, `start` where it is something else. */
  readHostAndTag(b: Uint8Array, start: number, end: number, pid_required: boolean): number {
    const host_end = wordEnd(b, start, Math.min(end, start + NAME_SIZE_BYTES_MAX));
    if (host_end === start || b[host_end] !== SPACE || b[host_end - 1] === COLON) return start;
    const tag_at = host_end + 1;
    let at = tag_at;
    while (at < end && at - tag_at < NAME_SIZE_BYTES_MAX && isTagByte(b[at]!)) at++;
    const tag_end = at;
    if (tag_end === tag_at) return start;
    const pid_at = b[at] === OPEN ? at + 1 : -1;
    if (pid_at > 0) {
      at = pid_at;
      while (at < end && at - pid_at < 16 && b[at] !== CLOSE) at++;
      if (b[at] !== CLOSE) return start;
      at++;
    } else if (pid_required) return start;
    if (b[at] !== COLON || at >= end || (at + 1 < end && b[at + 1] !== SPACE)) return start;
    this.#add(this.#guesses.host, b, start, host_end);
    this.#add(this.#guesses.service, b, tag_at, tag_end);
    if (pid_at > 0) this.#process(b, pid_at, at - 1);
    return at + 1;
  }

  #process(b: Uint8Array, start: number, end: number): void {
    const digits = digitRun(b, start, end);
    if (digits > 0 && digits <= 10 && start + digits === end) this.#draft.addNumber(this.#pid, numberAt(b, start, digits));
    else this.#add(this.#pid_name, b, start, end);
  }

  /** `[id name="value" …][…]` as attributes `id.name`. */
  #structuredData(b: Uint8Array, start: number, end: number): number {
    if (b[start] === DASH) return Math.min(start + 1, end);
    let at = start;
    for (let elements = 0; b[at] === OPEN && at < end && elements < ATTRIBUTES_PER_EVENT_MAX; elements++) {
      const id_at = at + 1;
      at = id_at;
      while (at < end && b[at] !== SPACE && b[at] !== CLOSE) at++;
      const id = asciiText(b, id_at, at);
      while (at < end && b[at] === SPACE) {
        const next = this.#parameter(b, at + 1, end, id);
        if (next < 0) return at;
        at = next;
      }
      if (b[at] !== CLOSE || at >= end) return Math.min(at, end);
      at++;
    }
    return at;
  }

  #parameter(b: Uint8Array, start: number, end: number, id: string): number {
    const equals = findByte(b, EQUALS, start, Math.min(end, start + NAME_SIZE_BYTES_MAX));
    if (equals <= start || b[equals + 1] !== QUOTE || equals + 1 >= end) return -1;
    const draft = this.#draft;
    const from = draft.scratch_used;
    let at = equals + 2;
    while (at < end && b[at] !== QUOTE) at += b[at] === BACKSLASH ? 2 : 1;
    if (at >= end) return -1;
    draft.reserveScratch(at - equals);
    for (let inner = equals + 2; inner < at; inner++) {
      if (b[inner] === BACKSLASH && (b[inner + 1] === QUOTE || b[inner + 1] === BACKSLASH || b[inner + 1] === CLOSE)) inner++;
      draft.scratch[draft.scratch_used++] = b[inner]!;
    }
    draft.addBytes(draft.pathNamed(`${id}.${asciiText(b, start, equals)}`), SCRATCH, from, draft.scratch_used);
    return at + 1;
  }

  #add(path: Path | null, b: Uint8Array, start: number, end: number): void {
    if (path === null || end <= start || (end === start + 1 && b[start] === DASH)) return;
    this.#draft.addBytes(path, BODY, start, end);
  }
}

function wordEnd(b: Uint8Array, at: number, end: number): number {
  while (at < end && b[at] !== SPACE) at++;
  return at;
}

function asciiText(b: Uint8Array, start: number, end: number): string {
  return utf8Text(b.subarray(start, Math.min(end, start + NAME_SIZE_BYTES_MAX)));
}

function isTagByte(byte: number): boolean {
  return (
    isLetter(byte) || isDigit(byte) || byte === DASH || byte === 0x5f || byte === 0x2e || byte === 0x2f || byte === 0x28 || byte === 0x29
  );
}
