/** Vector's `http` sink (vector.dev/docs/reference/configuration/sinks/http) with any of its text codecs. */
import { decodeJson } from "./json.ts";
import { type Protocol, textRefusal } from "./protocol.ts";
import { decodeText } from "./text.ts";

function isText(content_type: string): boolean {
  return /^text\/plain/i.test(content_type);
}

export const vector: Protocol = {
  name: "vector",
  title: "Vector http",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST", "PUT"],
      path: "",
      at_root: false,
      decode: (body, request, context) =>
        isText(request.header("content-type") ?? "") ? decodeText(body, context) : decodeJson(body, context),
      // Vector takes any 2xx as done, and drops on 400: what could be read is stored.
      answer: ({ decoded: { accepted, rejected, errors } }) =>
        accepted === 0 && rejected > 0 ? { status: 400, body: errors[0]!.message } : { status: 200 },
    },
    { kind: "info", methods: ["GET", "HEAD"], path: "", at_root: false, needs_key: false, answer: () => ({ status: 200 }) },
  ],
  refuse: textRefusal,
};
