import { type SqlDatabase, STATE_TABLE } from "../storage.ts";

/** Row ids of the table `state`. */
export const STATE = { progress: 2 } as const;

/**
 * `metric`: a row for each declared metric. `part`: what was counted, in rows that are taken again once they are merged into others; each says up
 * to where everything is counted, so that counts and cursor are one write.
 */
export function createTables(sql: SqlDatabase): void {
  sql.exec(STATE_TABLE);
  sql.exec("CREATE TABLE IF NOT EXISTS metric (metric_row INTEGER PRIMARY KEY, record TEXT NOT NULL)");
  sql.exec(
    "CREATE TABLE IF NOT EXISTS part (slot_id INTEGER PRIMARY KEY, n_min INTEGER NOT NULL, n INTEGER NOT NULL, level INTEGER NOT NULL, at_ms INTEGER NOT NULL, cursor TEXT NOT NULL, data BLOB NOT NULL)",
  );
}
