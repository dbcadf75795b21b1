import { describe, expect, it } from "vitest";
import { attributeName } from "../../../worker/engine/normalize/fields.ts";
import { bare, eventOf, RECEIVED } from "../decode/records.ts";

const TIME = "2026-02-03T04:05:06.789000Z";
const LONG = "0af7651916cd43dd8448eb211c80319c";

describe("an event as a library writes it", () => {
  it.each([
    [
      "Ledge",
      {
        timestamp: TIME,
        level: "info",
        service: "s",
        environment: "e",
        host: "h",
        source: "src",
        message: "m",
        trace_id: LONG,
        span_id: "b7ad6b7169203331",
        request_id: "r",
        event_id: "id-1",
        attributes: { a: 1, b: { c: "x" } },
      },
      {
        timestamp: TIME,
        level: "INFO",
        service: "s",
        environment: "e",
        host: "h",
        source: "src",
        message: "m",
        trace_id: LONG,
        span_id: "b7ad6b7169203331",
        request_id: "r",
        event_id: "id-1",
        attributes: { a: 1, "b.c": "x" },
      },
    ],
    [
      "OpenTelemetry",
      {
        timestamp: TIME,
        severity_text: "WARN",
        severity_number: 13,
        body: "m",
        trace_id: LONG,
        span_id: "b7",
        resource: { attributes: { "service.name": "s", "deployment.environment.name": "e", "host.name": "h", "cloud.region": "eu" } },
        attributes: { "http.route": "/x" },
      },
      {
        timestamp: TIME,
        level: "WARN",
        service: "s",
        environment: "e",
        host: "h",
        message: "m",
        trace_id: LONG,
        span_id: "b7",
        attributes: { severity_number: 13, "resource.attributes.cloud.region": "eu", "http.route": "/x" },
      },
    ],
    [
      "OTLP-like JSON",
      { timeUnixNano: "1770091506789000000", severityNumber: 10, body: { stringValue: "m" }, traceId: LONG, spanId: "b7" },
      { timestamp: TIME, level: "INFO", message: "m", trace_id: LONG, span_id: "b7", attributes: { severity_number: 10 } },
    ],
    [
      "ECS, dotted",
      {
        "@timestamp": TIME,
        "log.level": "error",
        message: "m",
        "service.name": "s",
        "service.environment": "e",
        "host.name": "h",
        "trace.id": LONG,
        "span.id": "b7",
        "http.request.id": "r",
        "event.id": "id-1",
        "event.dataset": "d",
      },
      {
        timestamp: TIME,
        level: "ERROR",
        service: "s",
        environment: "e",
        host: "h",
        message: "m",
        trace_id: LONG,
        span_id: "b7",
        request_id: "r",
        event_id: "id-1",
        attributes: { "event.dataset": "d" },
      },
    ],
    [
      "ECS, nested",
      {
        "@timestamp": TIME,
        log: { level: "error", logger: "l" },
        message: "m",
        service: { name: "s", environment: "e" },
        host: { hostname: "h", ip: ["10.0.0.1"] },
        trace: { id: LONG },
        span: { id: "b7" },
        http: { request: { id: "r" } },
      },
      {
        timestamp: TIME,
        level: "ERROR",
        service: "s",
        environment: "e",
        host: "h",
        message: "m",
        trace_id: LONG,
        span_id: "b7",
        request_id: "r",
        attributes: { "log.logger": "l", "host.ip": ["10.0.0.1"] },
      },
    ],
    [
      "pino",
      { level: 30, time: 1_770_091_506_789, pid: 17, hostname: "h", msg: "m", reqId: "r", name: "logger" },
      { timestamp: TIME, level: "INFO", service: "logger", host: "h", message: "m", request_id: "r", attributes: { pid: 17 } },
    ],
    [
      "winston",
      { level: "silly", message: "m", timestamp: TIME, service: "s" },
      { timestamp: TIME, level: "TRACE", service: "s", message: "m", attributes: { severity_text: "silly" } },
    ],
    [
      "bunyan",
      { name: "app", hostname: "h", pid: 17, level: 50, msg: "m", time: TIME, v: 0 },
      { timestamp: TIME, level: "ERROR", service: "app", host: "h", message: "m", attributes: { pid: 17, v: 0 } },
    ],
    [
      "zap",
      { level: "dpanic", ts: 1_770_091_506.789, logger: "l", caller: "main.go:7", msg: "m", stacktrace: "s" },
      {
        timestamp: TIME,
        level: "FATAL",
        message: "m",
        attributes: { severity_text: "dpanic", logger: "l", caller: "main.go:7", stacktrace: "s" },
      },
    ],
    [
      "logrus",
      { level: "warning", msg: "m", time: "2026-02-03T05:05:06.789+01:00", size: 10 },
      { timestamp: TIME, level: "WARN", message: "m", attributes: { size: 10 } },
    ],
    [
      "Go slog",
      { time: "2026-02-03T04:05:06.789012345Z", level: "INFO", source: { function: "main.main", line: 7 }, msg: "m" },
      {
        timestamp: "2026-02-03T04:05:06.789012Z",
        level: "INFO",
        message: "m",
        attributes: { "source.function": "main.main", "source.line": 7 },
      },
    ],
    [
      "Python logging",
      { levelname: "CRITICAL", asctime: "2026-02-03 04:05:06,789", name: "django.request", message: "m", lineno: 7 },
      { timestamp: TIME, level: "FATAL", message: "m", attributes: { severity_text: "CRITICAL", name: "django.request", lineno: 7 } },
    ],
    [
      "Python's LogRecord",
      { levelno: 40, created: 1_770_091_506.789, msg: "m", name: "root" },
      { timestamp: TIME, level: "ERROR", message: "m", attributes: { name: "root" } },
    ],
    [
      "syslog as JSON",
      { severity: "err", priority: 11, facility: "daemon", hostname: "h", appname: "s", message: "m", timestamp: "Feb  3 04:05:06" },
      {
        timestamp: "2026-02-03T04:05:06.000000Z",
        level: "ERROR",
        service: "s",
        host: "h",
        message: "m",
        attributes: { priority: 11, facility: "daemon" },
      },
    ],
    [
      "journald",
      { __REALTIME_TIMESTAMP: "1770091506789000", PRIORITY: "4", MESSAGE: "m", _HOSTNAME: "h", SYSLOG_IDENTIFIER: "s", _PID: "17" },
      { timestamp: TIME, level: "WARN", service: "s", host: "h", message: "m", attributes: { _PID: "17" } },
    ],
    [
      "Datadog",
      { message: "m", ddsource: "nodejs", ddtags: "env:prod", hostname: "h", service: "s", status: "warn", timestamp: 1_770_091_506_789 },
      {
        timestamp: TIME,
        level: "WARN",
        service: "s",
        host: "h",
        source: "nodejs",
        message: "m",
        attributes: { ddtags: "env:prod", status: "warn" },
      },
    ],
    [
      "GELF",
      { version: "1.1", host: "h", short_message: "m", full_message: "m\nmore", timestamp: 1_770_091_506.789, level: 4, _user: "u" },
      { timestamp: TIME, level: "WARN", host: "h", message: "m", attributes: { version: "1.1", full_message: "m\nmore", _user: "u" } },
    ],
    [
      "Serilog's compact form",
      { "@t": TIME, "@m": "m", "@mt": "{x}", "@l": "Verbose", "@tr": LONG, "@sp": "b7", x: 1 },
      {
        timestamp: TIME,
        level: "TRACE",
        message: "m",
        trace_id: LONG,
        span_id: "b7",
        attributes: { "@mt": "{x}", severity_text: "Verbose", x: 1 },
      },
    ],
    ["Docker", { log: "m\n", stream: "stdout", time: TIME }, { timestamp: TIME, message: "m\n", attributes: { stream: "stdout" } }],
    [
      "other names",
      { eventTime: TIME, lvl: "dbg", text: "m", application: "s", env: "e", "X-Request-ID": "r", traceID: LONG },
      { timestamp: TIME, level: "DEBUG", service: "s", environment: "e", message: "m", trace_id: LONG, request_id: "r", attributes: {} },
    ],
    ["a correlation id", { msg: "m", CorrelationId: "r" }, { timestamp: RECEIVED, message: "m", request_id: "r", attributes: {} }],
  ])("%s", (_library, event, expected) => {
    expect(bare(eventOf(event))).toEqual(expected);
  });
});

