/** Lines of text, JSON and NDJSON at addresses of their own, for senders whose content type says nothing. */
import { isUtf8 } from "node:buffer";
import { utf8Text } from "../batch/utf8.ts";
import { decodeJson } from "./json.ts";
import { LineReader } from "./line-reader.ts";
import { linesOf } from "./lines.ts";
import { PairReader } from "./pairs.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import { decodeText } from "./text.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

/** What logfmt writers call the message. */
const MESSAGE = /(?:^|\s)(?:msg|message)=("(?:[^"\\]|\\.)*"|\S+)/;

/** Lines of `key=value`: what they call `msg` is the message. Any other line is text. */
function decodeLogfmt(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    const { draft } = sink.writer;
    const lines = new LineReader(sink.writer, context.defaults);
    const pairs = new PairReader(draft);
    const message = draft.pathNamed("message");
    for (const raw of linesOf(body)) {
      sink.event(raw, () => {
        if (!isUtf8(raw) || !pairs.areAt(raw, 0, raw.length)) return lines.begin(raw, 0, raw.length);
        draft.begin(raw);
        pairs.read(raw, 0, raw.length, true);
        draft.addText(message, messageOf(utf8Text(raw)));
      });
    }
    if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no line");
  });
}

/** The pair that is the message, or the whole line where none is. */
function messageOf(line: string): string {
  const [, value] = MESSAGE.exec(line) ?? [];
  if (value === undefined) return line;
  try {
    return value.startsWith('"') ? (JSON.parse(value) as string) : value;
  } catch {
    return value.slice(1, -1);
  }
}

function taking(name: string, title: string, decode: (body: Uint8Array, context: DecodeContext) => Decoded): Protocol {
  const endpoint: IngestEndpoint = {
    kind: "ingest",
    methods: ["POST", "PUT"],
    path: "",
    at_root: false,
    decode: (body, _request, context) => decode(body, context),
    answer: ({ decoded: { accepted, rejected, errors }, batch_id }) =>
      jsonAnswer(accepted === 0 && rejected > 0 ? 400 : 202, { accepted, rejected, batch_id, errors }),
  };
  const refuse: Protocol["refuse"] = ({ status, code, detail, errors }) => jsonAnswer(status, { code, detail, errors });
  return { name, title, credentials: {}, endpoints: [endpoint], refuse };
}

export const text: Protocol = taking("text", "Lines of text", decodeText);
export const logfmt: Protocol = taking("logfmt", "logfmt", decodeLogfmt);
export const ndjson: Protocol = taking("ndjson", "NDJSON", decodeJson);
export const json: Protocol = taking("json", "JSON", decodeJson);
