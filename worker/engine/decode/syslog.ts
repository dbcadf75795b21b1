/** Syslog over HTTP: messages of RFC 5424 and RFC 3164, CEF in them, on lines or with their lengths before them (RFC 6587). Heroku's Logplex likewise. */
import { linesOf } from "./lines.ts";
import { type IngestEndpoint, type Protocol, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import { SyslogMessageReader } from "./syslog-message.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

const SPACE = 0x20;
const LESS = 0x3c;
const DIGITS_MAX = 9;

interface Framed {
  bytes: Uint8Array;
  /** Set where the body ends inside the message. */
  cut: boolean;
}

/** The length and where the message begins; null where no length stands here. */
function lengthAt(body: Uint8Array, at: number): { length: number; start: number } | null {
  let length = 0;
  let digits = 0;
  let place = at;
  for (; digits <= DIGITS_MAX && body[place]! >= 0x30 && body[place]! <= 0x39; place++, digits++)
    length = length * 10 + body[place]! - 0x30;
  return digits > 0 && digits <= DIGITS_MAX && body[place] === SPACE && length > 0 ? { length, start: place + 1 } : null;
}

function isCounted(body: Uint8Array): boolean {
  const first = lengthAt(body, 0);
  return first !== null && body[first.start] === LESS;
}

function* countedMessages(body: Uint8Array): Generator<Framed> {
  let at = 0;
  while (at < body.length) {
    while (body[at] === 0x0a || body[at] === 0x0d) at++;
    if (at >= body.length) return;
    const frame = lengthAt(body, at);
    if (!frame) {
      // Where a length is wrong nothing tells where the next message begins.
      yield { bytes: body.subarray(at), cut: true };
      return;
    }
    const end = frame.start + frame.length;
    yield { bytes: body.subarray(frame.start, Math.min(end, body.length)), cut: end > body.length };
    at = end;
  }
}

function* messagesOf(body: Uint8Array): Generator<Framed> {
  if (isCounted(body)) yield* countedMessages(body);
  else for (const bytes of linesOf(body)) yield { bytes, cut: false };
}

function decodeMessages(body: Uint8Array, context: DecodeContext, options: { has_data: boolean; app_name?: string }): Decoded {
  return decodeRecords(context, (sink) => {
    const reader = new SyslogMessageReader(sink.writer, context, options);
    for (const { bytes, cut } of messagesOf(body)) {
      if (cut) sink.refuse(bytes, new RecordError("the body ends inside the message, or its length is wrong"));
      else sink.event(bytes, () => reader.begin(bytes));
    }
    if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no message");
  });
}

const answer: IngestEndpoint["answer"] = ({ decoded: { accepted, rejected, errors } }) =>
  accepted === 0 && rejected > 0 ? { status: 400, body: `${errors[0]!.message}\n` } : { status: 204 };

export const syslog: Protocol = {
  name: "syslog",
  title: "Syslog over HTTP",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST", "PUT"],
      path: "",
      at_root: false,
      decode: (body, _request, context) => decodeMessages(body, context, { has_data: true }),
      answer,
    },
  ],
  refuse: textRefusal,
};

/** Heroku's HTTPS drains (devcenter.heroku.com/articles/log-drains): counted frames whose structured data is left out, dash and all. */
export const logplex: Protocol = {
  name: "logplex",
  title: "Heroku Logplex",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST"],
      path: "",
      at_root: false,
      decode: (body, request, context) => {
        // Every app calls itself "app" there: a drain's address names the service better.
        const app_name = context.defaults.service === undefined ? "service" : "logplex.source";
        const decoded = decodeMessages(body, context, { has_data: false, app_name });
        const announced = Number(request.header("logplex-msg-count") ?? Number.NaN);
        if (Number.isInteger(announced) && announced !== decoded.accepted + decoded.rejected) {
          throw new DecodeFailure(
            "syntax",
            `Logplex-Msg-Count announces ${announced} messages, the body holds ${decoded.accepted + decoded.rejected}`,
          );
        }
        return { ...decoded, idempotency_key: request.header("logplex-frame-id") };
      },
      answer,
    },
  ],
  refuse: textRefusal,
};
