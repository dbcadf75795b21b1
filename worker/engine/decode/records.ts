import { EVENT_SIZE_BYTES_MAX } from "../../limits.ts";
import type { Draft } from "../normalize/draft.ts";
import { ErrorList, shown } from "./error-list.ts";
import { type EventWriter, withEventWriter } from "./event-writer.ts";
import type { DecodeContext, Decoded } from "./types.ts";

const NO_BYTES = new Uint8Array(0);

/** Refuses one record; the others of the request are not affected. */
export class RecordError extends Error {
  readonly field: string;
  readonly value: unknown;

  /** @param field at fault, empty where the record as a whole is @param value what stood there */
  constructor(message: string, field = "", value: unknown = undefined) {
    super(message);
    this.name = "RecordError";
    this.field = field;
    this.value = value;
  }
}

/** Records of a request, one after another: each becomes an event or is refused alone. */
export class RecordSink {
  readonly writer: EventWriter;
  readonly #errors = new ErrorList();
  #index = 0;

  constructor(writer: EventWriter) {
    this.writer = writer;
  }

  /** Position of the next record. */
  get index(): number {
    return this.#index;
  }

  /**
   * Makes one event.
   * @param raw the record as it came
   * @param fill puts its values into the draft; what it throws as RecordError refuses the record
   * @param body what BODY slots of the draft refer to
   * @returns whether it was taken
   * @throws DecodeFailure beyond EVENTS_PER_REQUEST_MAX
   */
  event(raw: Uint8Array, fill: (draft: Draft) => void, body: Uint8Array = NO_BYTES): boolean {
    const { draft } = this.writer;
    try {
      if (raw.length > EVENT_SIZE_BYTES_MAX) throw new RecordError(`the record is larger than ${EVENT_SIZE_BYTES_MAX} bytes`);
      draft.begin(body);
      fill(draft);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.refuse(raw, error);
      return false;
    }
    this.#index++;
    this.writer.commit(raw.length);
    return true;
  }

  /**
   * Makes one event of a record that has no bytes of its own in the body.
   * @param size_bytes about what it takes there, for the account of what came
   * @param raw its bytes, made only where it is refused
   */
  parsed(size_bytes: number, raw: () => Uint8Array, fill: (draft: Draft) => void): boolean {
    const { draft } = this.writer;
    try {
      draft.begin(NO_BYTES);
      fill(draft);
      if (draft.scratch_used > EVENT_SIZE_BYTES_MAX) throw new RecordError(`the record is larger than ${EVENT_SIZE_BYTES_MAX} bytes`);
    } catch (error) {
      if (!(error instanceof RecordError)) throw error;
      this.refuse(raw(), error);
      return false;
    }
    this.#index++;
    this.writer.commit(Math.round(size_bytes));
    return true;
  }

  refuse(raw: Uint8Array, { field, value, message }: RecordError): void {
    this.#errors.add(this.#index, field, value ?? shown(raw, 0, raw.length), message, raw);
    this.#index++;
  }

  finish(): Decoded {
    this.writer.finish();
    const { batches, accepted } = this.writer;
    const { rejected, errors, refused } = this.#errors;
    return { batches, accepted, rejected, errors, refused };
  }
}

/** Decodes a request record by record. @throws DecodeFailure */
export function decodeRecords(context: DecodeContext, read: (sink: RecordSink) => void): Decoded {
  return withEventWriter(context, (writer) => {
    const sink = new RecordSink(writer);
    read(sink);
    return sink.finish();
  });
}
