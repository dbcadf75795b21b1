/** Lines of text, JSON and NDJSON at addresses of their own, for senders whose content type says nothing. */
import { decodeJson } from "./json.ts";
import { type IngestEndpoint, jsonAnswer, type Protocol } from "./protocol.ts";
import { decodeText } from "./text.ts";
import type { DecodeContext, Decoded } from "./types.ts";

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
export const logfmt: Protocol = taking("logfmt", "logfmt", decodeText);
export const ndjson: Protocol = taking("ndjson", "NDJSON", decodeJson);
export const json: Protocol = taking("json", "JSON", decodeJson);
