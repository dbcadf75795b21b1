import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { D1Database } from "@cloudflare/workers-types/experimental";

/** The table in which wrangler remembers what it applied: a database may be served by either. */
const TABLE = "d1_migrations";

export interface Migration {
  name: string;
  statements: string[];
}

/** The SQL files of a folder in the order of their names, split where drizzle-kit marks the end of a statement. */
export function readMigrations(folder: string): Migration[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => ({ name, statements: splitStatements(readFileSync(join(folder, name), "utf8")) }));
}

function splitStatements(sql: string): string[] {
  return sql
    .split("--> statement-breakpoint")
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}

/** Applies what is missing, each migration whole or not at all. Returns the names of those applied now. */
export async function applyMigrations(db: D1Database, migrations: Migration[]): Promise<string[]> {
  await db
    .prepare(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)`,
    )
    .run();
  const { results } = await db.prepare(`SELECT name FROM ${TABLE}`).all<{ name: string }>();
  const applied = new Set(results.map((row) => row.name));
  const missing = migrations.filter((migration) => !applied.has(migration.name));
  for (const migration of missing) {
    const record = db.prepare(`INSERT INTO ${TABLE} (name) VALUES (?)`).bind(migration.name);
    await db.batch([...migration.statements.map((statement) => db.prepare(statement)), record]);
  }
  return missing.map((migration) => migration.name);
}
