import { splunk } from "../../../worker/engine/decode/splunk.ts";
import { inHeaders, type ProtocolSample, type SampleEvent, usually, utf8 } from "./sample.ts";

function envelope({ time_ms, level, service, host, message, attributes }: SampleEvent): string {
  return JSON.stringify({ time: time_ms / 1_000, host, sourcetype: "_json", event: { message, level, service }, fields: attributes });
}

export const splunkEventSample: ProtocolSample = {
  protocol: splunk,
  path: "/services/collector/event",
  encode: (events) => ({ body: utf8(events.map(envelope).join("")) }),
  empty: "refused",
  encodeWithBad: ([first, ...others]) => ({
    body: utf8([...(first ? [envelope(first)] : []), '{"time":1}', ...others.map(envelope)].join("\n")),
  }),
  hopeless: ["no JSON", "[1]", "7", '{"event":""}'].map((text) => ({ body: utf8(text) })),
  success: 200,
  partial: 400,
  unauthenticated: 401,
  credentials: (key) => [...usually(key), inHeaders({ authorization: `Splunk ${key}` })],
};

export const splunkRawSample: ProtocolSample = {
  protocol: splunk,
  path: "/services/collector/raw",
  encode: (events) => ({
    body: utf8(events.map(({ message }) => `${message}\n`).join("")),
    headers: { "x-splunk-request-channel": "8b5bd5a5-65c5-4a0e-a4a6-7f4f7c4b7e10" },
  }),
  empty: "refused",
  without: ["time_ms", "level", "service", "host", "attributes"],
  encodeWithBad: null,
  hopeless: [],
  success: 200,
  unauthenticated: 401,
  credentials: usually,
};
