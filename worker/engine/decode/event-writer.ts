import {
  ATTRIBUTE_VALUE_SIZE_BYTES_MAX,
  CUT_MARK,
  EVENTS_PER_REQUEST_MAX,
  FIELD_SIZE_BYTES_MAX,
  MESSAGE_SIZE_BYTES_MAX,
} from "../../limits.ts";
import { attributeKey, BatchBuilder, type ColumnKey, fieldKey } from "../batch/builder.ts";
import type { EventBatch } from "../batch/event-batch.ts";
import { utf8Boundary, utf8Bytes } from "../batch/utf8.ts";
import { BODY, Draft, FALSE, JSON_TEXT, NULL, NUMBER, type Path, SCRATCH, TRUE } from "../normalize/draft.ts";
import { ROLES, type RoleName } from "../normalize/fields.ts";
import { LevelReader, levelOfNumber, levelOfText, type NumberedLevel } from "../normalize/level.ts";
import type { Plan } from "../normalize/shape.ts";
import { epochTime_us, TimeReader } from "../normalize/time.ts";
import { fingerprint } from "../patterns/fingerprint.ts";
import { type DecodeContext, DecodeFailure } from "./types.ts";

/** Instead of a time; event times are never negative. */
const NO_TIME = -1;
const TIME = ROLES.indexOf("time");
const LEVEL = ROLES.indexOf("level");
const MESSAGE = ROLES.indexOf("message");
const EVENT_ID = ROLES.indexOf("event_id");
/** Roles that are plain strings, in the order in which they are filled: `service` may depend on `host`. */
const TEXT_ROLES: readonly Exclude<RoleName, "time" | "level" | "message">[] = [
  "host",
  "service",
  "environment",
  "source",
  "trace_id",
  "span_id",
  "request_id",
  "event_id",
];

interface TextField {
  name: string;
  role: number;
  key: ColumnKey;
  default_bytes: Uint8Array | null;
}

let spare: EventWriter | null = null;

/**
 * Runs one request's decoding with an event writer. Its arrays, and the names it has learnt, serve one request after another.
 *
 * A decoder of a format of its own, here of lines `service message`:
 *
 *     export function decodeTwoWords(body: Uint8Array, context: DecodeContext): Decoded {
 *       return withEventWriter(context, (writer) => {
 *         const { draft } = writer;
 *         const service = draft.pathNamed("service"); // the name decides what a value becomes: a field, or an attribute
 *         const message = draft.pathNamed("message");
 *         for (const [start, space, end] of linesIn(body)) {
 *           draft.begin(body);
 *           draft.addBytes(service, BODY, start, space); // UTF-8 that stands in the body as it is …
 *           draft.addText(message, unescaped(body, space + 1, end)); // … or a text made of it
 *           draft.addNumber(draft.pathNamed("size"), end - start);
 *           draft.addLiteral(draft.pathNamed("seen"), TRUE);
 *           writer.commit(end - start);
 *         }
 *         writer.finish();
 *         return { batches: writer.batches, accepted: writer.accepted, rejected: 0, errors: [] };
 *       });
 *     }
 *
 * Values whose names come in the same order from event to event cost least. What is an object already goes through `addRecord` (flatten.ts).
 */
export function withEventWriter<T>(context: DecodeContext, decode: (writer: EventWriter) => T): T {
  const writer = spare ?? new EventWriter();
  spare = null;
  try {
    writer.begin(context);
    return decode(writer);
  } finally {
    writer.release();
    spare = writer;
  }
}

/**
 * Writes normalized events into batches. A decoder fills `draft`, then `commit` makes it a row: times, levels and field names are understood,
 * defaults filled in, sizes bounded; every other value becomes an attribute under its own name.
 */
