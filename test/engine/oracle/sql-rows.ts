/** Random rows of fixed types, as events and as a table of DuckDB, so that both take the same statements word for word. */
import { BIGINT, BOOLEAN, DOUBLE, DuckDBTimestampTZValue, type DuckDBType, TIMESTAMPTZ, VARCHAR } from "@duckdb/node-api";
import fc from "fast-check";
import { randomOf } from "../../support/random.ts";
import type { PlainEvent } from "../query/batches.ts";
import { connection } from "./duckdb.ts";
import { time_us } from "./events.ts";

const COLUMNS: Readonly<Record<string, DuckDBType>> = {
  timestamp: TIMESTAMPTZ,
  level: VARCHAR,
  service: VARCHAR,
  host: VARCHAR,
  message: VARCHAR,
  path: VARCHAR,
  n: BIGINT,
  status: BIGINT,
  duration_ms: DOUBLE,
  retry: BOOLEAN,
};
const OWN = new Set(["level", "service", "host", "message"]);

/** Cases that lie within one letter; the final sigma and such are the business of other tests. */
const WORDS = [
  "error",
  "Error",
  "timeout",
  "time out",
  "é",
  "É",
  "ß",
  "a_b",
  "50%",
  "x'y",
  '"q"',
  "",
  "日本",
  "😀",
  "12",
  "Connection reset by peer",
];
export const text = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 2, arbitrary: fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 3 }).map((words) => words.join(" ")) },
  { weight: 1, arbitrary: fc.string({ maxLength: 4 }) },
);

export type SqlRow = Record<string, string | number | boolean>;

export const sqlRow: fc.Arbitrary<SqlRow> = fc.record(
  {
    timestamp: time_us,
    level: fc.constantFrom("INFO", "WARN", "ERROR"),
    service: fc.constantFrom("api", "web", "Api", "billing"),
    host: text,
    message: text,
    path: fc.constantFrom("/api/v1/users", "/api/v1/orders", "/health"),
    status: fc.constantFrom(0, 200, 404, 500, 502, -1),
    duration_ms: fc.oneof(
      fc.constantFrom(0, 0.5, -0.5, 1.25, 1000, 12.5),
      fc.integer({ min: -8_000, max: 40_000 }).map((eighths) => eighths / 8),
    ),
    retry: fc.boolean(),
  },
  { requiredKeys: ["timestamp"] },
);

export interface SqlDataset {
  pool: SqlRow[];
  count: number;
  seed: number;
}

export const sqlDataset: fc.Arbitrary<SqlDataset> = fc.record({
  pool: fc.array(sqlRow, { minLength: 1, maxLength: 30, size: "max" }),
  count: fc.constantFrom(1, 20, 60, 700),
  seed: fc.nat(1_000_000),
});

/** Rows drawn from the pool; `n` numbers them. */
export function sqlRows({ pool, count, seed }: SqlDataset): SqlRow[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, n) => ({ ...pool[Math.floor(random() * pool.length)]!, n }));
}

export function eventOf({ timestamp, ...values }: SqlRow): PlainEvent {
  const entries = Object.entries(values);
  return {
    timestamp_us: timestamp as number,
    ingest_us: values.n as number,
    fields: Object.fromEntries(entries.filter(([name]) => OWN.has(name))),
    attributes: Object.fromEntries(entries.filter(([name]) => !OWN.has(name))),
  };
}

/** Replaces the table `logs`. */
export async function loadSqlRows(rows: readonly SqlRow[]): Promise<void> {
  const duckdb = await connection();
  const columns = Object.entries(COLUMNS).map(([name, type]) => `"${name}" ${type}`);
  await duckdb.run(`CREATE OR REPLACE TABLE logs (${columns.join(", ")})`);
  const appender = await duckdb.createAppender("logs");
  for (const each of rows) {
    for (const [name, type] of Object.entries(COLUMNS)) {
      const value = each[name];
      if (value === undefined) appender.appendNull();
      else if (type === TIMESTAMPTZ) appender.appendValue(new DuckDBTimestampTZValue(BigInt(value as number)), type);
      else appender.appendValue(type === BIGINT ? BigInt(value as number) : value, type);
    }
    appender.endRow();
  }
  appender.closeSync();
}
