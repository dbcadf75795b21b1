/** Events of Ledge, made of what a Worker's invocation left behind. */

interface LogEvent {
  timestamp: number;
  level: string;
  service: string;
  source: string;
  message: string;
  request_id?: string;
  attributes: Record<string, unknown>;
}

const SOURCE = "cloudflare-workers";
const FAULTS = new Set(["exception", "exceededCpu", "exceededMemory", "exceededWallTime", "scriptNotFound", "internalError"]);

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? String(value);
}

/** What `console.log("a", {b: 1})` was given, as one line. */
function lineOf(message: unknown): string {
  return Array.isArray(message) ? message.map(textOf).join(" ") : textOf(message);
}

interface FetchEvent {
  request: { method: string; url: string; headers: Record<string, string> };
  response?: { status: number };
}

function isFetch(event: unknown): event is FetchEvent {
  return typeof event === "object" && event !== null && "request" in event;
}

/** Of one invocation: its lines, its exceptions, and itself. */
export function eventsOf(item: TraceItem): LogEvent[] {
  const service = item.scriptName ?? "worker";
  const event: unknown = item.event;
  const request = isFetch(event) ? event : null;
  const ray = request?.request.headers["cf-ray"];
  const common = { service, source: SOURCE, ...(ray ? { request_id: ray } : {}) };
  const shared: Record<string, unknown> = { "worker.entrypoint": item.entrypoint, "worker.version": item.scriptVersion?.id };
  const timestamp = item.eventTimestamp ?? Date.now();
  const lines = item.logs.map((log) => ({
    ...common,
    timestamp: log.timestamp,
    level: log.level,
    message: lineOf(log.message),
    attributes: shared,
  }));
  const exceptions = item.exceptions.map((exception) => ({
    ...common,
    timestamp: exception.timestamp,
    level: "error",
    message: `${exception.name}: ${exception.message}`,
    attributes: {
      ...shared,
      "exception.type": exception.name,
      "exception.message": exception.message,
      "exception.stacktrace": exception.stack,
    },
  }));
  const status = request?.response?.status ?? 0;
  const said = request ? `${request.request.method} ${request.request.url} ${status || item.outcome}` : `${service} ${item.outcome}`;
  const invocation = {
    ...common,
    timestamp,
    level: FAULTS.has(item.outcome) || status >= 500 ? "error" : status >= 400 ? "warn" : "info",
    message: said,
    attributes: {
      ...shared,
      "worker.outcome": item.outcome,
      "worker.cpu_time_ms": item.cpuTime,
      "worker.wall_time_ms": item.wallTime,
      "http.request.method": request?.request.method,
      "url.full": request?.request.url,
      "http.response.status_code": request?.response?.status,
    },
  };
  return [...lines, ...exceptions, invocation];
}