describe("of several names for one field", () => {
  it("the first of the table wins, in whatever order they come, and the others stay attributes", () => {
    expect(bare(eventOf({ msg: "b", message: "a", body: "c" }))).toMatchObject({ message: "a", attributes: { msg: "b", body: "c" } });
    expect(bare(eventOf({ message: "a", body: "c", msg: "b" }))).toMatchObject({ message: "a", attributes: { msg: "b", body: "c" } });
    expect(bare(eventOf({ hostname: "b", "host.name": "a" }))).toMatchObject({ host: "a", attributes: { hostname: "b" } });
  });

  it("an event's own name wins over that of its resource", () => {
    const event = { resource: { attributes: { "service.name": "r" } }, app: "own" };
    expect(bare(eventOf(event))).toMatchObject({ service: "own", attributes: { "resource.attributes.service.name": "r" } });
  });

  it("one without a usable value gives way to the next", () => {
    expect(eventOf({ service: null, app: "a" }).service).toBe("a");
    expect(eventOf({ service: "", app: "a" }).service).toBe("a");
    expect(bare(eventOf({ service: ["x"], app: "a" }))).toMatchObject({ service: "a", attributes: { service: ["x"] } });
    expect(bare(eventOf({ timestamp: "soon", time: TIME }))).toMatchObject({ timestamp: TIME, attributes: { timestamp: "soon" } });
    expect(bare(eventOf({ event: "e", log: "l" }))).toMatchObject({ message: "e", attributes: { log: "l" } });
  });
});

