/** Lines of text, JSON and NDJSON at addresses of their own, for senders whose content type says nothing. */
import { isUtf8 } from "node:buffer";
import { BODY, type Draft, SCRATCH } from "../normalize/draft.ts";
import { decodeJson } from "./json.ts";
import { LineReader } from "./line-reader.ts";
import { linesOf } from "./lines.ts";
import { PairReader } from "./pairs.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import { decodeText } from "./text.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

/** What logfmt writers call the message. */
const MESSAGES = ["msg", "message"];

/** Lines of `key=value`: what they call `msg` is the message. Any other line is text. */
function decodeLogfmt(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    const { draft } = sink.writer;
    const lines = new LineReader(sink.writer, context.defaults);
    const pairs = new PairReader(draft);
    for (const raw of linesOf(body)) {
      sink.event(raw, () => {
        if (!isUtf8(raw) || !pairs.areAt(raw, 0, raw.length)) return lines.begin(raw, 0, raw.length);
        draft.begin(raw);
        pairs.read(raw, 0, raw.length, true);
        takeMessage(draft, raw);
      });
    }
    if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no line");
  });
}

/** The pair that is the message, or the whole line where none is. */
function takeMessage(draft: Draft, raw: Uint8Array): void {
  const message = draft.pathNamed("message");
  for (let slot = 0; slot < draft.count; slot++) {
    const kind = draft.kinds[slot]!;
    if (!MESSAGES.includes(draft.paths[slot]!.name) || (kind !== BODY && kind !== SCRATCH)) continue;
    draft.consumed[slot] = 1;
    draft.addBytes(message, kind, draft.starts[slot]!, draft.ends[slot]!);
    return;
  }
  draft.addBytes(message, BODY, 0, raw.length);
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
