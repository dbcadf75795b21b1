import { MASK } from "./byte-classes.ts";
import { maskedForm } from "./mask.ts";

const MASK_TEXT = "<*>";
const decoder = new TextDecoder();

/**
 * What kind of message this is: a 53-bit hash of the UTF-8 message `bytes[start .. end)` with its variables (numbers, ids, addresses, paths,
 * values) masked. Stateless and case-sensitive; 0 only for a message that is empty or white space. Only the first FORM_SIZE_BYTES_MAX bytes of the masked form count.
 */
export function fingerprint(bytes: Uint8Array, start: number, end: number): number {
  return maskedForm(bytes, start, end).hash();
}

/** The same masked form as text, each variable shown as `<*>`. */
export function maskedTemplate(bytes: Uint8Array, start: number, end: number): string {
  const form = maskedForm(bytes, start, end);
  return decoder.decode(form.bytes.subarray(0, form.length)).replaceAll(String.fromCharCode(MASK), MASK_TEXT);
}
