import { untrack } from "svelte";

/** The panels that stand above every page; one at a time. Each is loaded when it is first asked for. */
type Panel = "palette" | "keys";

class Panels {
  shown = $state<Panel | null>(null);

  show(panel: Panel): void {
    this.shown = panel;
  }

  close(): void {
    this.shown = null;
  }
}

export const panels = new Panels();

/** What the palette offers besides pages; pages add theirs while they are shown. */
export interface Command {
  label: string;
  group: string;
  run: () => void;
  keys?: string;
  /** Further words under which it is found. */
  words?: string;
}

class Commands {
  #sets = $state.raw<(() => Command[])[]>([]);

  get all(): Command[] {
    return this.#sets.flatMap((set) => set());
  }

  /** Returns what takes them away again: made for `$effect`. */
  add(set: () => Command[]): () => void {
    this.#sets = [...untrack(() => this.#sets), set];
    return () => {
      this.#sets = untrack(() => this.#sets).filter((each) => each !== set);
    };
  }
}

export const commands = new Commands();
