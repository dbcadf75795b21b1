/**
 * Amazon Data Firehose's delivery to HTTP endpoints (docs.aws.amazon.com/firehose, "HTTP endpoint delivery request and response specifications"), and
 * CloudWatch Logs' subscription data inside of it.
 */
import { Buffer } from "node:buffer";
import { gunzipSync } from "node:zlib";
import { FIREHOSE_RECORD_SIZE_BYTES_MAX } from "../../limits.ts";
import { utf8Bytes } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";
import { type JsonObject, objectOf, parseBody, parseRecord } from "./json-values.ts";
import { LineReader } from "./line-reader.ts";
import { linesOf } from "./lines.ts";
import { jsonAnswer, type Protocol, type ProtocolAnswer, type ProtocolRequest } from "./protocol.ts";
import { decodeRecords, RecordError, type RecordSink } from "./records.ts";
import { type DecodeContext, DecodeFailure } from "./types.ts";

const GZIP_MAGIC = [0x1f, 0x8b];
const OPEN_OBJECT = 0x7b;

type Common = readonly [string, unknown][];

function commonAttributes(request: ProtocolRequest): Common {
  const header = request.header("x-amz-firehose-common-attributes");
  const arn = request.header("x-amz-firehose-source-arn");
  let attributes: Common = [];
  try {
    if (header)
      attributes = Object.entries(
        objectOf(objectOf(parseRecord(utf8Bytes(header)), "the header").commonAttributes ?? {}, "commonAttributes"),
      );
  } catch {
    // Attributes that cannot be read are no reason to refuse events.
  }
  return arn ? [...attributes, ["aws.firehose.arn", arn]] : attributes;
}

/** @throws RecordError */
function dataOf(record: unknown): Uint8Array {
  const { data } = objectOf(record, "a record");
  if (typeof data !== "string") throw new RecordError("data must be base64", "data", data);
  const bytes = new Uint8Array(Buffer.from(data, "base64"));
  if (bytes.length === 0 && data !== "") throw new RecordError("data must be base64", "data", data);
  if (bytes[0] !== GZIP_MAGIC[0] || bytes[1] !== GZIP_MAGIC[1]) return bytes;
  try {
    return new Uint8Array(gunzipSync(bytes, { maxOutputLength: FIREHOSE_RECORD_SIZE_BYTES_MAX }));
  } catch (error) {
    throw new RecordError(
      `data is damaged, or larger than ${FIREHOSE_RECORD_SIZE_BYTES_MAX} bytes when unpacked: ${(error as Error).message}`,
      "data",
    );
  }
}

/** CloudWatch Logs' subscription message; null where the data is something else. */
function cloudWatchOf(data: Uint8Array): JsonObject | null {
  if (data[0] !== OPEN_OBJECT) return null;
  try {
    const message = objectOf(parseRecord(data), "data");
    return message.messageType === "DATA_MESSAGE" || message.messageType === "CONTROL_MESSAGE" ? message : null;
  } catch {
    return null;
  }
}

class FirehoseEvents {
  readonly #sink: RecordSink;
  readonly #lines: LineReader;
  readonly #common: Common;

  constructor(sink: RecordSink, context: DecodeContext, common: Common) {
    this.#sink = sink;
    this.#lines = new LineReader(sink.writer, context.defaults);
    this.#common = common;
  }

  record(record: unknown): void {
    try {
      const data = dataOf(record);
      const message = cloudWatchOf(data);
      if (message) this.#cloudWatch(message);
      else for (const raw of linesOf(data)) this.#line(raw, raw, () => {});
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.#sink.refuse(utf8Bytes(JSON.stringify(record) ?? ""), error);
    }
  }

  #cloudWatch(message: JsonObject): void {
    if (message.messageType === "CONTROL_MESSAGE") return;
    const { owner, logGroup, logStream, logEvents } = message;
    if (!Array.isArray(logEvents)) throw new RecordError("logEvents must be a list", "logEvents", logEvents);
    for (const event of logEvents) {
      const raw = utf8Bytes(JSON.stringify(event) ?? "");
      const { id, timestamp, message: text } = (event ?? {}) as JsonObject;
      if (typeof text !== "string") {
        this.#sink.refuse(raw, new RecordError("a log event must have a message", "message", text));
        continue;
      }
      this.#line(raw, utf8Bytes(text.replace(/\r?\n$/, "")), (draft) => {
        if (typeof timestamp === "number" && timestamp >= 0) draft.time_us = Math.round(timestamp * 1_000);
        this.#add(draft, "aws.account", owner);
        this.#add(draft, "aws.log.group", logGroup);
        this.#add(draft, "aws.log.stream", logStream);
        // CloudWatch's own id of the event: it comes again when Firehose does.
        if (typeof id === "string" && id !== "" && !draft.has("event_id")) draft.addText(draft.pathNamed("event_id"), `cloudwatch/${id}`);
        if (typeof logGroup === "string" && !draft.has("service")) draft.addText(draft.pathNamed("service"), logGroup.split("/").at(-1)!);
      });
    }
  }

  #line(raw: Uint8Array, text: Uint8Array, more: (draft: Draft) => void): void {
    this.#sink.event(raw, (draft) => {
      this.#lines.begin(text, 0, text.length);
      more(draft);
      for (const [name, value] of this.#common) this.#add(draft, name, value);
    });
  }

  #add(draft: Draft, name: string, value: unknown): void {
    if (value !== undefined && !draft.has(name)) addValue(draft, draft.pathNamed(name.toWellFormed()), value, 0);
  }
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext) {
  const { records, requestId } = bodyOf(body);
  const decoded = decodeRecords(context, (sink) => {
    const events = new FirehoseEvents(sink, context, commonAttributes(request));
    for (const record of records) events.record(record);
  });
  const request_id = request.header("x-amz-firehose-request-id") ?? requestId;
  return { ...decoded, idempotency_key: request_id, notes: request_id };
}

function bodyOf(body: Uint8Array): { records: unknown[]; requestId: string | null } {
  const parsed = parseBody(body) as JsonObject | null;
  if (!Array.isArray(parsed?.records))
    throw new DecodeFailure("syntax", 'the body must be {"requestId": …, "timestamp": …, "records": [{"data": "<base64>"}, …]}');
  return { records: parsed.records, requestId: typeof parsed.requestId === "string" ? parsed.requestId : null };
}

function said(status: number, request: ProtocolRequest, request_id: string | null, error: string | null): ProtocolAnswer {
  const requestId = request.header("x-amz-firehose-request-id") ?? request_id ?? "";
  return jsonAnswer(status, { requestId, timestamp: request.received_ms, ...(error === null ? {} : { errorMessage: error }) });
}

export const firehose: Protocol = {
  name: "firehose",
  title: "Amazon Data Firehose",
  credentials: { headers: ["x-amz-firehose-access-key"] },
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST"],
      path: "",
      at_root: false,
      decode,
      // Nothing but 200 ends the delivery: records that cannot be read would come again for ever.
      answer: ({ decoded }, request) => said(200, request, (decoded.notes as string | null | undefined) ?? null, null),
    },
  ],
  // 413 would lose the records for good: anything else is tried again and ends in the stream's own error bucket.
  refuse: ({ status, detail }, request) => said(status === 413 || status === 422 ? 400 : status, request, null, detail),
};
