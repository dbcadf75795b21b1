import { LEVELS } from "../batch/event-batch.ts";
import { utf8Text } from "../batch/utf8.ts";
import type { Draft, Path } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { levelOfText } from "../normalize/level.ts";
import { addBodyText } from "./key-paths.ts";
import type { Origin } from "./origin.ts";
import type { OtlpValue } from "./otlp-values.ts";

const SEVERITY_NUMBER_MAX = 24;
/** Members of a structured body that say it in words, in this order. */
const TEXT_MEMBERS = ["message", "msg", "content", "text"];

const ERROR = LEVELS.indexOf("ERROR");

export interface SpanException {
  time_us: number;
  trace_id: string;
  span_id: string;
  /** Of the span. */
  name: string;
  attributes: ReadonlyMap<string, OtlpValue>;
}

/** Puts the fields of OpenTelemetry's log records into a draft; attributes are put there by whoever reads them. */
export class OtlpRecord {
  readonly #draft: Draft;
  readonly message: Path;
  readonly #severity_text: Path;
  readonly #severity_number: Path;
  readonly #observed: Path;
  readonly #trace_id: Path;
  readonly #span_id: Path;
  readonly #event_name: Path;
  readonly #flags: Path;
  readonly #dropped: Path;
  readonly #span_name: Path;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.message = draft.pathNamed("message");
    this.#severity_text = draft.pathNamed("severity_text");
    this.#severity_number = draft.pathNamed("severity_number");
    this.#observed = draft.pathNamed("observed_time_us");
    this.#trace_id = draft.pathNamed("trace_id");
    this.#span_id = draft.pathNamed("span_id");
    this.#event_name = draft.pathNamed("event.name");
    this.#flags = draft.pathNamed("trace_flags");
    this.#dropped = draft.pathNamed("dropped_attributes_count");
    this.#span_name = draft.pathNamed("span.name");
  }

  /** Of the event, where it says so, else when it was observed; the latter is kept beside where it differs. 0: not said. */
  times(time_us: number, observed_us: number): void {
    const known = time_us || observed_us;
    if (known > 0) this.#draft.time_us = known;
    if (time_us > 0 && observed_us > 0 && observed_us !== time_us) this.#draft.addNumber(this.#observed, observed_us);
  }

  /** Number and text of a severity; what they say beyond the level is kept. @param number 0 where it is not said */
  severity(number: number, text: string): void {
    const draft = this.#draft;
    const spelling = text === "" ? null : levelOfText(text);
    if (number >= 1 && number <= SEVERITY_NUMBER_MAX) draft.level = (number - 1) >> 2;
    else if (spelling) draft.level = spelling.level;
    if (number !== 0 && (number - 1) % 4 !== 0) draft.addNumber(this.#severity_number, number);
    if (text !== "" && (!spelling || spelling.telling || spelling.level !== draft.level || draft.level >= LEVELS.length)) {
      draft.addText(this.#severity_text, text);
    }
  }

  /** A body that is no text: its members become attributes below `body`, and what it says in words the message. */
  structuredBody(value: OtlpValue, event_name: string): void {
    const draft = this.#draft;
    if (value === null) return;
    if (typeof value !== "object" || Array.isArray(value)) {
      draft.addText(this.message, typeof value === "object" ? JSON.stringify(value) : String(value));
      return;
    }
    const text = TEXT_MEMBERS.find((name) => typeof value[name] === "string");
    for (const [name, member] of Object.entries(value)) {
      if (name !== text) addValue(draft, draft.pathNamed(`body.${name.toWellFormed()}`), member, 1);
    }
    draft.addText(this.message, text === undefined ? event_name || JSON.stringify(value) : (value[text] as string));
  }

  /** Hexadecimal digits; of nothing but zeros: no id. */
  ids(trace_id: string, span_id: string): void {
    if (/[1-9a-f]/.test(trace_id)) this.#draft.addText(this.#trace_id, trace_id);
    if (/[1-9a-f]/.test(span_id)) this.#draft.addText(this.#span_id, span_id);
  }

  rest(event_name: string, flags: number, dropped: number): void {
    const draft = this.#draft;
    if (event_name !== "") draft.addText(this.#event_name, event_name);
    if (flags !== 0) draft.addNumber(this.#flags, flags);
    if (dropped !== 0) draft.addNumber(this.#dropped, dropped);
  }

  /** An exception that a span recorded, after its attributes. */
  exception({ time_us, trace_id, span_id, name, attributes }: SpanException): void {
    const draft = this.#draft;
    const said = [attributes.get("exception.type"), attributes.get("exception.message")].filter(
      (part) => typeof part === "string" && part !== "",
    );
    this.times(time_us, 0);
    draft.level = ERROR;
    this.ids(trace_id, span_id);
    draft.addText(this.message, said.join(": ") || "exception");
    draft.addText(this.#event_name, "exception");
    if (name !== "") draft.addText(this.#span_name, name);
  }

  /** A body of text that stands in the draft's body. */
  textBody(start: number, end: number): void {
    addBodyText(this.#draft, this.message, start, end);
  }
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function hexOf(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += HEX[bytes[at]!]!;
  return text;
}

export function textOf(bytes: Uint8Array, start: number, end: number): string {
  return utf8Text(bytes.subarray(start, end));
}

/** Attributes of a scope, with its own name and version among them as OpenTelemetry's conventions call them. */
export function scopeOrigin(name: string, version: string, attributes: readonly [string, OtlpValue][]): Origin {
  const own: [string, OtlpValue][] = [];
  if (name) own.push(["otel.scope.name", name]);
  if (version) own.push(["otel.scope.version", version]);
  return { entries: [...own, ...attributes], prefix: "otel.scope." };
}
