import { journald } from "../../../worker/engine/decode/journald.ts";
import { logplex, syslog } from "../../../worker/engine/decode/syslog.ts";
import { type ProtocolSample, type SampleEvent, type SampleRequest, usually, utf8 } from "./sample.ts";

const SEVERITIES = { DEBUG: 7, INFO: 6, WARN: 4, ERROR: 3 };
const FACILITY_USER = 1;

const priority = (level: SampleEvent["level"]): number => FACILITY_USER * 8 + SEVERITIES[level];
const escaped = (value: string): string => value.replaceAll(/(["\\\]])/g, "\\$1");

function rfc5424({ time_ms, level, service, host, message, attributes }: SampleEvent): string {
  const data = Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join("");
  return `<${priority(level)}>1 ${new Date(time_ms).toISOString()} ${host} ${service} 42 - [app${data}] ${message}`;
}

function rfc3164({ time_ms, level, service, host, message }: SampleEvent): string {
  const time = new Date(time_ms).toUTCString();
  const [, day, month, , clock] = /(\d\d) (\w{3}) (\d{4}) (\S+)/.exec(time)!;
  return `<${priority(level)}>${month} ${day} ${clock} ${host} ${service}[42]: ${message}`;
}

function lines(parts: readonly string[]): SampleRequest {
  return { body: utf8(parts.map((part) => `${part}\n`).join("")), headers: { "content-type": "text/plain" } };
}

function counted(parts: readonly string[]): SampleRequest {
  return { body: utf8(parts.map((part) => `${utf8(part).length} ${part}`).join("")), headers: { "content-type": "application/logplex-1" } };
}

const shared: Omit<ProtocolSample, "encode"> = {
  protocol: syslog,
  path: "",
  empty: "refused",
  attributeName: (name) => `app.${name}`,
  encodeWithBad: null,
  hopeless: [],
  success: 204,
  unauthenticated: 401,
  credentials: usually,
};

function logplexFrame({ time_ms, level, service, host, message }: SampleEvent): string {
  return `<${priority(level)}>1 ${new Date(time_ms).toISOString()} ${host} ${service} web.1 - ${message}`;
}

export const syslogSamples: readonly ProtocolSample[] = [
  { ...shared, variant: "RFC 5424", encode: (events) => lines(events.map(rfc5424)) },
  { ...shared, variant: "RFC 5424, counted", encode: (events) => counted(events.map(rfc5424)) },
  { ...shared, variant: "RFC 3164", encode: (events) => lines(events.map(rfc3164)), without: ["attributes"], time_resolution_ms: 1_000 },
  { ...shared, protocol: logplex, encode: (events) => counted(events.map(logplexFrame)), without: ["attributes"] },
];

// ── journald ────────────────────────────────────────────────────────────────

function binary(name: string, value: string): Uint8Array {
  const bytes = utf8(value);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setUint32(0, bytes.length, true);
  return new Uint8Array(Buffer.concat([utf8(`${name}\n`), length, bytes, utf8("\n")]));
}

function entry({ time_ms, level, service, host, message, attributes }: SampleEvent, index: number): Uint8Array {
  const fields = [
    `__CURSOR=s=0639c7b2;i=${index};t=${time_ms}`,
    `__REALTIME_TIMESTAMP=${time_ms * 1_000}`,
    `PRIORITY=${SEVERITIES[level]}`,
    `_HOSTNAME=${host}`,
    `SYSLOG_IDENTIFIER=${service}`,
    ...Object.entries(attributes).map(([name, value]) => `${name.toUpperCase()}=${value}`),
  ];
  return new Uint8Array(Buffer.concat([utf8(`${fields.join("\n")}\n`), binary("MESSAGE", message), utf8("\n")]));
}

function journal(entries: readonly Uint8Array[]): SampleRequest {
  return { body: new Uint8Array(Buffer.concat(entries)), headers: { "content-type": "application/vnd.fdo.journal" } };
}

export const journaldSample: ProtocolSample = {
  protocol: journald,
  path: "/upload",
  encode: (events) => journal(events.map(entry)),
  empty: "refused",
  attributeName: (name) => name.toUpperCase(),
  encodeWithBad: (events) =>
    journal([...events.slice(0, 1).map(entry), utf8("=no name\n\n"), ...events.slice(1).map((event, at) => entry(event, at + 1))]),
  hopeless: [{ body: utf8("no journal") }, { body: utf8("MESSAGE\n\xff\xff\xff\xff") }],
  success: 200,
  unauthenticated: 401,
  credentials: usually,
};
