import type { StatsPipe } from "../query/pipes/pipe-stats.ts";
import type { Pane } from "./deltas.ts";
import { SeriesState } from "./series-state.ts";

/**
 * The merged state of the panes of a window that moves on. States cannot be taken out of one another, so that the panes stand in two heaps: of the
 * newer ones all together, of the older ones each with all that came after it in its heap. A step costs a few merges, however long the window is
 * (Tangwongsan, Hirzel, Schneider, "Low-latency sliding-window aggregation in worst-case constant time", 2017, on two stacks).
 */
export class SlidingMerge {
  readonly #pipe: StatsPipe;
  readonly #series_max: number;
  /** Descending by time; each the state of its pane and all later ones of this heap. */
  readonly #older: Pane[] = [];
  #newer: Pane[] = [];
  /** Of all newer ones together. */
  #newer_bytes: Uint8Array | null = null;

  constructor(pipe: StatsPipe, series_max: number) {
    this.#pipe = pipe;
    this.#series_max = series_max;
  }

  /** @param pane later than all before */
  push(pane: Pane): void {
    this.#newer.push(pane);
    this.#newer_bytes = this.#newer_bytes === null ? pane.bytes : this.#merged(this.#newer_bytes, pane.bytes).pack();
  }

  /** Forgets panes that begin before a time. */
  dropBefore(from_us: number): void {
    while (this.#first() < from_us) {
      if (this.#older.length === 0) this.#turn();
      this.#older.pop();
    }
  }

  /** Null where no pane is in the window. */
  state(): SeriesState | null {
    const older = this.#older.at(-1)?.bytes ?? null;
    const bytes = [older, this.#newer_bytes].filter((part) => part !== null);
    return bytes.length === 0 ? null : this.#merged(...bytes);
  }

  #first(): number {
    return this.#older.at(-1)?.from_us ?? this.#newer[0]?.from_us ?? Number.POSITIVE_INFINITY;
  }

  #turn(): void {
    let later: Uint8Array | null = null;
    for (const { from_us, bytes } of this.#newer.toReversed()) {
      later = later === null ? bytes : this.#merged(bytes, later).pack();
      this.#older.push({ from_us, bytes: later });
    }
    this.#newer = [];
    this.#newer_bytes = null;
  }

  #merged(...parts: Uint8Array[]): SeriesState {
    const state = new SeriesState(this.#pipe, this.#series_max);
    for (const part of parts) state.merge(part);
    return state;
  }
}
