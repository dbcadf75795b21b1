/** Frames of windows that an isolate keeps between searches, so that the object need not send them again. */
import type { ViewFrame } from "../../durable-objects/project-stream/types.ts";
import type { SearchContext } from "./context.ts";

/** What is kept of a frame; its id tells whether it is still the frame of that number (an object restored to an earlier time counts anew). */
interface HeldFrame {
  frame_id: string;
  bytes: Uint8Array;
}

const NUMBERS_SIZE_BYTES = 1_024;

/** The frames of one shard. What was there at the beginning of a search stays with it, whatever the cache pushes out meanwhile. */
export class WindowFrames {
  readonly #context: SearchContext;
  readonly #prefix: string;
  readonly #held = new Map<number, HeldFrame>();
  /** Numbers of frames that may be in the cache: looked up by number, it need not be searched through. */
  readonly #numbers: Set<number>;

  constructor(context: SearchContext, shard: number) {
    this.#context = context;
    this.#prefix = `window/${context.sources.project_id}/${shard}/`;
    const { cache } = context;
    const numbers = cache.get<Set<number>>(this.#prefix);
    this.#numbers = numbers ?? new Set();
    if (!numbers) cache.set(this.#prefix, this.#numbers, NUMBERS_SIZE_BYTES);
    for (const seq of this.#numbers) {
      const frame = cache.get<HeldFrame>(this.#prefix + seq);
      if (frame) this.#held.set(seq, frame);
      else this.#numbers.delete(seq);
    }
  }

  /** Sequence numbers of frames that need not be sent. */
  get seqs(): number[] {
    return [...this.#held.keys()];
  }

  /** The frame with its bytes, where they are here. */
  fill(frame: ViewFrame): ViewFrame {
    const known = this.#held.get(frame.seq);
    return frame.bytes || known?.frame_id !== frame.frame_id ? frame : { ...frame, bytes: known.bytes };
  }

  /** Name of a frame, for the report that it is missing. */
  nameOf(seq: number): string {
    return this.#prefix + seq;
  }

  keep(frame: ViewFrame, bytes: Uint8Array): void {
    const { seq, frame_id } = frame;
    if (this.#held.get(seq)?.bytes === bytes) return;
    const held = { frame_id, bytes };
    this.#held.set(seq, held);
    this.#numbers.add(seq);
    this.#context.cache.set(this.#prefix + seq, held, bytes.length);
  }

  drop(seq: number): void {
    this.#held.delete(seq);
    this.#numbers.delete(seq);
    this.#context.cache.delete(this.#prefix + seq);
  }

  /** Frames that are in segments now are not asked for again. */
  dropFlushed(flushed_seq: number): void {
    for (const seq of this.#numbers) if (seq <= flushed_seq) this.drop(seq);
  }
}
