/** What a page shows from the service: the old value stays while the new one is asked for; the answer that was asked for last wins. */
import { type ApiError, isAbort, shownError } from "./api/problem.ts";

export class Loaded<Value> {
  value = $state.raw<Value | null>(null);
  error = $state.raw<ApiError | null>(null);
  busy = $state(false);
  #asked: AbortController | null = null;

  /** Asks; the one before is given up. Never throws: `error` says what went wrong. */
  async load(ask: (signal: AbortSignal) => Promise<Value>): Promise<void> {
    this.#asked?.abort();
    const asked = new AbortController();
    this.#asked = asked;
    this.busy = true;
    try {
      const value = await ask(asked.signal);
      if (this.#asked !== asked) return;
      this.value = value;
      this.error = null;
    } catch (error) {
      if (this.#asked !== asked || isAbort(error)) return;
      this.error = shownError(error);
    } finally {
      if (this.#asked === asked) this.busy = false;
    }
  }

  /** Gives up what is asked for; made for the end of an `$effect`. */
  stop(): void {
    this.#asked?.abort();
    this.#asked = null;
    this.busy = false;
  }
}

/** Something that is done once a button is pressed: whether it is under way, and why it failed. */
export class Action {
  busy = $state(false);
  error = $state.raw<ApiError | null>(null);

  /** True where it succeeded. */
  async run(act: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      await act();
      this.error = null;
      return true;
    } catch (error) {
      this.error = shownError(error);
      return false;
    } finally {
      this.busy = false;
    }
  }

  /** What is wrong with one field of a form. */
  fault(field: string): string | null {
    const fault = this.error?.faults.find((one) => one.field === field);
    return fault ? sentence(fault.message) : null;
  }

  /** The error where it is not about one of these fields, which say it themselves. */
  other(...fields: string[]): ApiError | null {
    return this.error?.faults.some((fault) => fields.includes(fault.field)) ? null : this.error;
  }
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}
