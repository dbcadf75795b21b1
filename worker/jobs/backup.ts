import { getTableName, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { BACKUP_PREFIX } from "../catalog/keys.ts";
import {
  apiKeys,
  audit,
  credentials,
  deletions,
  invitations,
  members,
  organizations,
  projects,
  savedSearches,
  twoFactors,
  userSettings,
  users,
} from "../catalog/schema.ts";
import { BACKUP_ROWS_PER_READ, BACKUPS_KEPT_MAX } from "../limits.ts";
import type { House } from "./house.ts";

/** What D1 alone holds. The catalog of segments is not among it: R2 has all that it says. Nor is what passes: sessions, links that were sent, tries. */
const TABLES: SQLiteTable[] = [
  organizations,
  users,
  credentials,
  twoFactors,
  userSettings,
  members,
  invitations,
  projects,
  deletions,
  apiKeys,
  savedSearches,
  audit,
];

/**
 * Writes the day's backup to R2: a file of SQL statements that `wrangler d1 execute --file` takes, literals quoted by SQLite itself.
 * Older backups beyond BACKUPS_KEPT_MAX are removed.
 * @returns the key of the backup
 */
export async function backUp(house: House): Promise<string> {
  const lines: string[] = [];
  for (const table of TABLES) lines.push(...(await statementsOf(house.db, table)));
  const key = `${BACKUP_PREFIX}${new Date(house.now_ms()).toISOString().slice(0, 10)}.sql`;
  await house.bucket.put(key, `${lines.join("\n")}\n`);
  const page = await house.bucket.list({ prefix: BACKUP_PREFIX });
  const old = page.objects
    .map((object) => object.key)
    .sort()
    .slice(0, -BACKUPS_KEPT_MAX);
  if (old.length > 0) await house.bucket.delete(old);
  return key;
}

async function statementsOf(db: D1Database, table: SQLiteTable): Promise<string[]> {
  const name = getTableName(table);
  const columns = getTableConfig(table).columns.map((column) => column.name);
  const literals = sql.raw(columns.map((column) => `quote(${column})`).join(" || ',' || "));
  const statements: string[] = [];
  for (let last = -1; ; ) {
    const rows = await drizzle(db).all<{ position: number; literals: string }>(
      sql`SELECT rowid AS position, ${literals} AS literals FROM ${table} WHERE rowid > ${last} ORDER BY rowid LIMIT ${BACKUP_ROWS_PER_READ}`,
    );
    for (const row of rows) statements.push(`INSERT OR REPLACE INTO ${name} (${columns.join(", ")}) VALUES (${row.literals});`);
    if (rows.length < BACKUP_ROWS_PER_READ) return statements;
    last = rows.at(-1)!.position;
  }
}
