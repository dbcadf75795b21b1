import type { EventBatch } from "../batch/event-batch.ts";

/** What a decoder must know besides the body. */
export interface DecodeContext {
  /** Arrival time, microseconds since the epoch. */
  received_us: number;
  /** Values for events that do not bring their own. */
  defaults: { service?: string; host?: string; environment?: string; source?: string; level?: string };
}

export interface DecodeError {
  /** Position among the events (or lines) of the request, from 0, good and bad ones counted. */
  index: number;
  /** Field at fault; empty where the event as a whole is. */
  field: string;
  /** What stood there, shortened. */
  value: unknown;
  message: string;
}

/** A record that was refused, as it came. */
export interface RefusedRecord {
  index: number;
  message: string;
  /** Cut to REFUSED_RECORD_SIZE_BYTES_MAX. */
  bytes: Uint8Array;
}

export interface Decoded {
  /** Each small enough for one frame. */
  batches: { batch: EventBatch; raw_bytes: number }[];
  accepted: number;
  rejected: number;
  /** The first ERRORS_PER_RESPONSE_MAX. */
  errors: DecodeError[];
  /** The first REFUSED_RECORDS_PER_REQUEST_MAX, for the project's dead letters; absent where the decoder does not keep them. */
  refused?: RefusedRecord[];
}

export type DecodeFailureCode = "empty" | "syntax" | "too_many_events";

/** Nothing of the request was taken: it holds no event, is not of the announced format at all, or brings more events than one request may. */
export class DecodeFailure extends Error {
  readonly code: DecodeFailureCode;
  readonly errors: DecodeError[];

  constructor(code: DecodeFailureCode, message: string, errors: DecodeError[] = []) {
    super(message);
    this.name = "DecodeFailure";
    this.code = code;
    this.errors = errors;
  }
}
