/** Tables of D1. Migrations are made from this file: `npm run migrations`. */
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";

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
    created_at: text("created_at").notNull(),
    deleted_at: text("deleted_at"),
  },
  (table) => [index("projects_by_organization").on(table.organization_id)],
);

/** People. Sign-in comes with the accounts; until then an owner is known by address only. */
export const users = sqliteTable("users", {
  user_id: text("user_id").primaryKey(),
  email: text("email").notNull().unique(),
  name: text("name").notNull(),
  created_at: text("created_at").notNull(),
});

export const members = sqliteTable(
  "members",
  {
    organization_id: text("organization_id").notNull(),
    user_id: text("user_id").notNull(),
    role: text("role", { enum: ["owner", "admin", "member", "viewer"] }).notNull(),
    created_at: text("created_at").notNull(),
  },
  (table) => [primaryKey({ columns: [table.organization_id, table.user_id] })],
);

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
  },
  (table) => [index("api_keys_by_project").on(table.project_id)],
);
