import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { SqlDatabase, SqlValue } from "../../../durable-objects/storage.ts";

/** A Durable Object's storage on Node's SQLite: the same engine that workerd has inside. */
export function objectStorage(database: DatabaseSync): SqlDatabase {
  const prepared = new Map<string, StatementSync>();
  const statementOf = (query: string) => {
    const known = prepared.get(query) ?? database.prepare(query);
    prepared.set(query, known);
    return known;
  };
  return {
    exec: (query, ...bindings) => {
      const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value)) as SQLInputValue[];
      const rows = statementOf(query).all(...values) as Record<string, SqlValue>[];
      return { toArray: () => rows };
    },
    transaction: (work) => {
      database.exec("BEGIN");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    },
  };
}

interface PreparedShim {
  query: string;
  bindings: SQLInputValue[];
}

/**
 * D1 on Node's SQLite, as far as drizzle's driver uses it.
 * @param step runs an effect when the world says so; it may refuse with an error instead
 */
export function d1On(database: DatabaseSync, step: <T>(name: string, effect: () => T) => Promise<T>): D1Database {
  const rowsOf = ({ query, bindings }: PreparedShim) => database.prepare(query).all(...bindings);
  const resultOf = (prepared: PreparedShim) => {
    const statement = database.prepare(prepared.query);
    const reads = statement.columns().length > 0;
    const results = reads ? statement.all(...prepared.bindings) : [];
    const changes = reads ? 0 : Number(statement.run(...prepared.bindings).changes);
    return { results, success: true, meta: { changes } };
  };
  const prepare = (query: string, bindings: SQLInputValue[] = []): unknown => ({
    query,
    bindings,
    bind: (...values: SQLInputValue[]) => prepare(query, values),
    all: () => step("d1", () => resultOf({ query, bindings })),
    run: () => step("d1", () => resultOf({ query, bindings })),
    raw: () => step("d1", () => rowsOf({ query, bindings }).map((row) => Object.values(row))),
    first: () => step("d1", () => rowsOf({ query, bindings })[0] ?? null),
  });
  const batch = (prepared: PreparedShim[]) =>
    step("d1", () => {
      database.exec("BEGIN");
      try {
        const results = prepared.map(resultOf);
        database.exec("COMMIT");
        return results;
      } catch (error) {
        database.exec("ROLLBACK");
        throw error;
      }
    });
  return { prepare, batch } as unknown as D1Database;
}
