import type { SQL, SQLWrapper } from "drizzle-orm";
import { SQLiteAsyncDialect } from "drizzle-orm/sqlite-core";

const dialect = new SQLiteAsyncDialect();

/** drizzle's own batch takes built queries only, not statements of `sql`. */
export function preparedOf(db: D1Database, statement: SQL): D1PreparedStatement {
  const { sql: text, params } = dialect.sqlToQuery(statement);
  return db.prepare(text).bind(...params);
}

/** Runs statements in one transaction: all of them or, where one fails, none. @returns the rows that each changed */
export async function runTogether(db: D1Database, statements: readonly SQLWrapper[]): Promise<number[]> {
  const results = await db.batch(statements.map((statement) => preparedOf(db, statement.getSQL())));
  return results.map((result) => result.meta.changes);
}
