/** How one reader likes things, kept in this browser; `followed-preferences.ts` carries it to others. What a link must show the same to everybody stands in the address instead. */
import { browser } from "$app/environment";

export type Theme = "system" | "light" | "dark";
export type Zone = "local" | "utc";
export type Density = "compact" | "regular" | "roomy";

/** What goes with the person to other browsers. */
export interface Followed {
  theme: Theme;
  zone: Zone;
  density: Density;
  wrap: boolean;
  facets: boolean;
  histogram: boolean;
}

interface Stored extends Followed {
  /** Something was changed here that the account does not know yet. */
  unsent: boolean;
  /** The project that was looked at last. */
  project_id: string | null;
}

/** static/theme.js reads it too. */
const NAME = "ledge.preferences";
const DEFAULTS: Stored = {
  theme: "system",
  zone: "local",
  density: "regular",
  wrap: false,
  facets: true,
  histogram: true,
  unsent: false,
  project_id: null,
};

function stored(): Stored {
  if (!browser) return { ...DEFAULTS };
  try {
    const known = JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Stored>;
    return { ...DEFAULTS, ...known };
  } catch {
    return { ...DEFAULTS };
  }
}

/** Kept where the browser allows it; else they hold until the page is left. */
function keep(value: Stored): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(value));
  } catch {
    // Private windows may have no storage.
  }
}

class Preferences {
  #all = $state<Stored>(stored());
  /** Told of each change that the person made. */
  onchange: () => void = () => {};

  get theme(): Theme {
    return this.#all.theme;
  }
  get zone(): Zone {
    return this.#all.zone;
  }
  get density(): Density {
    return this.#all.density;
  }
  get wrap(): boolean {
    return this.#all.wrap;
  }
  get facets(): boolean {
    return this.#all.facets;
  }
  get histogram(): boolean {
    return this.#all.histogram;
  }
  get project_id(): string | null {
    return this.#all.project_id;
  }

  get unsent(): boolean {
    return this.#all.unsent;
  }
  get followed(): Followed {
    const { theme, zone, density, wrap, facets, histogram } = this.#all;
    return { theme, zone, density, wrap, facets, histogram };
  }

  /** What the person chose, here and now. */
  set(changes: Partial<Followed>): void {
    this.#take({ ...changes, unsent: true });
    this.onchange();
  }

  /** What the account holds. */
  take(changes: Partial<Followed>): void {
    this.#take({ ...changes, unsent: false });
  }

  /** The project that is looked at, for the next visit. */
  visit(project_id: string): void {
    this.#take({ project_id });
  }

  #take(changes: Partial<Stored>): void {
    Object.assign(this.#all, changes);
    keep($state.snapshot(this.#all));
    if (changes.theme !== undefined) applyTheme(changes.theme);
  }
}

function applyTheme(theme: Theme): void {
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export const preferences = new Preferences();
