/** Who may hold a socket, as far as the project's object itself knows it. */
import { Problem } from "../../../worker/errors.ts";
import { KEY_CACHE_MS, TAIL_CHECK_MS, TAIL_CHECK_WAIT_MS } from "../../../worker/limits.ts";
import type { Tenancy } from "../tenancy.ts";
import type { TailViewer } from "../types.ts";
import type { Viewer } from "./viewer.ts";

/** Why a reader may not read, any more or at all; null while nothing speaks against it. */
export function refusalOf(tenancy: Tenancy, viewer: TailViewer, now_ms: number): Problem | null {
  if (tenancy.isDeleted()) return new Problem("gone", "This project was deleted.");
  if (viewer.kind === "user") return null;
  const key = tenancy.keys().find(({ key_id }) => key_id === viewer.key_id);
  if (!key || key.revoked_at) return new Problem("unauthenticated", "The API key was revoked.");
  if (key.expires_at && Date.parse(key.expires_at) <= now_ms) return new Problem("unauthenticated", "The API key has expired.");
  return null;
}

/** When the first of the keys of these readers expires; null where none does. */
export function firstExpiry_ms(tenancy: Tenancy, viewers: readonly TailViewer[]): number | null {
  const held = new Set(viewers.flatMap((viewer) => (viewer.kind === "key" ? [viewer.key_id] : [])));
  if (held.size === 0) return null;
  const times = tenancy.keys().flatMap(({ key_id, expires_at }) => (expires_at && held.has(key_id) ? [Date.parse(expires_at)] : []));
  return times.length > 0 ? Math.min(...times) : null;
}

/**
 * Asks about people whose sockets get something, now and then. Nothing waits for the answer while what was last said is recent; after a silence in
 * which nobody was asked it is awaited, so that who may not any more gets nothing of what comes after it. Who cannot be asked about stays, as with keys.
 */
export class PeopleCheck {
  readonly #ask: ((viewer: TailViewer) => Promise<boolean>) | null;
  readonly #now_ms: () => number;
  readonly #asked = new Map<Viewer, Promise<void>>();

  constructor(ask: ((viewer: TailViewer) => Promise<boolean>) | null, now_ms: () => number) {
    this.#ask = ask;
    this.#now_ms = now_ms;
  }

  /**
   * To be awaited before something is sent.
   * @param refuse called for those who may not any more, perhaps later
   */
  async check(viewers: Iterable<Viewer>, refuse: (viewer: Viewer, problem: Problem) => void): Promise<void> {
    if (!this.#ask) return;
    const now_ms = this.#now_ms();
    const awaited: Promise<void>[] = [];
    for (const viewer of viewers) {
      const age_ms = now_ms - viewer.checked_ms;
      if (viewer.who.kind !== "user" || age_ms < TAIL_CHECK_MS) continue;
      const asked = this.#asked.get(viewer) ?? this.#begin(this.#ask(viewer.who), viewer, refuse);
      if (age_ms >= KEY_CACHE_MS) awaited.push(asked);
    }
    if (awaited.length === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TAIL_CHECK_WAIT_MS);
    });
    await Promise.race([Promise.all(awaited), patience]);
    clearTimeout(timer);
  }

  #begin(answer: Promise<boolean>, viewer: Viewer, refuse: (viewer: Viewer, problem: Problem) => void): Promise<void> {
    const asked = answer
      .then(
        (may) => {
          if (!may) refuse(viewer, new Problem("forbidden", "The session has ended, or the project is not one of yours any more."));
        },
        (error: unknown) => console.error("a live tail could not ask about a person", error),
      )
      .finally(() => {
        viewer.checked_ms = this.#now_ms();
        this.#asked.delete(viewer);
      });
    this.#asked.set(viewer, asked);
    return asked;
  }
}
