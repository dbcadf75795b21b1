import { decodeForm, isForm } from "../engine/decode/form.ts";
import { decodeJson } from "../engine/decode/json.ts";
import { decodeText } from "../engine/decode/text.ts";
import type { DecodeContext, Decoded } from "../engine/decode/types.ts";
import { EVENT_SIZE_BYTES_MAX } from "../limits.ts";
import { bodyShape } from "./media-type.ts";
import { decoding } from "./take-in.ts";

/**
 * The events of a body. A body that holds none (blank lines, an empty array) is nothing, not an error.
 * @throws Problem `unsupported_media_type`, `bad_request` where nothing could be understood, `too_large` above EVENTS_PER_REQUEST_MAX
 */
export function decodeBody(content_type: string | null, body: Uint8Array, context: DecodeContext): Decoded {
  if (body.length <= EVENT_SIZE_BYTES_MAX && /^application\/x-www-form-urlencoded\b/i.test(content_type ?? "") && isForm(body)) {
    return decoding(() => decodeForm(body, context));
  }
  const shape = bodyShape(content_type, body);
  return decoding(() => (shape === "json" ? decodeJson(body, context) : decodeText(body, context)));
}
