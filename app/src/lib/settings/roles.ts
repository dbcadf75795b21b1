/** What each role may, in a line. */
import type { Role } from "../session.svelte.ts";

export const ROLE_LINES: { value: Role; label: string; about: string }[] = [
  { value: "owner", label: "Owner", about: "Everything, deleting projects and the organization too." },
  { value: "admin", label: "Admin", about: "Keys, settings, members, audit log, replays; makes projects." },
  { value: "member", label: "Member", about: "Reads and sends events, saves searches, declares metrics." },
  { value: "viewer", label: "Viewer", about: "Reads events, saved searches, metrics and usage." },
];

const RANKS: Record<Role, number> = { viewer: 0, member: 1, admin: 2, owner: 3 };

/** How much a role may; each may all that those below it may. */
export function rankOf(role: Role): number {
  return RANKS[role];
}

/** Roles that somebody of this role may give: none above their own. */
export function rolesBelow(role: Role): typeof ROLE_LINES {
  return ROLE_LINES.filter(({ value }) => RANKS[value] <= RANKS[role]);
}

export function roleLabel(role: Role): string {
  return ROLE_LINES.find(({ value }) => value === role)?.label ?? role;
}
