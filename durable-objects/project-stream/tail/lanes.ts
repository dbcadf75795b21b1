import type { TailPosition } from "../types.ts";
import { samePosition } from "./cursor.ts";
import { Lane } from "./lane.ts";
import type { Viewer } from "./viewer.ts";

/** Every reader that waits for lines is in one lane. */
export class Lanes {
  readonly #lanes = new Set<Lane>();
  readonly #now_ms: () => number;

  constructor(now_ms: () => number) {
    this.#now_ms = now_ms;
  }

  get size(): number {
    return this.#lanes.size;
  }

  all(): Lane[] {
    return [...this.#lanes];
  }

  /** From now on the reader gets what comes after its place, unless it waits for something itself. */
  join(viewer: Viewer, was_slow = false): void {
    if (viewer.paused || viewer.stalled) return;
    const { query, position } = viewer;
    const meeting = this.all().find((lane) => lane.query.text === query.text && samePosition(lane.position, position) && !lane.gap);
    const lane = meeting ?? new Lane(query, position, this.#now_ms(), was_slow);
    this.#lanes.add(lane);
    lane.viewers.add(viewer);
    viewer.lane = lane;
  }

  /** @param position where the reader stands; where its lane does if it is missing */
  leave(viewer: Viewer, position: TailPosition | null = null): void {
    const { lane } = viewer;
    if (!lane) return;
    viewer.position = position ?? lane.position;
    viewer.lane = null;
    lane.viewers.delete(viewer);
    if (lane.viewers.size === 0) this.#lanes.delete(lane);
  }

  /** Lanes of one query that have come to the same place go on as one. */
  merge(): void {
    const met = new Map<string, Lane>();
    for (const lane of this.all()) {
      const first = met.get(lane.query.text);
      if (!first?.meets(lane)) {
        if (!first) met.set(lane.query.text, lane);
        continue;
      }
      for (const viewer of lane.viewers) {
        first.viewers.add(viewer);
        viewer.lane = first;
      }
      this.#lanes.delete(lane);
    }
  }
}
