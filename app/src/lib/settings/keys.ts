/** How keys are told about. */
import type { Schemas } from "../api/client.ts";

export type ApiKey = Schemas["ApiKey"];
export type Scope = ApiKey["scopes"][number];

export const SCOPES: { value: Scope; label: string; about: string }[] = [
  { value: "ingest", label: "ingest", about: "Send events. Enough for agents; such a key reads nothing." },
  { value: "read", label: "read", about: "Search, tail and export events, read metrics." },
  { value: "admin", label: "admin", about: "Change settings, make and revoke keys, replay what failed." },
];

export const LIFETIMES = [
  { value: "", label: "Never" },
  { value: "1", label: "In a day" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
];

export const OVERLAPS = [
  { value: "0", label: "not at all: it ends at once" },
  { value: "1", label: "one hour" },
  { value: "24", label: "a day" },
  { value: "168", label: "a week" },
  { value: "720", label: "30 days" },
];

export type KeyState = "active" | "ending" | "expired" | "revoked";

/** `ending`: it was rotated, and goes on until it expires. */
export function keyState(key: ApiKey, now_ms = Date.now()): KeyState {
  if (key.revoked_at) return "revoked";
  if (key.expires_at && Date.parse(key.expires_at) <= now_ms) return "expired";
  return key.replaced_by ? "ending" : "active";
}
