/** OTLP over HTTP: logs, and the exceptions among traces (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"). */
import { utf8Bytes } from "../batch/utf8.ts";
import { decodeLogsJson, decodeTracesJson } from "./otlp-json.ts";
import { decodeLogsProtobuf, decodeTracesProtobuf } from "./otlp-protobuf.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol, type ProtocolAnswer, type ProtocolRequest, type Refusal } from "./protocol.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

const PROTOBUF_TYPE = "application/x-protobuf";
/** Codes of google.rpc by the status of HTTP. */
const RPC_CODES: Readonly<Record<number, number>> = { 401: 16, 403: 7, 413: 8, 429: 8, 503: 14 };
const INVALID_ARGUMENT = 3;

function isJson(request: ProtocolRequest): boolean {
  const type = request.header("content-type")?.split(";")[0]?.trim().toLowerCase() ?? "";
  return type === "application/json" || type === "text/json";
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 128);
  }
}

function delimited(field: number, bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...varint(field * 8 + 2), ...varint(bytes.length), ...bytes]);
}

function numbered(field: number, value: number): number[] {
  return [...varint(field * 8), ...varint(value)];
}

function protobufAnswer(status: number, body: Uint8Array): ProtocolAnswer {
  return { status, headers: { "content-type": PROTOBUF_TYPE }, body };
}

/** An Export…ServiceResponse; `partial_success` is set only where something was refused. @param rejected_name of the count in JSON */
function exported({ rejected, errors }: Decoded, request: ProtocolRequest, rejected_name: string): ProtocolAnswer {
  const message = errors[0] ? `${errors[0].message}${rejected > 1 ? `, and ${rejected - 1} more` : ""}` : "";
  if (isJson(request)) {
    return jsonAnswer(200, rejected === 0 ? {} : { partialSuccess: { [rejected_name]: String(rejected), errorMessage: message } });
  }
  if (rejected === 0) return protobufAnswer(200, new Uint8Array(0));
  const partial = Uint8Array.from([...numbered(1, rejected), ...delimited(2, utf8Bytes(message))]);
  return protobufAnswer(200, delimited(1, partial));
}

/** A google.rpc.Status in the encoding of the request. */
function refuse({ status, detail }: Refusal, request: ProtocolRequest): ProtocolAnswer {
  const http = status === 422 ? 400 : status;
  const code = RPC_CODES[http] ?? INVALID_ARGUMENT;
  if (isJson(request)) return jsonAnswer(http, { code, message: detail });
  return protobufAnswer(http, Uint8Array.from([...numbered(1, code), ...delimited(2, utf8Bytes(detail))]));
}

type Decode = (body: Uint8Array, context: DecodeContext) => Decoded;

function endpoint(path: string, json: Decode, protobuf: Decode, rejected_name: string): IngestEndpoint {
  return {
    kind: "ingest",
    methods: ["POST"],
    path,
    at_root: true,
    decode(body, request, context) {
      if (!isJson(request)) return protobuf(body, context);
      if (body.length === 0) throw new DecodeFailure("syntax", "the body is empty");
      return json(body, context);
    },
    answer: ({ decoded }, request) => exported(decoded, request, rejected_name),
  };
}

export const otlp: Protocol = {
  name: "otlp",
  title: "OpenTelemetry (OTLP/HTTP)",
  credentials: {},
  endpoints: [
    endpoint("/v1/logs", decodeLogsJson, decodeLogsProtobuf, "rejectedLogRecords"),
    endpoint("/v1/traces", decodeTracesJson, decodeTracesProtobuf, "rejectedSpans"),
  ],
  refuse,
};
