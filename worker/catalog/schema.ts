/** Tables of D1. Migrations are made from this file: `npm run migrations`. */
import { customType, index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** A time that better-auth reads and writes as a Date, kept as ISO text like every other time here. */
const time = customType<{ data: Date; driverData: string }>({
  dataType: () => "text",
  toDriver: (value) => new Date(value).toISOString(),
  fromDriver: (value) => new Date(value),
});

/** Facts about the catalog itself, such as its generation (spine, rule 7). */
export const meta = sqliteTable("meta", {
  key: text("key").primaryKey(),
  value: text("value").notNull(),
});

/** One row per segment, see engine/segment/segment-row.ts. A replaced or expired one stays as a tombstone for days. */
export const segments = sqliteTable(
  "segments",
  {
    segment_id: text("segment_id").notNull(),
    project_id: text("project_id").notNull(),
    shard: integer("shard").notNull(),
    level: integer("level").notNull(),
    seq_min: integer("seq_min").notNull(),
    seq_max: integer("seq_max").notNull(),
    day: text("day"),
    ts_min_us: integer("ts_min_us").notNull(),
    ts_max_us: integer("ts_max_us").notNull(),
    rows: integer("rows").notNull(),
    size_bytes: integer("size_bytes").notNull(),
    raw_bytes: integer("raw_bytes").notNull(),
    object_key: text("object_key").notNull(),
    tail_size_bytes: integer("tail_size_bytes").notNull(),
    created_us: integer("created_us").notNull(),
    swap_id: text("swap_id"),
    level_mask: integer("level_mask").notNull(),
    services: text("services", { mode: "json" }).$type<string[] | null>(),
    /** Set when a swap replaced it or retention removed it: no longer searched. */
    replaced_us: integer("replaced_us"),
    /** The swap that replaced it, or "retention". */
    replaced_by: text("replaced_by"),
    /** Set when its object is gone from R2. */
    deleted_us: integer("deleted_us"),
  },
  (table) => [primaryKey({ columns: [table.project_id, table.segment_id] })],
);

export const organizations = sqliteTable("organizations", {
  organization_id: text("organization_id").primaryKey(),
  name: text("name").notNull(),
  created_at: text("created_at").notNull(),
  deleted_at: text("deleted_at"),
});

export const projects = sqliteTable(
  "projects",
  {
    project_id: text("project_id").primaryKey(),
    organization_id: text("organization_id").notNull(),
    name: text("name").notNull(),
    retention_days: integer("retention_days").notNull(),
    daily_events_max: integer("daily_events_max").notNull(),
    cors_origins: text("cors_origins", { mode: "json" }).$type<string[]>().notNull(),
    /** Requests in a rate period, of the project and of each key; null: the installation's limits. */
    project_requests_max: integer("project_requests_max"),
    key_requests_max: integer("key_requests_max"),
    created_at: text("created_at").notNull(),
    deleted_at: text("deleted_at"),
  },
  (table) => [index("projects_by_organization").on(table.organization_id)],
);

/** People. better-auth calls its key `id`. Somebody without credentials cannot sign in: the owner that `bootstrap` makes up, or one who was not yet let in. */
export const users = sqliteTable("users", {
  id: text("user_id").primaryKey(),
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  created_at: time("created_at").notNull(),
  updated_at: time("updated_at"),
  email_verified: integer("email_verified", { mode: "boolean" }).notNull().default(false),
  image: text("image"),
  two_factor_enabled: integer("two_factor_enabled", { mode: "boolean" }).notNull().default(false),
});

/** What people sign in with: a hash of their password. The other columns are better-auth's, for ways to sign in that Ledge does not offer. */
export const credentials = sqliteTable(
  "credentials",
  {
    id: text("credential_id").primaryKey(),
    user_id: text("user_id").notNull(),
    account_id: text("account_id").notNull(),
    provider_id: text("provider_id").notNull(),
    password: text("password"),
    access_token: text("access_token"),
    refresh_token: text("refresh_token"),
    id_token: text("id_token"),
    access_token_expires_at: time("access_token_expires_at"),
    refresh_token_expires_at: time("refresh_token_expires_at"),
    scope: text("scope"),
    created_at: time("created_at").notNull(),
    updated_at: time("updated_at").notNull(),
  },
  (table) => [index("credentials_by_user").on(table.user_id)],
);

/** Browsers that are signed in. The cookie holds the token with a signature under LEDGE_SECRET: a row alone signs nobody in. */
export const sessions = sqliteTable(
  "sessions",
  {
    id: text("session_id").primaryKey(),
    token: text("token").notNull().unique(),
    user_id: text("user_id").notNull(),
    expires_at: time("expires_at").notNull(),
    ip_address: text("ip_address"),
    user_agent: text("user_agent"),
    created_at: time("created_at").notNull(),
    updated_at: time("updated_at").notNull(),
  },
  (table) => [index("sessions_by_user").on(table.user_id)],
);

/** Short-lived values of better-auth: password resets, second factors that are asked for, trusted browsers. */
export const verifications = sqliteTable(
  "verifications",
  {
    id: text("verification_id").primaryKey(),
    identifier: text("identifier").notNull(),
    value: text("value").notNull(),
    expires_at: time("expires_at").notNull(),
    created_at: time("created_at").notNull(),
    updated_at: time("updated_at").notNull(),
  },
  (table) => [index("verifications_by_identifier").on(table.identifier)],
);

/** Second factors; secret and backup codes are encrypted under LEDGE_SECRET. */
export const twoFactors = sqliteTable(
  "two_factors",
  {
    id: text("two_factor_id").primaryKey(),
    user_id: text("user_id").notNull(),
    secret: text("secret").notNull(),
    backup_codes: text("backup_codes").notNull(),
    verified: integer("verified", { mode: "boolean" }).notNull().default(true),
    failed_verifications: integer("failed_verifications").notNull().default(0),
    locked_until: time("locked_until"),
  },
  (table) => [index("two_factors_by_user").on(table.user_id)],
);

/** How often something was tried in a span of time, see auth/attempts.ts. */
export const attempts = sqliteTable("attempts", {
  key: text("key").primaryKey(),
  started_ms: integer("started_ms").notNull(),
  ends_ms: integer("ends_ms").notNull(),
  count: integer("count").notNull(),
});

export const members = sqliteTable(
  "members",
  {
    organization_id: text("organization_id").notNull(),
    user_id: text("user_id").notNull(),
    role: text("role", { enum: ["owner", "admin", "member", "viewer"] }).notNull(),
    created_at: text("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.organization_id, table.user_id] }), index("members_by_user").on(table.user_id)],
);

/** Somebody was asked to join an organization. Of the link only a hash is kept. */
export const invitations = sqliteTable(
  "invitations",
  {
    invitation_id: text("invitation_id").primaryKey(),
    organization_id: text("organization_id").notNull(),
    email: text("email").notNull(),
    role: text("role", { enum: ["owner", "admin", "member", "viewer"] }).notNull(),
    token_hash: text("token_hash").notNull().unique(),
    invited_by: text("invited_by").notNull(),
    created_at: text("created_at").notNull(),
    expires_at: text("expires_at").notNull(),
    accepted_at: text("accepted_at"),
    accepted_by: text("accepted_by"),
    revoked_at: text("revoked_at"),
  },
  (table) => [index("invitations_by_organization").on(table.organization_id)],
);

/** What a person set in the dashboard: one bounded JSON document each. */
export const userSettings = sqliteTable("user_settings", {
  user_id: text("user_id").primaryKey(),
  document: text("document", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
  updated_at: text("updated_at").notNull(),
});

/** Searches that members of a project keep for each other. */
export const savedSearches = sqliteTable(
  "saved_searches",
  {
    search_id: text("search_id").primaryKey(),
    project_id: text("project_id").notNull(),
    name: text("name").notNull(),
    query: text("query").notNull(),
    /** The rest of the view, as the dashboard wrote it. */
    view: text("view", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    created_by: text("created_by").notNull(),
    created_at: text("created_at").notNull(),
    updated_at: text("updated_at").notNull(),
  },
  (table) => [index("saved_searches_by_project").on(table.project_id)],
);

/** Who did what. Triggers of a migration refuse changes, and removal before AUDIT_RETENTION_DAYS have passed. */
export const audit = sqliteTable(
  "audit",
  {
    /** Begins with the time, so that ids are in the order of time. */
    audit_id: text("audit_id").primaryKey(),
    at: text("at").notNull(),
    organization_id: text("organization_id"),
    project_id: text("project_id"),
    actor_kind: text("actor_kind", { enum: ["user", "key", "operator", "system", "nobody"] }).notNull(),
    actor_id: text("actor_id"),
    /** What the actor was called then: an e-mail address, a key's name. */
    actor_name: text("actor_name"),
    action: text("action").notNull(),
    target: text("target"),
    details: text("details", { mode: "json" }).$type<Record<string, unknown>>().notNull(),
    ip_address: text("ip_address"),
    user_agent: text("user_agent"),
  },
  (table) => [
    index("audit_by_organization").on(table.organization_id, table.audit_id),
    index("audit_by_project").on(table.project_id, table.audit_id),
  ],
);

/** Projects that are to be deleted, or were: what the job goes by and what its status shows. */
export const deletions = sqliteTable("deletions", {
  project_id: text("project_id").primaryKey(),
  organization_id: text("organization_id").notNull(),
  project_name: text("project_name").notNull(),
  requested_by: text("requested_by").notNull(),
  requested_at: text("requested_at").notNull(),
  /** When it begins; until then it can be undone. */
  due_at: text("due_at").notNull(),
  state: text("state", { enum: ["waiting", "deleting", "checking", "done"] }).notNull(),
  /** Removed so far. */
  objects: integer("objects").notNull().default(0),
  data_removed_at: text("data_removed_at"),
  finished_at: text("finished_at"),
});

/** A copy of what the project's object holds, for listing and for rebuilding the object. */
export const apiKeys = sqliteTable(
  "api_keys",
  {
    key_id: text("key_id").primaryKey(),
    project_id: text("project_id").notNull(),
    name: text("name").notNull(),
    hash: text("hash").notNull(),
    prefix: text("prefix").notNull(),
    scopes: text("scopes", { mode: "json" }).$type<("ingest" | "read" | "admin")[]>().notNull(),
    created_at: text("created_at").notNull(),
    expires_at: text("expires_at"),
    revoked_at: text("revoked_at"),
    last_used_at: text("last_used_at"),
    /** The key that took its place, where it was rotated. */
    replaced_by: text("replaced_by"),
  },
  (table) => [index("api_keys_by_project").on(table.project_id)],
);
