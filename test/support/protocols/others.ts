import { Buffer } from "node:buffer";
import { gzipSync } from "node:zlib";
import { ExtData, encode } from "@msgpack/msgpack";
import { cloudevents } from "../../../worker/engine/decode/cloudevents.ts";
import { csv } from "../../../worker/engine/decode/csv.ts";
import { firehose } from "../../../worker/engine/decode/firehose.ts";
import { fluent } from "../../../worker/engine/decode/fluent.ts";
import { logfmt, text } from "../../../worker/engine/decode/plain.ts";
import { inHeaders, type ProtocolSample, type SampleEvent, type SampleRequest, usually, utf8 } from "./sample.ts";

// ── MessagePack ─────────────────────────────────────────────────────────────

const MESSAGE_PACK = { "content-type": "application/msgpack" };

/** As Fluent Bit writes it: [[time, metadata], record], the time as Fluentd's extension. */
function packed({ time_ms, attributes, ...event }: SampleEvent): Uint8Array {
  const time = new Uint8Array(8);
  const view = new DataView(time.buffer);
  view.setUint32(0, Math.floor(time_ms / 1_000));
  view.setUint32(4, (time_ms % 1_000) * 1_000_000);
  return encode([[new ExtData(0, time), {}], { ...event, ...attributes }]);
}

function joined(parts: readonly Uint8Array[]): SampleRequest {
  return { body: new Uint8Array(Buffer.concat(parts)), headers: MESSAGE_PACK };
}

export const messagePackSample: ProtocolSample = {
  protocol: fluent,
  path: "",
  encode: (events) => joined(events.map(packed)),
  empty: "accepted",
  encodeWithBad: (events) => joined([...events.slice(0, 1).map(packed), encode("no record"), ...events.slice(1).map(packed)]),
  hopeless: [
    { body: new Uint8Array([0xc1, 0xc1]), headers: MESSAGE_PACK },
    { body: encode("text"), headers: MESSAGE_PACK },
  ],
  success: 200,
  unauthenticated: 401,
  credentials: usually,
};

// ── CSV ─────────────────────────────────────────────────────────────────────

