/** Frames as they travel. What differs between the readers of one frame comes at its end, so that the rest is made once. */
import type { LevelCounts } from "../../../worker/engine/query/query.ts";
import type { TailPosition } from "../types.ts";

/** Lines that are not shown, by the times of their arrival. */
export interface Gap {
  /** 0 where it is not known since when. */
  from_ms: number;
  to_ms: number;
  reason: "too_old" | "limit" | "overload" | "unreadable" | "query";
}

export interface FrameContent {
  /** JSON of events. */
  lines: readonly string[];
  position: TailPosition;
  counts: LevelCounts & { rate_per_s: number };
  /** The share of matching lines that is shown; null for all. */
  kept: number | null;
  /** Lines that a slow reader misses. */
  dropped: number;
  gap: Gap | null;
}

const REASONS: Record<Gap["reason"], string> = {
  too_old: "the place is too long ago for a live tail",
  limit: "more lines matched than a live tail catches up with",
  overload: "more events arrived than this filter could look at",
  unreadable: "a stored part could not be read",
  query: "the query makes too much text of them",
};

export function gapOf({ from_ms, to_ms, reason }: Gap): object {
  const from = from_ms > 0 ? new Date(from_ms).toISOString() : null;
  return { from, to: new Date(to_ms).toISOString(), reason, detail: `Lines that arrived in this time are not shown: ${REASONS[reason]}.` };
}

/** A frame without what its reader alone gets. */
export class FrameText {
  readonly position: TailPosition;
  readonly #content: FrameContent;
  readonly #texts = new Map<string, string>();

  constructor(content: FrameContent) {
    this.#content = content;
    this.position = content.position;
  }

  /** @param own members of the reader alone; readers with the same ones share the text */
  text(cursor: string, own: Readonly<Record<string, unknown>>): string {
    const tail = JSON.stringify(own).slice(1, -1);
    let text = this.#texts.get(tail);
    if (text === undefined) {
      const { lines, counts, kept, dropped, gap } = this.#content;
      const sampling = kept === null ? null : { kept: Number(kept.toPrecision(3)) };
      const rest = JSON.stringify({ cursor, counts, sampling, dropped, ...(gap ? { gap: gapOf(gap) } : {}) }).slice(1, -1);
      text = `{"events":[${lines.join(",")}],${rest}${tail === "" ? "" : `,${tail}`}}`;
      this.#texts.set(tail, text);
    }
    return text;
  }
}
