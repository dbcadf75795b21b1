/**
 * Carries preferences from one of a person's browsers to the others, by the account. What is chosen here holds at once and is written a
 * moment later; what the account holds arrives after signing in. Where the service cannot be asked, they go on in this browser alone, and
 * what was chosen meanwhile is written at the next visit.
 */
import { api, ask, type Schemas } from "./api/client.ts";
import { type Followed, preferences } from "./preferences.svelte.ts";

const WRITE_DELAY_MS = 1_000;

/** The account's document, with what others keep in it; null while nobody is signed in. */
let kept: Schemas["UserSettings"] | null = null;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Once somebody is signed in. */
export async function followPreferences(): Promise<void> {
  preferences.onchange = writeSoon;
  try {
    kept = await ask(api.GET("/api/v1/account/settings"));
    if (preferences.unsent) await write();
    else preferences.take(readOf(kept));
  } catch {
    // They hold in this browser.
  }
}

/** Whoever signs in here next is somebody else. */
export function leavePreferences(): void {
  clearTimeout(waiting);
  waiting = undefined;
  kept = null;
  preferences.onchange = () => {};
  preferences.take({});
}

function writeSoon(): void {
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    waiting = undefined;
    write().catch(() => {
      // It is written at the next visit.
    });
  }, WRITE_DELAY_MS);
}

async function write(): Promise<void> {
  if (kept === null) return;
  const { zone, ...others } = preferences.followed;
  kept = await ask(api.PUT("/api/v1/account/settings", { body: { ...kept, ...others, time_zone: zone } }));
  if (waiting === undefined) preferences.take({});
}

/** Only what is there and of its kind: the document is open to others. */
function readOf({ theme, time_zone, density, wrap, facets, histogram }: Schemas["UserSettings"]): Partial<Followed> {
  const switches = Object.entries({ wrap, facets, histogram }).filter(([, value]) => typeof value === "boolean");
  return {
    ...(theme ? { theme } : {}),
    ...(time_zone ? { zone: time_zone } : {}),
    ...(density ? { density } : {}),
    ...Object.fromEntries(switches),
  };
}
