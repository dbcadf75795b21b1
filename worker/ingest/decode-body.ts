import { decodeJson } from "../engine/decode/json.ts";
import { decodeText } from "../engine/decode/text.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "../engine/decode/types.ts";
import { Problem } from "../errors.ts";
import { EVENTS_PER_REQUEST_MAX } from "../limits.ts";
import { bodyShape } from "./media-type.ts";

const NOTHING: Decoded = { batches: [], accepted: 0, rejected: 0, errors: [] };

/**
 * The events of a body. A body that holds none (blank lines, an empty array) is nothing, not an error.
 * @throws Problem `unsupported_media_type`, `bad_request` where nothing could be understood, `too_large` above EVENTS_PER_REQUEST_MAX
 */
export function decodeBody(content_type: string | null, body: Uint8Array, context: DecodeContext): Decoded {
  const shape = bodyShape(content_type, body);
  try {
    return shape === "json" ? decodeJson(body, context) : decodeText(body, context);
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    if (error.code === "empty") return NOTHING;
    if (error.code === "too_many_events") throw new Problem("too_large", error.message, { limit_events: EVENTS_PER_REQUEST_MAX });
    throw new Problem("bad_request", error.message, { accepted: 0, rejected: error.errors.length, errors: error.errors });
  }
}
