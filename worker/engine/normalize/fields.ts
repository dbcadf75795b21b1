import { STRING_FIELDS } from "../batch/event-batch.ts";

/**
 * Which names mean which field, in one table. Names are compared without regard to case, `_` and `-` (dots and `@` count), so that
 * `requestId`, `request_id`, `Request-Id` and `x-request-id` need no rows of their own. Of several names in one event the one that stands
 * first here wins; the others stay attributes under their own names.
 */
export const ROLES = ["time", ...STRING_FIELDS] as const;
export type RoleName = (typeof ROLES)[number];

/** How a level's number is to be read, see level.ts. */
export type LevelScale = "usual" | "syslog" | "opentelemetry" | "python" | "pri";

export interface Alias {
  /** Index into ROLES. */
  role: number;
  /** Lower wins. */
  priority: number;
  scale: LevelScale;
  /** The name is used for other things too: it counts only where its value fits beyond doubt, and an object under it is not the field. */
  weak: boolean;
}

/** From the strongest to the weakest. A trailing `?` marks a weak name. */
const NAMES: Record<RoleName, string> = {
  time: `timestamp @timestamp time ts @t _time timeunixnano datetime eventtime event.time event.timestamp log.timestamp log.time logtime
    asctime created? date? timestampms epoch? epochms? t.$date syslog.timestamp realtimetimestamp time.iso8601? observedtimestamp? t?`,
  level: `level log.level severitytext severity loglevel levelname lvl @l level.name log.severity severity.text severitynumber severity.number levelno
    log.syslog.severity.name log.syslog.severity.code syslog.severity syslogseverity syslog.severity.code priority log.syslog.priority? syslog.pri? pri?
    event.severity? status? l?`,
  service: `service service.name servicename dd.service application.name application appname app.name app syslog.appname log.syslog.appname
    syslogidentifier program? k8s.deployment.name? kubernetes.containername? containername? name?`,
  environment: `environment env service.environment deployment.environment.name deployment.environment deploymentenvironment dd.env app.environment app.env`,
  host: `host host.name hostname host.hostname syslog.hostname log.syslog.hostname machinename node.name? nodename? beat.hostname agent.hostname? kubernetes.host?
    k8s.node.name? server.name?`,
  source: `source ddsource log.source sourcetype?`,
  message: `message msg @m body shortmessage log.message renderedmessage @mt? messagetemplate? textpayload _msg event? log? text?`,
  trace_id: `traceid trace.id dd.traceid oteltraceid otel.traceid @tr context.traceid? spancontext.traceid logging.googleapis.com/trace xb3traceid xamzntraceid?`,
  span_id: `spanid span.id dd.spanid otelspanid otel.spanid @sp context.spanid? spancontext.spanid logging.googleapis.com/spanid xb3spanid`,
  request_id: `requestid xrequestid http.requestid http.request.id request.id reqid req.id correlationid xcorrelationid correlation.id cfray? rid?`,
  event_id: `eventid event.id`,
};

const SCALES: Readonly<Record<string, LevelScale>> = {
  severity: "syslog",
  "log.severity": "syslog",
  "syslog.severity": "syslog",
  syslogseverity: "syslog",
  "syslog.severity.code": "syslog",
  "log.syslog.severity.code": "syslog",
  priority: "syslog",
  "event.severity": "syslog",
  pri: "pri",
  "syslog.pri": "pri",
  "log.syslog.priority": "pri",
  severitynumber: "opentelemetry",
  "severity.number": "opentelemetry",
  levelno: "python",
};

/** Resource attributes of OpenTelemetry that are fields, wherever they stand. */
const RESOURCE_ROLES: ReadonlySet<RoleName> = new Set<RoleName>(["service", "environment", "host"]);
const RESOURCE_PREFIXES = ["resource.attributes.", "resource.", "resourceattributes.", "attributes."];
/** Added to the priority of a name found below a prefix: the event's own name wins. */
const PREFIXED = 100;

const TABLE: ReadonlyMap<string, Alias> = (() => {
  const table = new Map<string, Alias>();
  for (const [role, name] of ROLES.entries()) {
    for (const [priority, text] of NAMES[name].split(/\s+/).entries()) {
      const weak = text.endsWith("?");
      const canonical = canonicalName(weak ? text.slice(0, -1) : text);
      table.set(canonical, { role, priority, scale: SCALES[canonical] ?? "usual", weak });
    }
  }
  return table;
})();

function canonicalName(path: string): string {
  const lower = path.toLowerCase();
  return lower.includes("_") || lower.includes("-") ? lower.replace(/[_-]/g, "") : lower;
}

/** Names of the event's own id, to the letter: `EventID` and the like name kinds of events (Windows), and repeats of an id are dropped. */
const EVENT_ID_NAMES: ReadonlySet<string> = new Set(["event_id", "eventId", "event.id"]);

/** @param path dotted name as it came; null where it is an attribute. */
export function aliasOf(path: string): Alias | null {
  if (path.length > 64) return null;
  const canonical = canonicalName(path);
  const alias = TABLE.get(canonical);
  if (alias && ROLES[alias.role] === "event_id") return EVENT_ID_NAMES.has(path) ? alias : null;
  if (alias) return alias;
  for (const prefix of RESOURCE_PREFIXES) {
    if (!canonical.startsWith(prefix)) continue;
    const inner = canonical.slice(prefix.length);
    const named = TABLE.get(inner);
    if (named && !named.weak && inner.includes(".") && RESOURCE_ROLES.has(ROLES[named.role]!))
      return { ...named, priority: named.priority + PREFIXED };
  }
  return null;
}

/** Name under which an attribute is kept: an object `attributes` at the top is the place of attributes, not a part of their names. */
export function attributeName(path: string): string {
  return path.startsWith("attributes.") && path.length > 11 ? path.slice(11) : path;
}
