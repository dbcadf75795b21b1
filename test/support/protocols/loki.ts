import protobuf from "protobufjs";
import { compress } from "snappyjs";
import { loki } from "../../../worker/engine/decode/loki.ts";
import { inHeaders, type ProtocolSample, type SampleEvent, usually, utf8 } from "./sample.ts";

const LOKI_PROTO = `
syntax = "proto3";
package logproto;
message PushRequest { repeated Stream streams = 1; }
message Stream { string labels = 1; repeated Entry entries = 2; uint64 hash = 3; }
message Entry { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3; }
message LabelPair { string name = 1; string value = 2; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
`;

/** Loki's push request, as another library encodes it. */
export const PushRequest = protobuf.parse(LOKI_PROTO, { keepCase: true }).root.lookupType("logproto.PushRequest");

function labelsOf({ service, host, level }: SampleEvent): Record<string, string> {
  return { service_name: service, host, level };
}

function jsonRequest(streams: unknown[]) {
  return { body: utf8(JSON.stringify({ streams })), headers: { "content-type": "application/json" } };
}

/** Streams of events with the same labels in a row. */
function streamsOf(events: readonly SampleEvent[]): SampleEvent[][] {
  const streams: SampleEvent[][] = [];
  for (const event of events) {
    const last = streams.at(-1);
    if (last && JSON.stringify(labelsOf(last[0]!)) === JSON.stringify(labelsOf(event))) last.push(event);
    else streams.push([event]);
  }
  return streams;
}

function jsonStream(...events: SampleEvent[]) {
  return {
    stream: labelsOf(events[0]!),
    values: events.map(({ time_ms, message, attributes }) => [`${time_ms}000000`, message, attributes]),
  };
}

const credentials: ProtocolSample["credentials"] = (key) => [
  ...usually(key),
  inHeaders({ authorization: `Basic ${btoa(`tenant:${key}`)}`, "x-scope-orgid": "tenant" }),
];

export const lokiJsonSample: ProtocolSample = {
  protocol: loki,
  path: "/loki/api/v1/push",
  encode: (events) => jsonRequest(streamsOf(events).map((events_of) => jsonStream(...events_of))),
  empty: "accepted",
  encodeWithBad: ([first, ...others]) =>
    jsonRequest([
      ...(first ? [jsonStream(first)] : []),
      { stream: {}, values: [["yesterday", "a line"]] },
      ...others.map((event) => jsonStream(event)),
    ]),
  hopeless: ["no JSON", "[]", '{"streams":"none"}', ""].map((text) => ({
    body: utf8(text),
    headers: { "content-type": "application/json" },
  })),
  success: 204,
  partial: 400,
  unauthenticated: 401,
  credentials,
};

function protobufStream(...events: SampleEvent[]) {
  const labels = `{${Object.entries(labelsOf(events[0]!))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(", ")}}`;
  const entries = events.map(({ time_ms, message, attributes }) => ({
    timestamp: { seconds: Math.floor(time_ms / 1_000), nanos: (time_ms % 1_000) * 1_000_000 },
    line: message,
    structuredMetadata: Object.entries(attributes).map(([name, value]) => ({ name, value })),
  }));
  return { labels, entries };
}

function protobufRequest(streams: object[]) {
  const message = PushRequest.encode(PushRequest.fromObject({ streams })).finish();
  return { body: compress(Uint8Array.from(message)), headers: { "content-type": "application/x-protobuf" } };
}

export const lokiProtobufSample: ProtocolSample = {
  protocol: loki,
  path: "/loki/api/v1/push",
  encode: (events) => protobufRequest(streamsOf(events).map((events_of) => protobufStream(...events_of))),
  empty: "accepted",
  encodeWithBad: ([first, ...others]) =>
    protobufRequest([
      ...(first ? [protobufStream(first)] : []),
      { labels: "no labels", entries: [{ timestamp: { seconds: 1 }, line: "a line" }] },
      ...others.map((event) => protobufStream(event)),
    ]),
  hopeless: [{ body: utf8("no snappy"), headers: { "content-type": "application/x-protobuf" } }],
  success: 204,
  partial: 400,
  unauthenticated: 401,
  credentials,
};
