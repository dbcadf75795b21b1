/** An object's view of its SQLite: what `ctx.storage` offers, small enough for the simulated world to offer the same. */
export type SqlValue = string | number | null | ArrayBuffer | Uint8Array;

export interface SqlDatabase {
  exec(query: string, ...bindings: SqlValue[]): { toArray(): Record<string, SqlValue>[] };
  /** Runs `work` in one synchronous transaction: all of it or, where it throws, nothing. */
  transaction<T>(work: () => T): T;
}

/** The view of a real object's storage. */
export function sqlOf(storage: DurableObjectStorage): SqlDatabase {
  return {
    exec: (query: string, ...bindings: SqlValue[]) => storage.sql.exec<Record<string, SqlStorageValue>>(query, ...bindings),
    transaction: (work) => storage.transactionSync(work),
  };
}

/** Every object has a table `state`: JSON values in rows of fixed ids. */
export const STATE_TABLE = "CREATE TABLE IF NOT EXISTS state (state_id INTEGER PRIMARY KEY, value TEXT NOT NULL)";

export function readState<T>(sql: SqlDatabase, state_id: number): T | null {
  const row = sql.exec("SELECT value FROM state WHERE state_id = ?", state_id).toArray()[0];
  return row ? (JSON.parse(row.value as string) as T) : null;
}

/** Part of a transaction, or one by itself. */
export function writeState(sql: SqlDatabase, state_id: number, value: unknown): void {
  sql.exec("REPLACE INTO state (state_id, value) VALUES (?, ?)", state_id, JSON.stringify(value));
}

export function blobOf(value: SqlValue | undefined): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return new Uint8Array(0);
}

/** Row ids in use, and the lowest free ones after them: slots are taken again as soon as they are given back. */
export class FreeRows {
  private next = 1;
  private readonly free: number[] = [];

  constructor(used: Iterable<number>, highest: number) {
    const taken = new Set(used);
    this.next = highest + 1;
    for (let row_id = 1; row_id <= highest; row_id++) if (!taken.has(row_id)) this.free.push(row_id);
  }

  take(): number {
    return this.free.pop() ?? this.next++;
  }

  giveBack(row_id: number): void {
    this.free.push(row_id);
  }
}
