/** Frames of the window as the filters of a live tail read them: each is fetched and decoded once for all of them. */
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { matchRows, runSteps } from "../../../worker/engine/query/query.ts";
import { unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { TAIL_DECODED_SIZE_BYTES_MAX } from "../../../worker/limits.ts";
import type { Following } from "../following.ts";
import type { ViewFrame } from "../types.ts";
import type { TailQuery } from "./tail-query.ts";

/** Frames fetched from SQLite at a time. */
const PAGE_SIZE_BYTES = 2 * 1024 * 1024;

/** Rows of a frame that match. */
export interface Matches {
  /** As it was stored: events are identified by it. */
  stored: EventBatch;
  /** With what the query computes: events are shown by it. */
  shown: EventBatch;
  rows: Uint32Array;
}

export class OpenedFrame {
  readonly frame: ViewFrame;
  readonly #bytes: Uint8Array;
  #whole: EventBatch | null = null;

  constructor(frame: ViewFrame, bytes: Uint8Array) {
    this.frame = frame;
    this.#bytes = bytes;
  }

  get size_bytes(): number {
    return this.#bytes.length;
  }

  /** @throws FrameError where the frame is damaged; QueryLimitError where the query makes too much text */
  match({ plan, deciding }: TailQuery): Matches {
    const batch = this.#whole ?? (deciding === null ? this.#all() : unpackFrame(this.#bytes, deciding));
    const matching = matchRows(plan.filter, batch).filter((row) => !isHidden(this.frame.masked, row));
    if (matching.length === 0) return { stored: batch, shown: batch, rows: matching };
    const stored = this.#all();
    const { batch: shown, rows } = plan.steps.length > 0 ? runSteps(plan.steps, stored, matching) : { batch: stored, rows: matching };
    return { stored, shown, rows };
  }

  #all(): EventBatch {
    this.#whole ??= unpackFrame(this.#bytes);
    return this.#whole;
  }

  /** Number of a row among those that are not hidden. */
  visibleIndex(row: number): number {
    const { masked } = this.frame;
    return masked ? row - hiddenBelow(masked, row) : row;
  }
}

function hiddenBelow(masked: Uint32Array, row: number): number {
  let low = 0;
  let high = masked.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (masked[middle]! < row) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isHidden(masked: Uint32Array | null, row: number): boolean {
  return masked !== null && masked[hiddenBelow(masked, row)] === row;
}

/** The bytes of a frame that stands in R2; null where it is gone. */
export type JournalReader = (frame: ViewFrame) => Promise<Uint8Array | null>;

export class FrameReader {
  readonly #following: Following;
  readonly #journal: JournalReader;
  readonly #opened = new Map<number, OpenedFrame>();
  #fetched = new Map<number, ViewFrame>();
  #size_bytes = 0;

  constructor(following: Following, journal: JournalReader) {
    this.#following = following;
    this.#journal = journal;
  }

  /** The frame of this number; null where the window does not have it, "missing" where R2 does not have its bytes any more. */
  async open(seq: number): Promise<OpenedFrame | "missing" | null> {
    const known = this.#opened.get(seq);
    if (known) return known;
    let frame = this.#fetched.get(seq);
    if (!frame) {
      this.#fetched = new Map(this.#following.frames(seq - 1, PAGE_SIZE_BYTES).map((found) => [found.seq, found]));
      frame = this.#fetched.get(seq);
    }
    if (!frame) return null;
    const bytes = frame.bytes ?? (await this.#journal(frame));
    if (!bytes) return "missing";
    return this.#keep(new OpenedFrame(frame, bytes));
  }

  #keep(opened: OpenedFrame): OpenedFrame {
    this.#size_bytes += opened.size_bytes;
    if (this.#size_bytes > TAIL_DECODED_SIZE_BYTES_MAX) {
      this.#opened.clear();
      this.#size_bytes = opened.size_bytes;
    }
    this.#opened.set(opened.frame.seq, opened);
    return opened;
  }
}
