/** Better Stack's (Logtail's) intake (betterstack.com/docs/logs/ingesting-data/http): JSON or msgpack, one event or an array, times in `dt`. */
import { addRecord } from "../normalize/flatten.ts";
import { takeTime } from "./draft-values.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf } from "./json-values.ts";
import { isMessagePack, unpackedRecords } from "./message-pack.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol, type ProtocolRequest } from "./protocol.ts";
import { decodeRecords, type RecordSink } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

const TIMES = ["dt"];

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    if (isMessagePack(request)) readMessagePack(sink, body);
    else readJson(sink, body);
  });
}

function readMessagePack(sink: RecordSink, body: Uint8Array): void {
  for (const { raw, record } of unpackedRecords(body)) {
    sink.event(raw, (draft) => {
      addRecord(draft, record());
      takeTime(draft, sink.writer.time, TIMES);
    });
  }
}

function readJson(sink: RecordSink, body: Uint8Array): void {
  const reader = new JsonReader(sink.writer);
  for (const raw of objectsOf(body)) {
    sink.event(raw, (draft) => {
      reader.begin(raw);
      takeTime(draft, sink.writer.time, TIMES);
    });
  }
}

function intake(path: string, at_root: boolean): IngestEndpoint {
  return {
    kind: "ingest",
    methods: ["POST"],
    path,
    at_root,
    decode,
    answer: ({ decoded: { accepted, rejected, errors } }) =>
      accepted === 0 && rejected > 0 ? jsonAnswer(400, { error: errors[0]!.message }) : { status: 202 },
  };
}

export const betterstack: Protocol = {
  name: "betterstack",
  title: "Better Stack",
  credentials: {},
  endpoints: [intake("", false), intake("/", true)],
  refuse: ({ status, detail }) => jsonAnswer(status === 401 ? 403 : status === 422 ? 400 : status, { error: detail }),
};
