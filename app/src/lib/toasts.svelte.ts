/** Short messages at the edge of the page. What matters stands in the page itself; these tell that something was done, and may undo it. */
export interface Toast {
  id: number;
  text: string;
  tone: "plain" | "good" | "danger";
  action?: { label: string; run: () => void };
}

const SHOWN_MAX = 3;
const STAYS_MS = 5_000;
/** Long enough to read it and reach the button. */
const STAYS_WITH_ACTION_MS = 10_000;

class Toasts {
  shown = $state.raw<Toast[]>([]);
  #next = 1;
  #timers = new Map<number, ReturnType<typeof setTimeout>>();

  show(text: string, options: Partial<Pick<Toast, "tone" | "action">> = {}): void {
    const toast: Toast = { id: this.#next++, text, tone: options.tone ?? "plain", action: options.action };
    this.shown = [...this.shown, toast].slice(-SHOWN_MAX);
    this.#timers.set(
      toast.id,
      setTimeout(() => this.close(toast.id), toast.action ? STAYS_WITH_ACTION_MS : STAYS_MS),
    );
  }

  close(id: number): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
    this.shown = this.shown.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

/** Copies and says so. @param what what was copied, as in "Copied the link" */
export async function copyText(text: string, what: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show(`Copied ${what}`, { tone: "good" });
  } catch {
    toasts.show("The browser did not allow copying. Select the text and copy it by hand.", { tone: "danger" });
  }
}
