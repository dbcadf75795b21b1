import { gelf } from "../../../worker/engine/decode/gelf.ts";
import { type ProtocolSample, type SampleEvent, usually, utf8 } from "./sample.ts";

const SEVERITIES = { DEBUG: 7, INFO: 6, WARN: 4, ERROR: 3 };

function lineOf({ time_ms, level, service, host, message, attributes }: SampleEvent): string {
  const additional = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`_${name}`, value]));
  return JSON.stringify({
    version: "1.1",
    host,
    short_message: message,
    timestamp: time_ms / 1_000,
    level: SEVERITIES[level],
    _service: service,
    ...additional,
  });
}

export const gelfSample: ProtocolSample = {
  protocol: gelf,
  path: "",
  encode: (events) => ({ body: utf8(events.map(lineOf).join("\n")) }),
  empty: "accepted",
  encodeWithBad: ([first, ...others]) => ({
    body: utf8([first && lineOf(first), '{"version":"1.1","host":"a"}', ...others.map(lineOf)].filter(Boolean).join("\n")),
  }),
  hopeless: [{ body: utf8("no JSON at all") }, { body: utf8("[1,2,3]") }, { body: new Uint8Array([0, 1, 2, 255]) }],
  success: 202,
  unauthenticated: 401,
  credentials: usually,
};
