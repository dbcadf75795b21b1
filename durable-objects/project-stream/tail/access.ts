/** Who may hold a socket, as far as the project's object itself knows it. */
import { Problem } from "../../../worker/errors.ts";
import type { Tenancy } from "../tenancy.ts";
import type { TailViewer } from "../types.ts";

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
