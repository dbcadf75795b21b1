import protobuf from "protobufjs";
import { otlp } from "../../../worker/engine/decode/otlp.ts";
import { EVENT_SIZE_BYTES_MAX } from "../../../worker/limits.ts";
import { OTLP_PROTO } from "./otlp-proto.ts";
import { type ProtocolSample, type SampleEvent, usually, utf8 } from "./sample.ts";

const SEVERITIES = { DEBUG: 5, INFO: 9, WARN: 13, ERROR: 17 };
const root = protobuf.parse(OTLP_PROTO, { keepCase: false }).root;

/** The messages of OTLP, as another library encodes them. */
export const LogsRequest = root.lookupType("otlp.ExportLogsServiceRequest");
export const LogsResponse = root.lookupType("otlp.ExportLogsServiceResponse");
export const TracesRequest = root.lookupType("otlp.ExportTraceServiceRequest");
export const Status = root.lookupType("otlp.Status");

function attributes(values: Record<string, string>) {
  return Object.entries(values).map(([key, value]) => ({ key, value: { stringValue: value } }));
}

function record({ time_ms, level, message, attributes: own }: SampleEvent) {
  return {
    timeUnixNano: `${time_ms}000000`,
    severityNumber: SEVERITIES[level],
    severityText: level,
    body: { stringValue: message },
    attributes: attributes(own),
  };
}

/** A resource for events of one service and host in a row, as a collector groups them. */
function request(events: readonly SampleEvent[]): object {
  const groups: SampleEvent[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last && last[0]!.service === event.service && last[0]!.host === event.host) last.push(event);
    else groups.push([event]);
  }
  return {
    resourceLogs: groups.map((group) => ({
      resource: { attributes: attributes({ "service.name": group[0]!.service, "host.name": group[0]!.host }) },
      scopeLogs: [{ scope: { name: "sample", version: "1" }, logRecords: group.map(record) }],
    })),
  };
}

function huge() {
  return { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x".repeat(EVENT_SIZE_BYTES_MAX + 1) } }] }] }] };
}

/** The same request with something between the first event and the others that cannot be kept. */
function withBad(events: readonly SampleEvent[]): object {
  const [first, ...others] = (request(events) as { resourceLogs: object[] }).resourceLogs;
  return { resourceLogs: [...(first ? [first] : []), ...huge().resourceLogs, ...others] };
}

export const otlpJsonSample: ProtocolSample = {
  protocol: otlp,
  path: "/v1/logs",
  encode: (events) => ({ body: utf8(JSON.stringify(request(events))), headers: { "content-type": "application/json" } }),
  empty: "accepted",
  encodeWithBad: (events) => {
    const { resourceLogs } = withBad(events) as { resourceLogs: { scopeLogs: { logRecords: unknown[] }[] }[] };
    const at = events.length > 0 ? 1 : 0;
    resourceLogs[at]!.scopeLogs[0]!.logRecords = ["no record"];
    return { body: utf8(JSON.stringify({ resourceLogs })), headers: { "content-type": "application/json" } };
  },
  hopeless: ["no JSON", "[]", '"text"', ""].map((text) => ({ body: utf8(text), headers: { "content-type": "application/json" } })),
  success: 200,
  unauthenticated: 401,
  credentials: usually,
};

const PROTOBUF = { "content-type": "application/x-protobuf" };

export const otlpProtobufSample: ProtocolSample = {
  protocol: otlp,
  path: "/v1/logs",
  encode: (events) => ({ body: LogsRequest.encode(LogsRequest.fromObject(request(events))).finish(), headers: PROTOBUF }),
  empty: "accepted",
  encodeWithBad: (events) => ({ body: LogsRequest.encode(LogsRequest.fromObject(withBad(events))).finish(), headers: PROTOBUF }),
  hopeless: [
    { body: utf8("this is no protobuf"), headers: PROTOBUF },
    { body: new Uint8Array([10, 200, 1, 1]), headers: PROTOBUF },
  ],
  success: 200,
  unauthenticated: 401,
  credentials: usually,
};