export class EventWriter {
  readonly draft = new Draft();
  readonly levels = new LevelReader();
  time = new TimeReader(0);
  batches: { batch: EventBatch; raw_bytes: number }[] = [];
  accepted = 0;
  readonly #builder = new BatchBuilder({ fingerprint });
  #received_us = 0;
  #last_time_us = NO_TIME;
  /** Events right before this one with the same time. */
  #same_time = 0;
  #default_level = -1;
  #raw_bytes = 0;
  readonly #text_fields: TextField[] = TEXT_ROLES.map((name) => ({
    name,
    role: ROLES.indexOf(name),
    key: fieldKey(name),
    default_bytes: null,
  }));
  readonly #severity_text = attributeKey("severity_text");
  readonly #severity_number = attributeKey("severity_number");
  readonly #cut_mark = attributeKey(CUT_MARK);
  /** The event's level was a number as pino and bunyan write it. */
  #level_in_tens = false;
  #severity_text_written = false;
  /** Of the event at hand. */
  #plan: Plan = this.draft.plan;

  /** Makes ready for a request. */
  begin(context: DecodeContext): void {
    this.#builder.clear();
    this.batches = [];
    this.accepted = 0;
    this.#raw_bytes = 0;
    this.#received_us = context.received_us;
    this.#last_time_us = NO_TIME;
    this.time = new TimeReader(context.received_us);
    const defaults: Readonly<Record<string, string | undefined>> = context.defaults;
    for (const field of this.#text_fields) field.default_bytes = defaults[field.name] ? cutDefault(defaults[field.name]!) : null;
    this.#default_level = context.defaults.level ? (levelOfText(context.defaults.level)?.level ?? -1) : -1;
  }

  /** Lets go of the request's bytes and batches. */
  release(): void {
    this.#builder.clear();
    this.draft.release();
    this.batches = [];
  }

  /** Makes the draft a row. @param raw_bytes size of the event as it came @throws DecodeFailure beyond EVENTS_PER_REQUEST_MAX */
  commit(raw_bytes: number): void {
    if (this.accepted === EVENTS_PER_REQUEST_MAX) {
      throw new DecodeFailure("too_many_events", `a request may bring at most ${EVENTS_PER_REQUEST_MAX} events`);
    }
    this.#plan = this.draft.plan;
    this.#beginRow(this.#takeTime());
    this.#takeLevel();
    for (let index = 0; index < this.#text_fields.length; index++) this.#takeField(this.#text_fields[index]!);
    this.#takeMessage();
    this.#writeAttributes();
    if (this.draft.cut.length > 0) this.#writeCutMark();
    this.#builder.endRow();
    this.accepted++;
    this.#raw_bytes += raw_bytes;
    if (this.#builder.full) this.#closeBatch();
  }

  /** Closes the last batch; `batches` is complete then. */
  finish(): void {
    if (this.#builder.rows > 0) this.#closeBatch();
  }

  #closeBatch(): void {
    this.batches.push({ batch: this.#builder.finish(), raw_bytes: this.#raw_bytes });
    this.#raw_bytes = 0;
  }

  /**
   * Events without a time of their own happen when they arrive, a microsecond apart. Those that follow each other with the same time arrive a
   * microsecond apart, so that they keep their order; others share their request's arrival, which costs no bytes.
   */
  #beginRow(time_us: number): void {
    const arrival_us = this.#received_us + this.accepted;
    this.#same_time = time_us === this.#last_time_us && time_us !== NO_TIME ? this.#same_time + 1 : 0;
    this.#last_time_us = time_us;
    if (time_us === NO_TIME) this.#builder.beginRow(arrival_us, arrival_us);
    else this.#builder.beginRow(time_us, this.#received_us + this.#same_time);
  }

  /** The event's own time; NO_TIME where it has none that can be used. */
  #takeTime(): number {
    const draft = this.draft;
    if (draft.time_us >= 0) return this.time.isTooFarAhead(draft.time_us) ? NO_TIME : draft.time_us;
    for (let slot = this.#plan.candidates[TIME]!; slot >= 0; slot = this.#plan.weaker[slot]!) {
      const kind = draft.kinds[slot];
      let time = Number.NaN;
      if (kind === BODY) time = this.time.read(draft.body, draft.starts[slot]!, draft.ends[slot]!);
      else if (kind === NUMBER) time = epochTime_us(draft.numbers[slot]!);
      else if (kind === SCRATCH) time = this.time.read(draft.scratch, draft.starts[slot]!, draft.ends[slot]!);
      else if (kind === NULL) this.draft.consumed[slot] = 1;
      if (Number.isNaN(time)) continue;
      if (this.time.isTooFarAhead(time)) return NO_TIME;
      this.draft.consumed[slot] = 1;
      return time;
    }
    return NO_TIME;
  }

  #takeLevel(): void {
    const draft = this.draft;
    let level = draft.level;
    this.#level_in_tens = false;
    this.#severity_text_written = false;
    for (let slot = this.#plan.candidates[LEVEL]!; slot >= 0 && level < 0; slot = this.#plan.weaker[slot]!) {
      const kind = draft.kinds[slot]!;
      if (kind === BODY || kind === SCRATCH) level = this.#levelFromText(slot, kind === BODY ? draft.body : draft.scratch);
      else if (kind === NUMBER) level = this.#levelFromNumber(slot, draft.numbers[slot]!);
      else if (kind === NULL) this.draft.consumed[slot] = 1;
    }
    if (level < 0) level = this.#default_level;
    if (level < 0) return;
    this.#builder.setLevel(level);
  }

  #levelFromText(slot: number, bytes: Uint8Array): number {
    const { starts, ends, hashes } = this.draft;
    const { weak } = this.#plan.paths[slot]!.alias!;
    const start = starts[slot]!;
    const end = ends[slot]!;
    if (start === end && !weak) {
      this.draft.consumed[slot] = 1;
      return -1;
    }
    if (this.levels.read(bytes, start, end, hashes[slot]!)) {
      const { level, telling, everyday } = this.levels;
      if (weak) return everyday ? -1 : level;
      if (!telling || this.#keepSeverityText(slot, bytes, start, end)) this.draft.consumed[slot] = 1;
      return level;
    }
    const number = smallNumber(bytes, start, end);
    if (number >= 0) return this.#levelFromNumber(slot, number);
    if (!weak && this.#keepSeverityText(slot, bytes, start, Math.min(end, utf8End(bytes, start, end, FIELD_SIZE_BYTES_MAX)))) {
      this.draft.consumed[slot] = 1;
    }
    return -1;
  }

  #levelFromNumber(slot: number, value: number): number {
    const { weak, scale } = this.#plan.paths[slot]!.alias!;
    if (weak && scale === "usual") return -1;
    const found = levelOfNumber(value, scale);
    if (found === null) return -1;
    this.#level_in_tens = scale === "usual" && value >= 10;
    if (!weak && this.#keepSeverity(slot, found)) this.draft.consumed[slot] = 1;
    return found.level;
  }

  /** Keeps what a number says beyond its level; false where the slot itself is to stay. */
  #keepSeverity(slot: number, found: NumberedLevel): boolean {
    if (found.severity_number !== null) {
      if (this.draft.has("severity_number")) return false;
      this.#builder.setNumber(this.#severity_number, found.severity_number);
    }
    if (found.severity_text === null) return true;
    const bytes = utf8Bytes(found.severity_text);
    return this.#keepSeverityText(slot, bytes, 0, bytes.length);
  }

  /** False where the attribute `severity_text` is the slot's own or taken: the slot stays an attribute then. */
  #keepSeverityText(slot: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (this.#severity_text_written || this.draft.has("severity_text")) return false;
    if (end < this.draft.ends[slot]! && bytes !== this.draft.scratch && bytes === this.draft.body) this.draft.markCut("severity_text");
    this.#builder.setBytes(this.#severity_text, bytes, start, end);
    this.#severity_text_written = true;
    return true;
  }

  /** Fills a string field from its candidates or its default. */
  #takeField(field: TextField): void {
    const candidate = this.#plan.candidates[field.role]!;
    if (candidate >= 0 && this.#takeText(field, candidate)) return;
    if (field.default_bytes !== null) this.#builder.setBytes(field.key, field.default_bytes, 0, field.default_bytes.length);
  }

  /** Fills a string field from the first candidate that has a value for it; false where none has. */
  #takeText(field: TextField, first: number): boolean {
    const draft = this.draft;
    for (let slot = first; slot >= 0; slot = this.#plan.weaker[slot]!) {
      const kind = draft.kinds[slot]!;
      const path = this.#plan.paths[slot]!;
      if (kind === JSON_TEXT || (path.is_logger && !this.#isLoggerOfService())) continue;
      if (field.role === EVENT_ID) {
        if (!this.#isEventId(slot)) continue;
      } else if (kind === NULL || (kind !== NUMBER && kind > NUMBER && draft.starts[slot] === draft.ends[slot])) {
        this.draft.consumed[slot] = 1;
        continue;
      }
      this.draft.consumed[slot] = 1;
      if (kind === BODY || kind === SCRATCH) {
        const start = draft.starts[slot]!;
        const bytes = kind === BODY ? draft.body : draft.scratch;
        const end = this.#bounded(bytes, start, draft.ends[slot]!, FIELD_SIZE_BYTES_MAX, path);
        this.#builder.setBytes(field.key, bytes, start, end, end === draft.ends[slot] ? draft.hashes[slot] : 0);
      } else this.#builder.setText(field.key, literalText(kind, draft.numbers[slot]!));
      return true;
    }
    return false;
  }

  /** bunyan's `name` is the application: it comes with a number as level and a host. In other logs `name` may be anything. */
  #isLoggerOfService(): boolean {
    return this.#level_in_tens && this.draft.has("hostname") && this.draft.has("pid");
  }

  #isEventId(slot: number): boolean {
    const kind = this.draft.kinds[slot];
    const size_bytes = this.draft.ends[slot]! - this.draft.starts[slot]!;
    return (kind === BODY || kind === SCRATCH) && size_bytes > 0 && size_bytes <= FIELD_SIZE_BYTES_MAX;
  }

  #takeMessage(): void {
    const draft = this.draft;
    for (let slot = this.#plan.candidates[MESSAGE]!; slot >= 0; slot = this.#plan.weaker[slot]!) {
      const kind = draft.kinds[slot]!;
      const path = this.#plan.paths[slot]!;
      if (kind < BODY || kind === JSON_TEXT) {
        if (path.alias!.weak) continue;
        if (kind < BODY) {
          this.draft.consumed[slot] = 1;
          if (kind === NULL) continue;
          const bytes = utf8Bytes(literalText(kind, draft.numbers[slot]!));
          this.#builder.setMessage(bytes, 0, bytes.length);
          return;
        }
      }
      const bytes = kind === BODY ? draft.body : draft.scratch;
      const start = draft.starts[slot]!;
      this.draft.consumed[slot] = 1;
      const end = this.#bounded(bytes, start, draft.ends[slot]!, MESSAGE_SIZE_BYTES_MAX, path);
      this.#builder.setMessage(bytes, start, end, end === draft.ends[slot] ? draft.hashes[slot] : 0);
      return;
    }
  }

  #writeAttributes(): void {
    const { kinds, starts, ends, numbers, cut } = this.draft;
    const { paths, keys } = this.#plan;
    const { consumed } = this.draft;
    const builder = this.#builder;
    for (let slot = 0; slot < paths.length; slot++) {
      if (consumed[slot] === 1) continue;
      const path = paths[slot]!;
      if (path.is_cut_mark && cut.length > 0) continue;
      if (path.name_cut) this.draft.markCut(path.name);
      const key = keys[slot]!;
      const kind = kinds[slot]!;
      if (kind === NUMBER) builder.setNumber(key, numbers[slot]!);
      else if (kind === BODY || kind === SCRATCH) this.#writeString(key, path, kind, slot);
      else if (kind === JSON_TEXT) this.#writeJson(key, path, starts[slot]!, ends[slot]!);
      else if (kind === NULL) builder.setNull(key);
      else builder.setBoolean(key, kind === TRUE);
    }
  }

  #writeString(key: ColumnKey, path: Path, kind: number, slot: number): void {
    const { draft } = this;
    const bytes = kind === BODY ? draft.body : draft.scratch;
    const start = draft.starts[slot]!;
    const end = draft.ends[slot]!;
    if (end - start <= ATTRIBUTE_VALUE_SIZE_BYTES_MAX) this.#builder.setBytes(key, bytes, start, end, draft.hashes[slot]);
    else this.#builder.setBytes(key, bytes, start, this.#bounded(bytes, start, end, ATTRIBUTE_VALUE_SIZE_BYTES_MAX, path));
  }

  /** JSON text that must be cut is no JSON any more and becomes a string. */
  #writeJson(key: ColumnKey, path: Path, start: number, end: number): void {
    const { scratch } = this.draft;
    const bounded = this.#bounded(scratch, start, end, ATTRIBUTE_VALUE_SIZE_BYTES_MAX, path);
    if (bounded < end) this.#builder.setBytes(key, scratch, start, bounded);
    else this.#builder.setJson(key, scratch, start, end);
  }

  #writeCutMark(): void {
    const bytes = utf8Bytes(JSON.stringify(this.draft.cut));
    this.#builder.setJson(this.#cut_mark, bytes, 0, bytes.length);
  }

  /** Where the value ends when it is cut to the size; a cut is marked. */
  #bounded(bytes: Uint8Array, start: number, end: number, size_bytes_max: number, path: Path): number {
    if (end - start <= size_bytes_max) return end;
    this.draft.markCut(path.name);
    return utf8Boundary(bytes, start, size_bytes_max);
  }
}

function utf8End(bytes: Uint8Array, start: number, end: number, size_bytes_max: number): number {
  return end - start <= size_bytes_max ? end : utf8Boundary(bytes, start, size_bytes_max);
}

function cutDefault(text: string): Uint8Array {
  const bytes = utf8Bytes(text);
  return bytes.subarray(0, utf8End(bytes, 0, bytes.length, FIELD_SIZE_BYTES_MAX));
}

function literalText(kind: number, number: number): string {
  if (kind === NUMBER) return String(number);
  return kind === FALSE ? "false" : "true";
}

/** One to three digits as a number, else -1. */
function smallNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end === start || end - start > 3) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
