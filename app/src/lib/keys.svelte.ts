import { untrack } from "svelte";

/** The keyboard: pages say which keys they know while they are shown; one listener finds whose turn it is. */
export interface Shortcut {
  /** `j`, `?`, `mod+k`, or two in a row: `g e`. */
  keys: string;
  label: string;
  group: "Anywhere" | "Go to" | "Query" | "Lines" | "Time" | "Live";
  run: () => void;
  /** Also while the reader types in a field. */
  in_fields?: boolean;
}

const SEQUENCE_MS = 1_200;

class Keys {
  /** Later pages come first. */
  #sets = $state.raw<Shortcut[][]>([]);
  #pending = "";
  #timer: ReturnType<typeof setTimeout> | undefined;

  get all(): Shortcut[] {
    return this.#sets.flat();
  }

  /** Returns what takes them away again: made for `$effect`. */
  add(set: Shortcut[]): () => void {
    this.#sets = [set, ...untrack(() => this.#sets)];
    return () => {
      this.#sets = untrack(() => this.#sets).filter((each) => each !== set);
    };
  }

  handle(event: KeyboardEvent): void {
    if (event.defaultPrevented || event.isComposing) return;
    const stroke = strokeOf(event);
    if (stroke === null) return;
    const typing = isField(event.composedPath()[0]);
    const inside = document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null;
    const pressed = this.#pending === "" ? stroke : `${this.#pending} ${stroke}`;
    const found = this.#find(pressed) ?? this.#find(stroke);
    this.#forget();
    if (found && !(typing && !found.in_fields) && !(inside && !found.in_fields)) {
      event.preventDefault();
      found.run();
      return;
    }
    if (!typing && !inside && this.all.some(({ keys }) => keys.startsWith(`${stroke} `))) this.#expect(stroke);
  }

  #find(keys: string): Shortcut | undefined {
    return this.all.find((shortcut) => shortcut.keys === keys);
  }

  #expect(stroke: string): void {
    this.#pending = stroke;
    this.#timer = setTimeout(() => this.#forget(), SEQUENCE_MS);
  }

  #forget(): void {
    clearTimeout(this.#timer);
    this.#pending = "";
  }
}

function strokeOf(event: KeyboardEvent): string | null {
  if (["Shift", "Control", "Alt", "Meta"].includes(event.key)) return null;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const mod = event.metaKey || event.ctrlKey;
  if (event.altKey && !mod) return null;
  // Shift is part of the character (`?`), and said only beside keys that have none.
  const shift = event.shiftKey && event.key.length > 1 ? "shift+" : "";
  return `${mod ? "mod+" : ""}${shift}${name}`;
}

function isField(target: EventTarget | undefined): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit", "range"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable;
}

export const keys = new Keys();

const APPLE = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.platform);

const NAMES: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Enter: "↵",
  Escape: "Esc",
  mod: APPLE ? "⌘" : "Ctrl",
  shift: "⇧",
};

/** The keys of a shortcut as they stand on keycaps: `mod+k` is `["Ctrl", "K"]`. */
export function keycaps(shortcut: string): string[] {
  return shortcut.split(/[ +]/).map((name) => NAMES[name] ?? (name.length === 1 && shortcut.includes("mod+") ? name.toUpperCase() : name));
}
