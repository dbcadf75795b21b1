/** Fluent Bit's `http` output (docs.fluentbit.io/manual/pipeline/outputs/http) and Fluentd's (docs.fluentd.org/output/http): JSON, JSON lines, MessagePack. */
import type { Draft } from "../normalize/draft.ts";
import { addRecord, addValue } from "../normalize/flatten.ts";
import { takeTime } from "./draft-values.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf } from "./json-values.ts";
import { isMessagePack, unpackedRecords } from "./message-pack.ts";
import { type IngestEndpoint, type Protocol, type ProtocolRequest, textRefusal } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

/** `date` is what Fluent Bit calls the time of a record unless it is told otherwise. */
const TIMES = ["date", "@timestamp"];

/** Fluent Bit sends the tag in a header where `header_tag` names it so. */
function tagOf(request: ProtocolRequest): string | null {
  return request.params.tag ?? request.header("fluent-tag") ?? request.header("x-fluent-tag") ?? request.query.get("tag");
}

function addTag(draft: Draft, tag: string | null): void {
  if (tag && !draft.has("tag")) draft.addText(draft.pathNamed("tag"), tag);
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): Decoded {
  const tag = tagOf(request);
  return decodeRecords(context, (sink) => {
    if (isMessagePack(request)) {
      for (const { raw, time_us, metadata, record } of unpackedRecords(body)) {
        sink.event(raw, (draft) => {
          addRecord(draft, record());
          if (metadata) addValue(draft, draft.pathNamed("metadata"), metadata, 0);
          if (time_us !== null) draft.time_us = time_us;
          else takeTime(draft, sink.writer.time, TIMES);
          addTag(draft, tag);
        });
      }
    } else {
      const reader = new JsonReader(sink.writer);
      for (const raw of objectsOf(body)) {
        sink.event(raw, (draft) => {
          reader.begin(raw);
          takeTime(draft, sink.writer.time, TIMES);
          addTag(draft, tag);
        });
      }
    }
    if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no record");
  });
}

function output(path: string): IngestEndpoint {
  return {
    kind: "ingest",
    methods: ["POST", "PUT"],
    path,
    at_root: false,
    decode,
    // 200 to 205 is done, another 4xx than 408 and 429 drops the chunk: what could be read is stored.
    answer: ({ decoded: { accepted, rejected, errors } }) =>
      accepted === 0 && rejected > 0 ? { status: 400, body: errors[0]!.message } : { status: 200 },
  };
}

export const fluent: Protocol = {
  name: "fluent",
  title: "Fluent Bit and Fluentd http",
  credentials: {},
  endpoints: [output(""), output("/{tag}")],
  refuse: textRefusal,
};
