/** The audit log in words. */
import type { Schemas } from "../api/client.ts";
import { count } from "../format/number.ts";

type Entry = Schemas["AuditEntry"];

export const ACTIONS = [
  { value: "", label: "Everything" },
  { value: "session", label: "Signing in and out" },
  { value: "account", label: "Accounts" },
  { value: "two_factor", label: "Second factors" },
  { value: "member", label: "Members" },
  { value: "invitation", label: "Invitations" },
  { value: "organization", label: "Organization" },
  { value: "project", label: "Projects" },
  { value: "key", label: "API keys" },
  { value: "events", label: "Exports of events" },
  { value: "audit", label: "Exports of this log" },
  { value: "search", label: "Saved searches" },
  { value: "metric", label: "Metrics" },
  { value: "refused", label: "Refused records" },
  { value: "dead_letters", label: "Dead letters" },
];

const WORDS: Record<string, string> = {
  "owner.signed_up": "signed up as the first owner",
  "session.started": "signed in",
  "session.ended": "signed out",
  "session.refused": "was refused at sign-in",
  "session.revoked": "ended a session",
  "session.others_revoked": "ended all other sessions",
  "account.renamed": "changed their name",
  "account.password_changed": "changed their password",
  "account.password_reset": "set a new password by a link",
  "account.reset_asked": "asked for a new password",
  "account.reset_link_made": "was given a link for a new password",
  "account.deleted": "deleted their account",
  "two_factor.begun": "began to set up a second factor",
  "two_factor.enabled": "turned the second factor on",
  "two_factor.disabled": "turned the second factor off",
  "two_factor.backup_codes_made": "made new backup codes",
  "member.role_changed": "changed the role of",
  "member.removed": "removed",
  "member.left": "left the organization",
  "member.reset_link_made": "made a link for a new password of",
  "invitation.made": "invited",
  "invitation.accepted": "accepted an invitation",
  "invitation.revoked": "revoked the invitation of",
  "organization.founded": "founded an organization",
  "organization.renamed": "renamed the organization",
  "organization.deleted": "deleted the organization",
  "project.bootstrapped": "set this Ledge up",
  "project.created": "created a project",
  "project.changed": "changed the project's settings:",
  "project.deletion_asked": "asked to delete a project",
  "project.deletion_undone": "kept a project",
  "project.deleted": "deleted a project",
  "key.created": "made a key",
  "key.rotated": "rotated a key",
  "key.revoked": "revoked a key",
  "events.exported": "exported events",
  "audit.exported": "exported the audit log",
  "search.saved": "saved a search",
  "search.changed": "changed a saved search",
  "search.deleted": "deleted a saved search",
  "refused.replayed": "replayed refused records",
  "refused.removed": "let go of refused records",
  "dead_letters.replayed": "replayed dead letters",
};

/** `key.created` as "made a key"; an action that has no words yet is spelt out. */
export function deedWords(action: string): string {
  return WORDS[action] ?? action.replace(".", ": ").replaceAll("_", " ");
}

/** The one thing that matters about it: whom or what it was done to, and what it was before. */
export function detailWords({ details, action }: Entry): string {
  const { name, email, from, to, role } = details as Record<string, unknown>;
  if (action === "invitation.made") return `${String(email)} as ${String(role)}`;
  if (action === "project.changed") return changeWords(details);
  const whom = typeof name === "string" ? `“${name}”` : typeof email === "string" ? email : "";
  const change = typeof from === "string" && typeof to === "string" ? `from “${from}” to “${to}”` : "";
  return [whom, change].filter(Boolean).join(" ");
}

/** `retention days 30 → 7, name “shop” → “store”`. */
function changeWords(details: Record<string, unknown>): string {
  const shown = (value: unknown): string => (typeof value === "number" ? count(value) : typeof value === "string" ? `“${value}”` : "");
  return Object.entries(details)
    .map(([field, change]) => {
      const { from, to } = (change ?? {}) as { from?: unknown; to?: unknown };
      const values = [shown(from), shown(to)];
      return `${field.replaceAll("_", " ")}${values.every(Boolean) ? ` ${values.join(" → ")}` : ""}`;
    })
    .join(", ");
}
