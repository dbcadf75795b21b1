/** One event as the fields of a form (`application/x-www-form-urlencoded`), as Python's HTTPHandler posts a log record. */
import { utf8Text } from "../batch/utf8.ts";
import { addRecord } from "../normalize/flatten.ts";
import { decodeRecords } from "./records.ts";
import type { DecodeContext, Decoded } from "./types.ts";

const FIELD = String.raw`[A-Za-z_][\w.]*=[^&\s=]*`;
const FORM = new RegExp(`^${FIELD}(?:&${FIELD})+$`);

/** Whether a body is the fields of a form: curl calls anything so, but a form has no white space and more than one field. */
export function isForm(body: Uint8Array): boolean {
  return FORM.test(utf8Text(body));
}

export function decodeForm(body: Uint8Array, context: DecodeContext): Decoded {
  return decodeRecords(context, (sink) => {
    sink.event(body, (draft) => addRecord(draft, Object.fromEntries(new URLSearchParams(utf8Text(body)))));
  });
}
