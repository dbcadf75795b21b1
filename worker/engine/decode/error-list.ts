import {
  ERRORS_PER_RESPONSE_MAX,
  EVENTS_PER_REQUEST_MAX,
  REFUSED_RECORD_SIZE_BYTES_MAX,
  REFUSED_RECORDS_PER_REQUEST_MAX,
} from "../../limits.ts";
import { utf8Text } from "../batch/utf8.ts";
import { type DecodeError, DecodeFailure, type RefusedRecord } from "./types.ts";

const SHOWN_BYTES_MAX = 200;

/** What could not be taken: counted all, listed the first ERRORS_PER_RESPONSE_MAX. */
export class ErrorList {
  rejected = 0;
  readonly errors: DecodeError[] = [];
  readonly refused: RefusedRecord[] = [];

  /**
   * @param index of the event in the request
   * @param raw the record as it came, to be kept for a replay; copied
   * @throws DecodeFailure where there are more than a request may have events
   */
  add(index: number, field: string, value: unknown, message: string, raw: Uint8Array | null = null): void {
    this.rejected++;
    if (this.rejected > EVENTS_PER_REQUEST_MAX) {
      throw new DecodeFailure("too_many_events", `a request may bring at most ${EVENTS_PER_REQUEST_MAX} events`, this.errors);
    }
    if (this.errors.length < ERRORS_PER_RESPONSE_MAX) this.errors.push({ index, field, value, message });
    if (raw !== null && this.refused.length < REFUSED_RECORDS_PER_REQUEST_MAX) {
      this.refused.push({ index, message, bytes: raw.slice(0, REFUSED_RECORD_SIZE_BYTES_MAX) });
    }
  }
}

/** The beginning of what stands at the place, for an error. */
export function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = utf8Text(bytes.subarray(start, Math.min(end, start + SHOWN_BYTES_MAX)));
  return end - start > SHOWN_BYTES_MAX ? `${text}…` : text;
}
