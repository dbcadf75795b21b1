/** The journal's export format (systemd.io/JOURNAL_EXPORT_FORMATS), as systemd-journal-upload sends it. An entry's cursor makes its event idempotent. */
import { utf8Text } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { drop, textIn } from "./draft-values.ts";
import { addBodyText, KeyPaths } from "./key-paths.ts";
import { type Protocol, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

const NEWLINE = 0x0a;
const EQUALS = 0x3d;
const LENGTH_SIZE_BYTES = 8;
const CURSOR = "__CURSOR";
const REALTIME = "__REALTIME_TIMESTAMP";
/** What names the service where no identifier does. */
const SERVICES = ["_SYSTEMD_UNIT", "_COMM"];

interface Field {
  name_start: number;
  name_end: number;
  start: number;
  end: number;
}

interface Entry {
  start: number;
  end: number;
  fields: Field[];
  /** Set where the body ends inside of it. */
  cut: boolean;
}

/** The field that begins at `at`; null where the bytes end inside of it. */
function fieldAt(body: Uint8Array, at: number): { field: Field; next: number } | null {
  const line_end = body.indexOf(NEWLINE, at);
  if (line_end < 0) return null;
  const equals = body.indexOf(EQUALS, at);
  if (equals >= 0 && equals < line_end) {
    return { field: { name_start: at, name_end: equals, start: equals + 1, end: line_end }, next: line_end + 1 };
  }
  const start = line_end + 1 + LENGTH_SIZE_BYTES;
  if (start > body.length) return null;
  const view = new DataView(body.buffer, body.byteOffset + line_end + 1, LENGTH_SIZE_BYTES);
  const end = start + view.getUint32(0, true) + view.getUint32(4, true) * 4_294_967_296;
  if (end >= body.length) return null;
  if (body[end] !== NEWLINE) throw new DecodeFailure("syntax", "a field of the journal is not as long as it says");
  return { field: { name_start: at, name_end: line_end, start, end }, next: end + 1 };
}

function* entriesOf(body: Uint8Array): Generator<Entry> {
  let entry: Entry = { start: 0, end: 0, fields: [], cut: false };
  for (let at = 0; at < body.length; ) {
    if (body[at] === NEWLINE) {
      if (entry.fields.length > 0) yield { ...entry, end: at };
      at++;
      entry = { start: at, end: at, fields: [], cut: false };
      continue;
    }
    const found = fieldAt(body, at);
    if (!found) {
      yield { ...entry, end: body.length, cut: true };
      return;
    }
    entry.fields.push(found.field);
    at = found.next;
  }
  if (entry.fields.length > 0) yield { ...entry, end: body.length };
}

/** Where the last whole entry of the bytes ends; 0 where there is none. */
function wholeEntries_bytes(body: Uint8Array): number {
  let end = 0;
  for (const entry of entriesOf(body)) {
    if (entry.cut || entry.end >= body.length) break;
    end = entry.end + 1;
  }
  return end;
}

function complete(draft: Draft): void {
  const cursor = textIn(draft, CURSOR);
  if (cursor !== null) {
    draft.addText(draft.pathNamed("event_id"), cursor);
    drop(draft, CURSOR);
  }
  const realtime = Number(textIn(draft, REALTIME) ?? Number.NaN);
  if (Number.isSafeInteger(realtime) && realtime > 0) {
    draft.time_us = realtime;
    drop(draft, REALTIME);
  }
  if (draft.has("SYSLOG_IDENTIFIER") || draft.has("service")) return;
  const service = SERVICES.map((name) => textIn(draft, name)).find(Boolean);
  if (service) draft.addText(draft.pathNamed("service"), service);
}

function decode(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    const keys = new KeyPaths(sink.writer.draft);
    for (const { start, end, fields, cut } of entriesOf(body)) {
      const raw = body.subarray(start, end);
      if (cut) {
        sink.refuse(raw, new RecordError("the body ends inside the entry"));
        continue;
      }
      sink.event(
        raw,
        (draft) => {
          for (const field of fields) {
            if (field.name_end === field.name_start) throw new RecordError("a field has no name", "", utf8Text(raw.subarray(0, 100)));
            addBodyText(draft, keys.of(body, field.name_start, field.name_end), field.start, field.end);
          }
          complete(draft);
        },
        body,
      );
    }
    if (sink.index === 0) throw new DecodeFailure("empty", "the body holds no entry");
  });
}

export const journald: Protocol = {
  name: "journald",
  title: "systemd-journal-upload",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST", "PUT"],
      path: "/upload",
      at_root: false,
      whole_bytes: wholeEntries_bytes,
      decode: (body, _request, context) => decode(body, context),
      // The uploader gives up at a 4xx: what could be read is stored, and the rest told of elsewhere.
      answer: () => ({ status: 200, body: "OK.\n" }),
    },
  ],
  refuse: textRefusal,
};
