/** Vercel's log drains (vercel.com/docs/drains/reference/logs): JSON arrays or NDJSON. A log's id makes its event idempotent. */
import type { Draft } from "../normalize/draft.ts";
import { drop, textIn } from "./draft-values.ts";
import { JsonReader } from "./json-reader.ts";
import { objectsOf } from "./json-values.ts";
import { type Protocol, type ProtocolAnswer, type ProtocolRequest, textRefusal } from "./protocol.ts";
import { decodeRecords } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

const VERIFY = "x-vercel-verify";

function complete(draft: Draft): void {
  const id = textIn(draft, "id");
  if (id) {
    draft.addText(draft.pathNamed("event_id"), `vercel/${id}`);
    drop(draft, "id");
  }
  const service = textIn(draft, "projectName") ?? textIn(draft, "projectId");
  if (service && !draft.has("service")) draft.addText(draft.pathNamed("service"), service);
  if (draft.has("message")) return;
  const parts = [textIn(draft, "proxy.method"), textIn(draft, "proxy.path") ?? textIn(draft, "path")].filter(Boolean);
  if (parts.length > 0) draft.addText(draft.pathNamed("message"), parts.join(" "));
}

function decode(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    const reader = new JsonReader(sink.writer);
    for (const raw of objectsOf(body)) {
      sink.event(raw, (draft) => {
        reader.begin(raw);
        complete(draft);
      });
    }
  });
}

/** Vercel asks whether the address is its owner's: it must answer with the word that the drain's page shows, which stands in the address. */
function verified(request: ProtocolRequest, answer: ProtocolAnswer): ProtocolAnswer {
  const word = request.query.get(VERIFY) ?? request.query.get("verify");
  return word && /^[\w-]{1,128}$/.test(word) ? { ...answer, headers: { ...answer.headers, [VERIFY]: word } } : answer;
}

export const vercel: Protocol = {
  name: "vercel",
  title: "Vercel log drains",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST"],
      path: "",
      at_root: false,
      decode: (body, _request, context) => decode(body, context),
      answer: ({ decoded: { accepted, rejected, errors } }, request) =>
        verified(request, accepted === 0 && rejected > 0 ? { status: 400, body: errors[0]!.message } : { status: 200 }),
    },
    {
      kind: "info",
      methods: ["GET", "HEAD"],
      path: "",
      at_root: false,
      needs_key: false,
      answer: (request) => verified(request, { status: 200 }),
    },
  ],
  refuse: textRefusal,
};
