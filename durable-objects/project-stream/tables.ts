import { type SqlDatabase, STATE_TABLE } from "../storage.ts";

/**
 * Rows are slots with integer ids, reused by REPLACE: a DELETE is a billed write and a text key doubles one.
 * In `slot`, `head` stands before `data` so that a scan of the heads reads no frame.
 */
const TABLES = [
  "CREATE TABLE IF NOT EXISTS slot (slot_id INTEGER PRIMARY KEY, seq_min INTEGER NOT NULL, seq_max INTEGER NOT NULL, head TEXT NOT NULL, event_ids BLOB, data BLOB NOT NULL)",
  "CREATE TABLE IF NOT EXISTS seen (row_id INTEGER PRIMARY KEY, keyed INTEGER NOT NULL, time_min_ms INTEGER NOT NULL, time_max_ms INTEGER NOT NULL, ids BLOB NOT NULL)",
  "CREATE TABLE IF NOT EXISTS client_event_id (row_id INTEGER PRIMARY KEY, added_ms INTEGER NOT NULL, hashes BLOB NOT NULL)",
  "CREATE TABLE IF NOT EXISTS outbox (row_id INTEGER PRIMARY KEY, seq_max INTEGER NOT NULL, committed_ms INTEGER NOT NULL, exported_ms INTEGER, segment TEXT)",
  "CREATE TABLE IF NOT EXISTS flushed (row_id INTEGER PRIMARY KEY, seq_min INTEGER NOT NULL, seq_max INTEGER NOT NULL, committed_ms INTEGER NOT NULL, accepted_ms_max INTEGER NOT NULL, segment TEXT, frames TEXT NOT NULL)",
  "CREATE TABLE IF NOT EXISTS ticket (row_id INTEGER PRIMARY KEY, expires_ms INTEGER NOT NULL, record TEXT)",
  STATE_TABLE,
  "CREATE TABLE IF NOT EXISTS api_key (row_id INTEGER PRIMARY KEY, record TEXT NOT NULL)",
];

export function createTables(sql: SqlDatabase): void {
  for (const table of TABLES) sql.exec(table);
}

/** Rows of the table `state`. */
export const STATE = { progress: 1, plan: 2, settings: 3, queries: 10 } as const;