const cell = (value: string): string => (/[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

function row({ time_ms, level, service, host, message, attributes }: SampleEvent): string {
  return [new Date(time_ms).toISOString(), level, service, host, message, attributes.region!, attributes.order!].map(cell).join(",");
}

function table(rows: readonly string[]): SampleRequest {
  return {
    body: utf8(["timestamp,level,service,host,message,region,order", ...rows].join("\r\n")),
    headers: { "content-type": "text/csv" },
  };
}

export const csvSample: ProtocolSample = {
  protocol: csv,
  path: "",
  encode: (events) => table(events.map(row)),
  empty: "accepted",
  encodeWithBad: (events) => table([...events.slice(0, 1).map(row), "one,cell,too,few", ...events.slice(1).map(row)]),
  hopeless: [],
  success: 202,
  unauthenticated: 401,
  credentials: usually,
};

// ── lines of text ───────────────────────────────────────────────────────────

export const textSample: ProtocolSample = {
  protocol: text,
  path: "",
  encode: (events) => ({ body: utf8(events.map(({ message }) => `${message}\n`).join("")) }),
  empty: "refused",
  without: ["time_ms", "level", "service", "host", "attributes"],
  encodeWithBad: null,
  hopeless: [],
  success: 202,
  unauthenticated: 401,
  credentials: usually,
};

const quoted = (value: string): string => JSON.stringify(value);

export const logfmtSample: ProtocolSample = {
  protocol: logfmt,
  path: "",
  encode: (events) => ({
    body: utf8(
      events
        .map(({ time_ms, level, service, host, message, attributes }) => {
          const pairs = { time: new Date(time_ms).toISOString(), level, service, host, msg: message, ...attributes };
          return `${Object.entries(pairs)
            .map(([name, value]) => `${name}=${quoted(value)}`)
            .join(" ")}\n`;
        })
        .join(""),
    ),
  }),
  empty: "refused",
  encodeWithBad: null,
  hopeless: [],
  success: 202,
  unauthenticated: 401,
  credentials: usually,
};

// ── Firehose ────────────────────────────────────────────────────────────────

function delivery(records: readonly Uint8Array[], bad_at = -1): SampleRequest {
  const items: unknown[] = records.map((record) => ({ data: Buffer.from(record).toString("base64") }));
  if (bad_at >= 0) items.splice(bad_at, 0, { data: 5 });
  const body = { requestId: "ed4acda5-034f-9f42-bba1-f29aea6d7d8f", timestamp: 1_772_366_400_000, records: items };
  return { body: utf8(JSON.stringify(body)), headers: { "content-type": "application/json" } };
}

function line({ time_ms, attributes, ...event }: SampleEvent): Uint8Array {
  return utf8(`${JSON.stringify({ timestamp: time_ms, ...event, ...attributes })}\n`);
}

export const firehoseSample: ProtocolSample = {
  protocol: firehose,
  path: "",
  encode: (events) => delivery(events.map(line)),
  empty: "accepted",
  encodeWithBad: (events) => delivery(events.map(line), Math.min(1, events.length)),
  hopeless: ["no JSON", "[]", '{"records":"none"}'].map((body) => ({ body: utf8(body), headers: { "content-type": "application/json" } })),
  success: 200,
  unauthenticated: 401,
  credentials: (key) => [...usually(key), inHeaders({ "x-amz-firehose-access-key": key })],
};

/** Events of one service in a row. */
function groupsOf(events: readonly SampleEvent[]): SampleEvent[][] {
  const groups: SampleEvent[][] = [];
  for (const event of events) {
    const last = groups.at(-1);
    if (last && last[0]!.service === event.service) last.push(event);
    else groups.push([event]);
  }
  return groups;
}

/** CloudWatch's log groups inside: a message of gzip for each log group. */
export const cloudWatchSample: ProtocolSample = {
  ...firehoseSample,
  variant: "CloudWatch Logs",
  encode: (events) =>
    delivery(
      groupsOf(events).map((group) => {
        const { service } = group[0]!;
        const logEvents = group.map(({ time_ms, message }, index) => ({
          id: `${service}-${time_ms}-${index}`,
          timestamp: time_ms,
          message,
        }));
        const data = {
          messageType: "DATA_MESSAGE",
          owner: "1",
          logGroup: `/aws/lambda/${service}`,
          logStream: "s",
          subscriptionFilters: [],
          logEvents,
        };
        return new Uint8Array(gzipSync(JSON.stringify(data)));
      }),
    ),
  encodeWithBad: null,
  without: ["level", "host", "attributes"],
};

// ── CloudEvents ─────────────────────────────────────────────────────────────

function cloudEvent({ time_ms, attributes, ...event }: SampleEvent, index: number): object {
  return {
    specversion: "1.0",
    id: `${time_ms}-${index}`,
    source: "/sample",
    type: "com.example.log",
    time: new Date(time_ms).toISOString(),
    datacontenttype: "application/json",
    data: { ...event, ...attributes },
  };
}

function batch(events: readonly object[]): SampleRequest {
  return { body: utf8(JSON.stringify(events)), headers: { "content-type": "application/cloudevents-batch+json" } };
}

export const cloudEventsSample: ProtocolSample = {
  protocol: cloudevents,
  path: "",
  encode: (events) => batch(events.map(cloudEvent)),
  empty: "accepted",
  encodeWithBad: (events) =>
    batch([...events.slice(0, 1).map(cloudEvent), { id: "7" }, ...events.slice(1).map((event, at) => cloudEvent(event, at + 1))]),
  hopeless: ["no JSON", "7", '"text"'].map((body) => ({ body: utf8(body), headers: { "content-type": "application/cloudevents+json" } })),
  success: 202,
  unauthenticated: 401,
  credentials: usually,
};
