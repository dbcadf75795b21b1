/** Protocols whose bodies are JSON objects in an array or on lines. */
import { axiom } from "../../../worker/engine/decode/axiom.ts";
import { betterstack } from "../../../worker/engine/decode/betterstack.ts";
import { datadog } from "../../../worker/engine/decode/datadog.ts";
import { fluent } from "../../../worker/engine/decode/fluent.ts";
import { logpush } from "../../../worker/engine/decode/logpush.ts";
import { json, ndjson } from "../../../worker/engine/decode/plain.ts";
import type { Protocol } from "../../../worker/engine/decode/protocol.ts";
import { vector } from "../../../worker/engine/decode/vector.ts";
import { vercel } from "../../../worker/engine/decode/vercel.ts";
import { inHeaders, inQuery, type ProtocolSample, type SampleEvent, type SampleRequest, usually, utf8 } from "./sample.ts";

type Write = (event: SampleEvent) => object;

const JSON_TYPE = { "content-type": "application/json" };
const hopeless: SampleRequest[] = ["no JSON", "[1,2]", "7", "{"].map((text) => ({ body: utf8(text), headers: JSON_TYPE }));

function array(parts: readonly string[]): SampleRequest {
  return { body: utf8(`[${parts.join(",")}]`), headers: JSON_TYPE };
}

function lines(parts: readonly string[]): SampleRequest {
  return { body: utf8(parts.map((part) => `${part}\n`).join("")), headers: { "content-type": "application/x-ndjson" } };
}

/** A number where an object should be. */
const BAD = "17";

function sample(protocol: Protocol, write: Write, join: typeof array, more: Partial<ProtocolSample> & { success: number }): ProtocolSample {
  const written = (events: readonly SampleEvent[]) => events.map((event) => JSON.stringify(write(event)));
  return {
    protocol,
    path: "",
    encode: (events) => join(written(events)),
    empty: "accepted",
    encodeWithBad: (events) => join([...written(events.slice(0, 1)), BAD, ...written(events.slice(1))]),
    hopeless,
    unauthenticated: 401,
    credentials: usually,
    ...more,
  };
}

const iso = (time_ms: number): string => new Date(time_ms).toISOString();

export const jsonLineSamples: readonly ProtocolSample[] = [
  sample(
    vector,
    ({ time_ms, attributes, ...event }) => ({ ...event, timestamp: iso(time_ms), source_type: "demo_logs", ...attributes }),
    array,
    {
      success: 200,
    },
  ),
  sample(vector, ({ time_ms, attributes, ...event }) => ({ ...event, timestamp: iso(time_ms), ...attributes }), lines, { success: 200 }),
  sample(
    fluent,
    ({ time_ms, message, attributes, ...event }) => ({ date: time_ms / 1_000, log: message, ...event, ...attributes }),
    array,
    {
      success: 200,
    },
  ),
  sample(fluent, ({ time_ms, attributes, ...event }) => ({ date: time_ms / 1_000, ...event, ...attributes }), lines, {
    success: 200,
    path: "/app.web",
    pattern: "/{tag}",
  }),
  sample(axiom, ({ time_ms, attributes, ...event }) => ({ _time: iso(time_ms), ...event, ...attributes }), array, {
    success: 200,
    path: "/v1/ingest/web-logs",
    pattern: "/v1/ingest/{dataset}",
  }),
  sample(axiom, ({ time_ms, attributes, ...event }) => ({ _time: iso(time_ms), ...event, ...attributes }), lines, {
    success: 200,
    path: "/v1/datasets/web-logs/ingest",
    pattern: "/v1/datasets/{dataset}/ingest",
  }),
  sample(betterstack, ({ time_ms, attributes, ...event }) => ({ dt: iso(time_ms), ...event, ...attributes }), array, {
    success: 202,
    unauthenticated: 403,
  }),
  sample(betterstack, ({ time_ms, attributes, ...event }) => ({ dt: iso(time_ms), ...event, ...attributes }), array, {
    success: 202,
    unauthenticated: 403,
    path: "/",
  }),
  sample(
    vercel,
    ({ time_ms, service, attributes, ...event }) => ({
      id: `${time_ms}`,
      timestamp: time_ms,
      projectName: service,
      type: "stdout",
      ...event,
      ...attributes,
    }),
    array,
    { success: 200 },
  ),
  sample(
    logpush,
    ({ time_ms, level, service, host, message, attributes }) => ({
      EventTimestampMs: time_ms,
      Level: level,
      ScriptName: service,
      Host: host,
      Message: message,
      ...attributes,
    }),
    lines,
    { success: 200 },
  ),
  sample(json, ({ time_ms, attributes, ...event }) => ({ timestamp: iso(time_ms), ...event, attributes }), array, { success: 202 }),
  sample(ndjson, ({ time_ms, attributes, ...event }) => ({ timestamp: iso(time_ms), ...event, attributes }), lines, { success: 202 }),
];

const datadogSample = (path: string, success: number, pattern?: string): ProtocolSample =>
  sample(
    datadog,
    ({ time_ms, level, service, host, message, attributes }) => ({
      ddsource: "nodejs",
      ddtags: Object.entries(attributes)
        .filter(([, value]) => !/[,"]/.test(value))
        .map(([name, value]) => `${name}:${value}`)
        .join(","),
      hostname: host,
      service,
      message,
      status: level.toLowerCase(),
      timestamp: time_ms,
      ...Object.fromEntries(Object.entries(attributes).filter(([, value]) => /[,"]/.test(value))),
    }),
    array,
    {
      success,
      path,
      ...(pattern === undefined ? {} : { pattern }),
      credentials: (key) => [...usually(key), inHeaders({ "dd-api-key": key }), inQuery({ "dd-api-key": key })],
    },
  );

export const datadogSamples: readonly ProtocolSample[] = [datadogSample("/api/v2/logs", 202), datadogSample("/v1/input", 200)];