describe("a field of another type", () => {
  it.each([
    [{ message: { a: [1, "x"] } }, { message: '{"a":[1,"x"]}', attributes: {} }],
    [{ message: ["a", 1] }, { message: '["a",1]', attributes: {} }],
    [{ message: 5 }, { message: "5", attributes: {} }],
    [{ message: true }, { message: "true", attributes: {} }],
    [{ message: null, a: 1 }, { attributes: { a: 1 } }],
    [{ message: "" }, { message: "", attributes: {} }],
    [{ service: 5 }, { service: "5", attributes: {} }],
    [{ service: 0.5 }, { service: "0.5", attributes: {} }],
    [{ host: false }, { host: "false", attributes: {} }],
    [{ trace_id: "0".repeat(32) }, { trace_id: "0".repeat(32), attributes: {} }],
    [{ trace_id: 12 }, { trace_id: "12", attributes: {} }],
    [{ event_id: 12 }, { attributes: { event_id: 12 } }],
    [{ event_id: "" }, { attributes: { event_id: "" } }],
    [{ event_id: "x".repeat(1025) }, { attributes: { event_id: "x".repeat(1025) } }],
    [{ EventID: "4624" }, { attributes: { EventID: "4624" } }],
    [{ log: { a: 1 } }, { attributes: { "log.a": 1 } }],
    [{ event: { kind: "k" } }, { attributes: { "event.kind": "k" } }],
    [{ name: "n" }, { attributes: { name: "n" } }],
    [{ time: "12ms" }, { attributes: { time: "12ms" } }],
    [{ time: 12 }, { attributes: { time: 12 } }],
  ])("%j", (event, expected) => {
    const { timestamp, ...rest } = bare(eventOf(event));
    expect(timestamp).toBe(RECEIVED);
    expect(rest).toEqual(expected);
  });
});

describe("a time too far ahead", () => {
  it("gives way to the arrival and stays an attribute", () => {
    const far = "2026-03-02T12:00:01Z";
    expect(bare(eventOf({ time: far }))).toEqual({ timestamp: RECEIVED, attributes: { time: far } });
    expect(eventOf({ time: "2026-03-02T11:59:59Z" }).timestamp).toBe("2026-03-02T11:59:59.000000Z");
  });
});

describe("defaults of a request", () => {
  const context = {
    received_us: Date.parse(RECEIVED) * 1000,
    defaults: { service: "ds", host: "dh", environment: "de", source: "dsrc", level: "warning" },
  };
  it("fill what an event does not bring", () => {
    expect(eventOf({ message: "m" }, context)).toMatchObject({
      service: "ds",
      host: "dh",
      environment: "de",
      source: "dsrc",
      level: "WARN",
    });
    expect(eventOf({ app: "a", hostname: "h", env: "e", ddsource: "s", level: "err" }, context)).toMatchObject({
      service: "a",
      host: "h",
      environment: "e",
      source: "s",
      level: "ERROR",
    });
  });
  it("that are empty or unknown are none", () => {
    const record = eventOf({ message: "m" }, { ...context, defaults: { service: "", level: "blue" } });
    expect(record.service).toBeUndefined();
    expect(record.level).toBeUndefined();
  });
});

describe("attributes", () => {
  it("below `attributes` lose that prefix, and both stay where an event has the name twice", () => {
    expect(attributeName("attributes.a.b")).toBe("a.b");
    expect(eventOf({ attributes: { a: 1 }, a: 2 }).attributes).toEqual({ "attributes.a": 1, a: 2 });
    expect(eventOf({ a: 2, attributes: { a: 1 } }).attributes).toEqual({ "attributes.a": 1, a: 2 });
    expect(eventOf({ attributes: { message: "x", level: "error" } })).not.toHaveProperty("level");
  });
});
