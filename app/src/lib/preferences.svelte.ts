/** How one reader likes things, kept in this browser. What a link must show the same to everybody stands in the address instead. */
import { browser } from "$app/environment";

export type Theme = "system" | "light" | "dark";
export type Zone = "local" | "utc";
export type Density = "compact" | "regular" | "roomy";

interface Stored {
  theme: Theme;
  zone: Zone;
  density: Density;
  wrap: boolean;
  facets: boolean;
  histogram: boolean;
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

  set(changes: Partial<Stored>): void {
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
