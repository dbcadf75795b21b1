/**
 * GELF over HTTP (Graylog Extended Log Format 1.1, https://go2docs.graylog.org): one JSON object a request, or one a line. Additional fields lose the
 * underscore that marks them; `full_message` stays an attribute where `short_message` is the message.
 */
import { utf8Text } from "../batch/utf8.ts";
import { addRecord } from "../normalize/flatten.ts";
import { objectOf, parseRecord } from "./json-values.ts";
import { linesOf } from "./lines.ts";
import { type Protocol, type ProtocolAnswer, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import { DecodeFailure } from "./types.ts";

/** What Graylog answers: it has taken the message, and says nothing. */
const ACCEPTED: ProtocolAnswer = { status: 202 };

/** @throws RecordError */
function readMessage(raw: Uint8Array): Record<string, unknown> {
  const { version: _version, short_message, full_message, ...others } = objectOf(parseRecord(raw), "a GELF message");
  const text = short_message ?? full_message;
  if (typeof text !== "string" || text === "") throw new RecordError("short_message is missing or no text", "short_message", short_message);
  const named = Object.entries(others).map(([name, value]) => [name.length > 1 && name.startsWith("_") ? name.slice(1) : name, value]);
  const full = short_message !== undefined && full_message !== undefined ? { full_message } : {};
  return { ...Object.fromEntries(named), ...full, message: text };
}

export const gelf: Protocol = {
  name: "gelf",
  title: "GELF (Graylog)",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST"],
      path: "",
      at_root: false,
      decode: (body, _request, context) =>
        decodeRecords(context, (sink) => {
          // One message may be written over many lines; several stand on a line each.
          const whole = isJson(body) ? [body] : linesOf(body);
          for (const raw of whole) sink.event(raw, (draft) => addRecord(draft, readMessage(raw)));
          if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no message");
        }),
      answer: ({ decoded }) =>
        decoded.accepted > 0 || decoded.rejected === 0 ? ACCEPTED : { status: 400, body: decoded.errors[0]!.message },
    },
  ],
  refuse: textRefusal,
};

function isJson(body: Uint8Array): boolean {
  try {
    JSON.parse(utf8Text(body));
    return true;
  } catch {
    return false;
  }
}
