import type { IngestEndpoint, ProtocolDecoded, ProtocolRequest } from "../../../worker/engine/decode/protocol.ts";
import type { ProtocolSample, SampleRequest } from "./sample.ts";

const RECEIVED_MS = Date.parse("2026-03-02T00:00:00Z");

function endpointOf(sample: ProtocolSample): IngestEndpoint {
  const endpoint = sample.protocol.endpoints.find(({ kind, path }) => kind === "ingest" && path === (sample.pattern ?? sample.path));
  if (endpoint?.kind !== "ingest") throw new Error(`${sample.protocol.name} takes nothing at ${sample.path}`);
  return endpoint;
}

function paramsOf(sample: ProtocolSample): Record<string, string> {
  const names = [...(sample.pattern ?? "").matchAll(/\{(\w+)\}/g)].map((match) => match[1]!);
  const pattern = new RegExp(`^${(sample.pattern ?? "").replaceAll(/\{\w+\}/g, "([^/]+)")}$`);
  const values = pattern.exec(sample.path)?.slice(1) ?? [];
  return Object.fromEntries(names.map((name, index) => [name, values[index]!]));
}

/** Decodes as the Worker would; a body without events is nothing. */
export function decodeSample(sample: ProtocolSample, { body, headers = {}, query = {} }: SampleRequest): ProtocolDecoded {
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request: ProtocolRequest = {
    method: sample.method ?? "POST",
    params: paramsOf(sample),
    query: new URLSearchParams(query),
    header: (name) => lower.get(name.toLowerCase()) ?? null,
    received_ms: RECEIVED_MS,
  };
  return endpointOf(sample).decode(body, request, { received_us: RECEIVED_MS * 1000, defaults: {} });
}
