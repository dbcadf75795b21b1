/** Lines that wait to be sent. They are made into text only when their turn has come. */
import { lineOf } from "../../../worker/engine/query/event-line.ts";
import type { TailHistoryLine } from "../types.ts";
import type { Matches, OpenedFrame } from "./frames.ts";
import type { TailQuery } from "./tail-query.ts";

/** Lines of one origin, in order. */
export interface Chunk {
  readonly left: number;
  /** The next line; it waits until `drop` was called. */
  next(): TailHistoryLine;
  drop(): void;
  /** How many lines each of those that are left stands for. */
  readonly weight: number;
  /** Keeps an even share of the lines. */
  thin(share: number): void;
}

/** Evenly spaced items of a list, at least one of a list that has any. */
function thinned<T>(items: ArrayLike<T>, share: number): number[] {
  const count = Math.max(1, Math.floor(items.length * share));
  return Array.from({ length: count }, (_, index) => Math.floor((index * items.length) / count));
}

/** Matching rows of a frame of the window. */
export class FrameChunk implements Chunk {
  readonly #query: TailQuery;
  readonly #opened: OpenedFrame;
  readonly #matches: Matches;
  #rows: Uint32Array;
  #at = 0;
  #line: TailHistoryLine | null = null;
  weight = 1;

  constructor(query: TailQuery, opened: OpenedFrame, matches: Matches) {
    this.#query = query;
    this.#opened = opened;
    this.#matches = matches;
    this.#rows = matches.rows;
  }

  get left(): number {
    return this.#rows.length - this.#at;
  }

  next(): TailHistoryLine {
    if (!this.#line) {
      const row = this.#rows[this.#at]!;
      const { stored, shown } = this.#matches;
      const { seq, accepted_us } = this.#opened.frame;
      const position = { seq: seq - 1, rows: this.#opened.visibleIndex(row) + 1, accepted_ms: Math.floor(accepted_us / 1000) };
      this.#line = { json: lineOf(this.#query.plan, stored, shown, row), position };
    }
    return this.#line;
  }

  drop(): void {
    this.#at++;
    this.#line = null;
  }

  /** All lines that are left, which need not be taken one by one then. */
  all(): TailHistoryLine[] {
    const lines: TailHistoryLine[] = [];
    for (; this.left > 0; this.drop()) lines.push(this.next());
    return lines;
  }

  thin(share: number): void {
    const before = this.left;
    const left = this.#rows.subarray(this.#at);
    this.#rows = Uint32Array.from(thinned(left, share), (index) => left[index]!);
    this.#at = 0;
    this.#line = null;
    this.weight *= before / this.#rows.length;
  }
}

/** Lines that are text already. */
export class StoredChunk implements Chunk {
  #lines: readonly TailHistoryLine[];
  #at = 0;
  weight = 1;

  constructor(lines: readonly TailHistoryLine[]) {
    this.#lines = lines;
  }

  get left(): number {
    return this.#lines.length - this.#at;
  }

  next(): TailHistoryLine {
    return this.#lines[this.#at]!;
  }

  drop(): void {
    this.#at++;
  }

  thin(share: number): void {
    const left = this.#lines.slice(this.#at);
    this.#lines = thinned(left, share).map((index) => left[index]!);
    this.#at = 0;
    this.weight *= left.length / this.#lines.length;
  }
}
