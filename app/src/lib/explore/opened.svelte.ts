/** The line that is open: one of the list, or one that a link names and the list does not hold. */
import { api, ask } from "../api/client.ts";
import { type ApiError, isAbort, shownError } from "../api/problem.ts";
import type { LogEvent } from "../lines/event-fields.ts";
import type { EventRows } from "./event-rows.svelte.ts";

export class Opened {
  event = $state.raw<LogEvent | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** False where the list does not hold it. */
  in_list = $state(false);
  #stop = new AbortController();

  /** Finds the event; the one before stays until it is there. */
  async look(event_id: string | null, rows: EventRows): Promise<void> {
    this.#stop.abort();
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.error = null;
    if (event_id === null) {
      this.event = null;
      return;
    }
    const at = rows.indexOf(event_id);
    this.in_list = at >= 0;
    if (at >= 0) {
      this.event = rows.at(at);
      return;
    }
    if (this.event?.event_id === event_id) return;
    try {
      const answer = await ask(api.GET("/api/v1/logs/{event_id}", { params: { path: { event_id } }, signal }));
      if (!signal.aborted) this.event = answer.event;
    } catch (error) {
      if (isAbort(error) || signal.aborted) return;
      this.event = null;
      this.error = shownError(error);
    }
  }
}
