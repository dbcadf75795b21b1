import { ATTRIBUTE_PREFIX, STRING_FIELDS } from "../batch/event-batch.ts";

/**
 * Names of fields in queries. A query's tree holds column names: an event's own field by its name, everything else as `attributes.<name>`.
 */
export const ANY_FIELD = "_any";
export const TIME_FIELDS = ["timestamp", "ingest_ts"] as const;
export const EVENT_FIELDS: readonly string[] = [...TIME_FIELDS, ...STRING_FIELDS, "fingerprint"];

/**
 * Names of OpenTelemetry, ECS and common loggers that mean a field of the event, each of them taken for that field on the way in too
 * (`engine/normalize/fields.ts`, which knows more: names that also serve other ends are attributes' names here).
 */
const ALIASES: ReadonlyMap<string, string> = new Map(
  Object.entries({
    timestamp: ["@timestamp", "_time", "time", "ts"],
    level: ["log.level", "severity", "severity_text", "severityText", "loglevel", "log_level", "levelname", "lvl"],
    service: ["service.name", "service_name", "serviceName", "dd.service"],
    environment: ["env", "deployment.environment", "deployment.environment.name", "service.environment", "dd.env"],
    host: ["host.name", "hostname", "host.hostname"],
    source: ["ddsource", "log.source"],
    message: ["_msg", "msg", "body", "log.message"],
    trace_id: ["trace.id", "traceId", "traceid", "traceID", "dd.trace_id"],
    span_id: ["span.id", "spanId", "spanid", "spanID", "dd.span_id"],
    request_id: ["request.id", "requestId", "http.request.id", "http.request_id"],
    event_id: ["event.id", "eventId"],
  }).flatMap(([field, names]) => names.map((name) => [name, field] as const)),
);

/** Every name that means a field of the event. */
export const KNOWN_FIELD_NAMES: readonly string[] = [...EVENT_FIELDS, ...ALIASES.keys(), ANY_FIELD];

/** The column that a name in a query means. */
export function resolveField(name: string): string {
  if (name === ANY_FIELD || EVENT_FIELDS.includes(name)) return name;
  if (name.startsWith(ATTRIBUTE_PREFIX) && name.length > ATTRIBUTE_PREFIX.length) return name;
  return ALIASES.get(name) ?? ATTRIBUTE_PREFIX + name;
}

export function isTimeField(field: string): field is (typeof TIME_FIELDS)[number] {
  return field === "timestamp" || field === "ingest_ts";
}

export function isAttribute(field: string): boolean {
  return field.startsWith(ATTRIBUTE_PREFIX);
}

/** The attribute's own name, as it stands in an event's JSON. */
export function attributeName(field: string): string {
  return field.slice(ATTRIBUTE_PREFIX.length);
}

/** The shortest name that means this column in a query, not yet quoted. */
export function shortName(field: string): string {
  if (!isAttribute(field)) return field;
  const name = attributeName(field);
  return resolveField(name) === field ? name : field;
}

const PLAIN_NAME = /^[\p{L}_@$][\p{L}\p{N}_.@$/-]*$/u;

/** Whether a name may stand in a query without quotes. */
export function isPlainName(name: string): boolean {
  return PLAIN_NAME.test(name);
}
