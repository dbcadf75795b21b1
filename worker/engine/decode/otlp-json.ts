/** Logs and traces of OTLP in JSON: protobuf's mapping with identifiers in hexadecimal digits (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"). */
import { utf8Bytes } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { parseBody } from "./json-values.ts";
import { OriginWriter } from "./origin.ts";
import { OtlpRecord, scopeOrigin } from "./otlp-record.ts";
import { listOf, type OtlpValue, pairsOfJson, valueOfJson } from "./otlp-values.ts";
import { decodeRecords, RecordError, type RecordSink } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

type Members = Readonly<Record<string, unknown>>;

/** @throws RecordError */
function membersOf(value: unknown, field: string): Members {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new RecordError(`${field} must be an object`, field, value);
  return value as Members;
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const LAST_DIGITS = 3;

/** Nanoseconds, which JSON carries as text or number, in whole microseconds; 0 where they are not said. @throws RecordError */
function time_us(value: unknown, field: string): number {
  if (value === undefined || value === null || value === "") return 0;
  const digits = String(value);
  if (!/^\d{1,20}$/.test(digits)) throw new RecordError(`${field} must be nanoseconds since 1970`, field, value);
  return Number(digits.slice(0, -LAST_DIGITS) || "0");
}

function number(value: unknown): number {
  const found = Number(value ?? 0);
  return Number.isFinite(found) ? found : 0;
}

/** Severities are numbers, or, as some writers have it, their names. */
function severityOf(value: unknown): number {
  const named = typeof value === "string" ? /^SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?)$/.exec(value) : null;
  if (!named) return number(value);
  return ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"].indexOf(named[1]!) * 4 + Number(named[2] || "1");
}

class OtlpJson {
  readonly #sink: RecordSink;
  readonly #record: OtlpRecord;
  /** Of a record as it came, on the average. */
  readonly #record_size_bytes: number;

  constructor(sink: RecordSink, record_size_bytes: number) {
    this.#sink = sink;
    this.#record = new OtlpRecord(sink.writer.draft);
    this.#record_size_bytes = record_size_bytes;
  }

  /** @param names of the lists of resources, scopes and records */
  request(
    root: unknown,
    names: readonly [string, string, string],
    record: (item: unknown, origins: readonly OriginWriter[]) => void,
  ): void {
    this.#each(membersOf(root, "the body")[names[0]], names[0], (resource_item) => {
      const resource = membersOf(resource_item, names[0]);
      const { attributes } = membersOf(resource.resource ?? {}, "resource");
      const from_resource = this.#origin({ entries: pairsOfJson(attributes), prefix: "resource." });
      this.#each(resource[names[1]], names[1], (scope_item) => {
        const scope = membersOf(scope_item, names[1]);
        const about = membersOf(scope.scope ?? {}, "scope");
        const from_scope = this.#origin(scopeOrigin(text(about.name), text(about.version), pairsOfJson(about.attributes)));
        this.#each(scope[names[2]], names[2], (item) => record(item, [from_resource, from_scope]));
      });
    });
  }

  log(item: unknown, origins: readonly OriginWriter[]): void {
    this.#sink.parsed(
      this.#record_size_bytes,
      () => utf8Bytes(JSON.stringify(item)),
      (draft) => {
        const log = membersOf(item, "logRecords");
        const event_name = text(log.eventName);
        this.#attributes(draft, pairsOfJson(log.attributes));
        this.#record.times(time_us(log.timeUnixNano, "timeUnixNano"), time_us(log.observedTimeUnixNano, "observedTimeUnixNano"));
        this.#record.severity(severityOf(log.severityNumber), text(log.severityText));
        this.#record.ids(text(log.traceId).toLowerCase(), text(log.spanId).toLowerCase());
        this.#record.structuredBody(valueOfJson(log.body), event_name);
        this.#record.rest(event_name, number(log.flags), number(log.droppedAttributesCount));
        for (const origin of origins) origin.write();
      },
    );
  }

  span(item: unknown, origins: readonly OriginWriter[]): void {
    const span = membersOf(item, "spans");
    this.#each(span.events, "events", (event_item) => {
      const event = membersOf(event_item, "events");
      if (event.name !== "exception") return;
      this.#sink.event(utf8Bytes(JSON.stringify(event)), (draft) => {
        const attributes = pairsOfJson(event.attributes);
        this.#attributes(draft, attributes);
        this.#record.exception({
          time_us: time_us(event.timeUnixNano, "timeUnixNano"),
          trace_id: text(span.traceId).toLowerCase(),
          span_id: text(span.spanId).toLowerCase(),
          name: text(span.name),
          attributes: new Map(attributes),
        });
        for (const origin of origins) origin.write();
      });
    });
  }

  #attributes(draft: Draft, pairs: readonly [string, OtlpValue][]): void {
    for (const [name, value] of pairs) addValue(draft, draft.pathNamed(name.toWellFormed()), value, 0);
  }

  #origin(origin: ConstructorParameters<typeof OriginWriter>[1]): OriginWriter {
    return new OriginWriter(this.#sink.writer.draft, origin);
  }

  /** Goes through a list; what is wrong with one item costs that item. */
  #each(list: unknown, field: string, take: (item: unknown) => void): void {
    let items: unknown[];
    try {
      items = listOf(list, field);
    } catch (error) {
      this.#refuse(list, error);
      return;
    }
    for (const item of items) {
      try {
        take(item);
      } catch (error) {
        this.#refuse(item, error);
      }
    }
  }

  #refuse(item: unknown, error: unknown): void {
    if (!(error instanceof RecordError)) throw error;
    this.#sink.refuse(utf8Bytes(JSON.stringify(item) ?? ""), error);
  }
}

/** Records (or spans) of a request. */
function countOf(root: unknown): number {
  let count = 0;
  const { resourceLogs, resourceSpans } = (root ?? {}) as Members;
  for (const resource of [resourceLogs ?? resourceSpans].flat()) {
    const { scopeLogs, scopeSpans } = (resource ?? {}) as Members;
    for (const scope of [scopeLogs ?? scopeSpans].flat()) {
      const { logRecords, spans } = (scope ?? {}) as Members;
      const records = logRecords ?? spans;
      if (Array.isArray(records)) count += records.length;
    }
  }
  return count;
}

function decode(body: Uint8Array, context: DecodeContext, read: (otlp: OtlpJson, root: unknown) => void): Decoded {
  const root = parseBody(body);
  try {
    return decodeRecords(context, (sink) => read(new OtlpJson(sink, body.length / Math.max(1, countOf(root))), root));
  } catch (error) {
    if (error instanceof RecordError) throw new DecodeFailure("syntax", `not a request of OTLP: ${error.message}`);
    throw error;
  }
}

/** An ExportLogsServiceRequest. @throws DecodeFailure */
export function decodeLogsJson(body: Uint8Array, context: DecodeContext): Decoded {
  return decode(body, context, (otlp, root) =>
    otlp.request(root, ["resourceLogs", "scopeLogs", "logRecords"], (item, origins) => otlp.log(item, origins)),
  );
}

/** The exceptions in an ExportTraceServiceRequest. @throws DecodeFailure */
export function decodeTracesJson(body: Uint8Array, context: DecodeContext): Decoded {
  return decode(body, context, (otlp, root) =>
    otlp.request(root, ["resourceSpans", "scopeSpans", "spans"], (item, origins) => otlp.span(item, origins)),
  );
}
