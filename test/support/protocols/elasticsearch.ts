import { elasticsearch } from "../../../worker/engine/decode/elasticsearch.ts";
import { inHeaders, type ProtocolSample, type SampleEvent, usually, utf8 } from "./sample.ts";

const HEADERS = { "content-type": "application/x-ndjson" };

function pair({ time_ms, level, service, host, message, attributes }: SampleEvent): string {
  const document = {
    "@timestamp": new Date(time_ms).toISOString(),
    message,
    log: { level },
    service: { name: service },
    host: { name: host },
  };
  return `{"create":{"_index":"logs-app-default"}}\n${JSON.stringify({ ...document, ...attributes })}\n`;
}

const shared: Omit<ProtocolSample, "path"> = {
  protocol: elasticsearch,
  encode: (events) => ({ body: utf8(events.map(pair).join("")), headers: HEADERS }),
  empty: "refused",
  encodeWithBad: ([first, ...others]) => ({
    body: utf8(`${first ? pair(first) : ""}{"create":{}}\n{"broken": \n${others.map(pair).join("")}`),
    headers: HEADERS,
  }),
  hopeless: ["no JSON\nat all\n", "[]\n{}\n", '{"unknown":{}}\n{}\n'].map((text) => ({ body: utf8(text), headers: HEADERS })),
  success: 200,
  unauthenticated: 401,
  credentials: (key) => [
    ...usually(key),
    inHeaders({ authorization: `ApiKey ${key}` }),
    inHeaders({ authorization: `ApiKey ${btoa(`an-id:${key}`)}` }),
  ],
};

export const bulkSample: ProtocolSample = { ...shared, path: "/_bulk" };
export const indexBulkSample: ProtocolSample = { ...shared, path: "/logs-app/_bulk", pattern: "/{index}/_bulk" };
