import { NUDGE_PAUSE_MS } from "../limits.ts";

interface Nudged {
  sent_ms: number;
  /** A nudge that is to be sent by then will tell of everything until then; 0 where none waits. */
  due_ms: number;
}

/** More streams than this at once are not told apart: nudges are then sent as they come. */
const STREAMS_MAX = 1_000;

/**
 * Spaces messages that say no more than that something came: the first goes out at once, those of the next NUDGE_PAUSE_MS are one.
 * Whoever sends it waits in the context of the request that began it; where that ends before its time, the next request sends.
 */
export class Nudges {
  readonly #streams = new Map<string, Nudged>();

  /** @param send sends it; only of the calls that come to it at their turn @returns when it was sent, or that somebody else sends it (null) */
  tell(stream: string, now_ms: number, send: () => Promise<void>): Promise<void> | null {
    const known = this.#streams.get(stream);
    if (known === undefined || now_ms - known.sent_ms >= NUDGE_PAUSE_MS || now_ms < known.sent_ms) {
      if (this.#streams.size >= STREAMS_MAX) this.#streams.clear();
      this.#streams.set(stream, { sent_ms: now_ms, due_ms: 0 });
      return send();
    }
    if (known.due_ms > now_ms) return null;
    known.due_ms = known.sent_ms + NUDGE_PAUSE_MS;
    const due_ms = known.due_ms;
    return new Promise<void>((resolve) => setTimeout(resolve, due_ms - now_ms)).then(() => {
      this.#streams.set(stream, { sent_ms: due_ms, due_ms: 0 });
      return send();
    });
  }
}
