import type { LogEvent } from "../lines/event-fields.ts";

/** Lines that a page holds while it is live. */
export const LINES_MAX = 5_000;

/** The newest lines, a bounded number of them. */
export class LineBuffer {
  #lines: LogEvent[] = [];

  add(events: readonly LogEvent[]): void {
    if (events.length === 0) return;
    const kept =
      this.#lines.length + events.length > LINES_MAX ? this.#lines.slice(events.length + this.#lines.length - LINES_MAX) : this.#lines;
    this.#lines = [...kept, ...events.slice(-LINES_MAX)];
  }

  clear(): void {
    this.#lines = [];
  }

  /** A list that does not change any more. */
  lines(): LogEvent[] {
    return this.#lines;
  }
}
