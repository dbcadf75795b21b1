/** Axiom's ingest (axiom.co/docs/restapi/endpoints/ingestIntoDataset): JSON, NDJSON or CSV into a dataset. */
import { decodeCsv } from "./csv.ts";
import { takeTime } from "./draft-values.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf } from "./json-values.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol, type ProtocolRequest } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): Decoded {
  const { dataset = "" } = request.params;
  const time_field = request.query.get("timestamp-field");
  const of_all: Record<string, string> = dataset === "" ? {} : { dataset };
  if (/^text\/csv/i.test(request.header("content-type") ?? "")) {
    return decodeCsv(body, context, { delimiter: request.query.get("csv-delimiter"), attributes: of_all, time_field });
  }
  return decodeRecords(context, (sink) => {
    const reader = new JsonReader(sink.writer);
    const path = sink.writer.draft.pathNamed("dataset");
    for (const raw of objectsOf(body)) {
      sink.event(raw, (draft) => {
        reader.begin(raw);
        if (time_field) takeTime(draft, sink.writer.time, [time_field]);
        if (dataset !== "" && !draft.has("dataset")) draft.addText(path, dataset);
      });
    }
  });
}

/** @param at_root where the root is free */
function ingest(path: string, at_root = true): IngestEndpoint {
  return {
    kind: "ingest",
    methods: ["POST"],
    path,
    at_root,
    decode,
    answer: ({ decoded: { accepted, rejected, errors, batches } }, { received_ms }) =>
      jsonAnswer(200, {
        ingested: accepted,
        failed: rejected,
        failures: errors.map(({ message }) => ({ timestamp: new Date(received_ms).toISOString(), error: message })),
        processedBytes: batches.reduce((sum, { raw_bytes }) => sum + raw_bytes, 0),
        blocksCreated: 0,
        walLength: 0,
      }),
  };
}

export const axiom: Protocol = {
  name: "axiom",
  title: "Axiom ingest",
  credentials: {},
  // Axiom's own client asks an address that has a path as it is.
  endpoints: [ingest("/v1/ingest/{dataset}"), ingest("/v1/datasets/{dataset}/ingest"), ingest("", false)],
  refuse: ({ status, detail }) => jsonAnswer(status === 422 ? 400 : status, { code: status, message: detail }),
};
