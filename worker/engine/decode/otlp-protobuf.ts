/** Logs and traces of OTLP in protobuf (opentelemetry-proto 1.x: collector/logs/v1, logs/v1, trace/v1), straight from bytes to columns. */
import type { Draft } from "../normalize/draft.ts";
import { KeyPaths } from "./key-paths.ts";
import { type Origin, OriginWriter } from "./origin.ts";
import { hexOf, OtlpRecord, scopeOrigin, textOf } from "./otlp-record.ts";
import { addAnyValue, type OtlpValue, readPair, readValue } from "./otlp-values.ts";
import { FIXED32, FIXED64, LENGTH, ProtobufError, ProtobufWalker, VARINT } from "./protobuf.ts";
import { decodeRecords, type RecordSink } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

interface Span {
  start: number;
  stop: number;
}

const NO_SPAN: Span = { start: 0, stop: 0 };

/** Walks the message `bytes[start .. stop)`; `take` reads the value of each field that it knows and answers false for the others. */
function walk(walker: ProtobufWalker, { start, stop }: Span, take: (field: number) => boolean | undefined): void {
  walker.over(start, stop);
  while (walker.next()) {
    const { at, end, field, wire } = walker;
    if (take(field) === false) walker.skip();
    else if (wire === LENGTH) {
      // What stands in the field may have been walked with the same walker.
      walker.at = at;
      walker.end = end;
    }
  }
}

class OtlpWalk {
  readonly #walker: ProtobufWalker;
  readonly #bytes: Uint8Array;
  readonly #sink: RecordSink;
  readonly #record: OtlpRecord;
  readonly #keys: KeyPaths;

  constructor(bytes: Uint8Array, sink: RecordSink) {
    this.#bytes = bytes;
    this.#walker = new ProtobufWalker(bytes);
    this.#sink = sink;
    this.#record = new OtlpRecord(sink.writer.draft);
    this.#keys = new KeyPaths(sink.writer.draft);
  }

  /** Export requests of logs and of traces have the same shape: resources, scopes in them, records (or spans) in these. */
  request(record: (span: Span, origins: readonly OriginWriter[]) => void): void {
    for (const resource of this.#nested({ start: 0, stop: this.#bytes.length }, 1)) {
      const [attributes = NO_SPAN] = this.#nested(resource, 1);
      const from_resource = this.#origin({ entries: this.#pairs(attributes, 1), prefix: "resource." });
      for (const scope of this.#nested(resource, 2)) {
        const [about] = this.#nested(scope, 1);
        const from_scope = this.#origin(about ? this.#scope(about) : scopeOrigin("", "", []));
        for (const span of this.#nested(scope, 2)) record(span, [from_resource, from_scope]);
      }
    }
  }

  log(span: Span, origins: readonly OriginWriter[]): void {
    const raw = this.#bytes.subarray(span.start, span.stop);
    this.#sink.event(raw, (draft) => this.#fillLog(draft, span, origins), this.#bytes);
  }

  /** The exceptions among a span's events become events of their own; the span itself is not kept. */
  span(span: Span, origins: readonly OriginWriter[]): void {
    for (const event of this.#nested(span, 11)) {
      if (!this.#isException(event)) continue;
      const raw = this.#bytes.subarray(event.start, event.stop);
      this.#sink.event(raw, (draft) => this.#fillException(draft, span, event, origins), this.#bytes);
    }
  }

  #origin(origin: Origin): OriginWriter {
    return new OriginWriter(this.#sink.writer.draft, origin);
  }

  /** Where the messages of a repeated field stand. */
  #nested(span: Span, field: number): Span[] {
    const found: Span[] = [];
    walk(this.#walker, span, (at) => {
      if (at !== field || this.#walker.wire !== LENGTH) return false;
      found.push({ start: this.#walker.start, stop: this.#walker.stop });
    });
    return found;
  }

  #pairs(span: Span, field: number): [string, OtlpValue][] {
    return this.#nested(span, field).map((pair) => {
      this.#walker.over(pair.start, pair.stop);
      return readPair(this.#walker);
    });
  }

  #scope(span: Span): Origin {
    const text = (field: number): string => {
      const [found] = this.#nested(span, field);
      return found ? textOf(this.#bytes, found.start, found.stop) : "";
    };
    return scopeOrigin(text(1), text(2), this.#pairs(span, 3));
  }

  #fillLog(draft: Draft, span: Span, origins: readonly OriginWriter[]): void {
    const walker = this.#walker;
    const bytes = this.#bytes;
    let time_us = 0;
    let observed_us = 0;
    let severity = 0;
    let severity_text = "";
    let body = NO_SPAN;
    let dropped = 0;
    let flags = 0;
    let trace_id = "";
    let span_id = "";
    let event_name = "";
    walk(walker, span, (field) => {
      const { start, stop, wire } = walker;
      const is_text = wire === LENGTH;
      if (field === 1 && wire === FIXED64) time_us = walker.nanoseconds_us();
      else if (field === 11 && wire === FIXED64) observed_us = walker.nanoseconds_us();
      else if (field === 2 && wire === VARINT) severity = walker.varint();
      else if (field === 3 && is_text) severity_text = textOf(bytes, start, stop);
      else if (field === 5 && is_text) body = { start, stop };
      else if (field === 6 && is_text) this.#attribute(draft, start, stop);
      else if (field === 7 && wire === VARINT) dropped = walker.varint();
      else if (field === 8 && wire === FIXED32) flags = walker.fixed32();
      else if (field === 9 && is_text) trace_id = hexOf(bytes, start, stop);
      else if (field === 10 && is_text) span_id = hexOf(bytes, start, stop);
      else if (field === 12 && is_text) event_name = textOf(bytes, start, stop);
      else return false;
    });
    const record = this.#record;
    record.times(time_us, observed_us);
    record.severity(severity, severity_text);
    record.ids(trace_id, span_id);
    this.#body(body, event_name);
    record.rest(event_name, flags, dropped);
    for (const origin of origins) origin.write();
  }

  #attribute(draft: Draft, start: number, stop: number): void {
    const walker = this.#walker;
    let key = NO_SPAN;
    let value = NO_SPAN;
    walk(walker, { start, stop }, (field) => {
      if ((field !== 1 && field !== 2) || walker.wire !== LENGTH) return false;
      if (field === 1) key = { start: walker.start, stop: walker.stop };
      else value = { start: walker.start, stop: walker.stop };
    });
    const path = this.#keys.of(this.#bytes, key.start, key.stop);
    walker.over(value.start, value.stop);
    addAnyValue(draft, path, walker);
  }

  #body({ start, stop }: Span, event_name: string): void {
    const walker = this.#walker;
    walker.over(start, stop);
    if (walker.next() && walker.field === 1 && walker.wire === LENGTH && walker.at === stop) {
      this.#record.textBody(walker.start, walker.stop);
      return;
    }
    walker.over(start, stop);
    this.#record.structuredBody(readValue(walker), event_name);
  }

  #isException(event: Span): boolean {
    const [name] = this.#nested(event, 2);
    return name !== undefined && textOf(this.#bytes, name.start, name.stop) === "exception";
  }

  #fillException(draft: Draft, span: Span, event: Span, origins: readonly OriginWriter[]): void {
    const walker = this.#walker;
    const bytes = this.#bytes;
    let time_us = 0;
    walk(walker, event, (field) => {
      if (field === 1 && walker.wire === FIXED64) time_us = walker.nanoseconds_us();
      else if (field === 3 && walker.wire === LENGTH) this.#attribute(draft, walker.start, walker.stop);
      else return false;
    });
    const pairs = new Map(this.#pairs(event, 3));
    let trace_id = "";
    let span_id = "";
    let name = "";
    walk(walker, span, (field) => {
      const { start, stop, wire } = walker;
      if (wire !== LENGTH) return false;
      if (field === 1) trace_id = hexOf(bytes, start, stop);
      else if (field === 2) span_id = hexOf(bytes, start, stop);
      else if (field === 5) name = textOf(bytes, start, stop);
      else return false;
    });
    this.#record.exception({ time_us, trace_id, span_id, name, attributes: pairs });
    for (const origin of origins) origin.write();
  }
}

function decode(body: Uint8Array, context: DecodeContext, read: (walk: OtlpWalk) => void): Decoded {
  try {
    return decodeRecords(context, (sink) => read(new OtlpWalk(body, sink)));
  } catch (error) {
    if (error instanceof ProtobufError) throw new DecodeFailure("syntax", `not a protobuf message of OTLP: ${error.message}`);
    throw error;
  }
}

/** An ExportLogsServiceRequest. @throws DecodeFailure */
export function decodeLogsProtobuf(body: Uint8Array, context: DecodeContext): Decoded {
  return decode(body, context, (walk) => walk.request((span, origins) => walk.log(span, origins)));
}

/** The exceptions in an ExportTraceServiceRequest. @throws DecodeFailure */
export function decodeTracesProtobuf(body: Uint8Array, context: DecodeContext): Decoded {
  return decode(body, context, (walk) => walk.request((span, origins) => walk.span(span, origins)));
}
