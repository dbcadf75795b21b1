/** Events of fixed types, so that DuckDB has them as columns of those types and takes the same statements word for word. */
import { connection, sqlText } from "../../oracle/duckdb.ts";
import type { PlainEvent } from "../batches.ts";

const COLUMNS = {
  level: "VARCHAR",
  service: "VARCHAR",
  host: "VARCHAR",
  message: "VARCHAR",
  path: "VARCHAR",
  user: "VARCHAR",
  "http.method": "VARCHAR",
  userId: "VARCHAR",
  version: "VARCHAR",
  duration_ms: "DOUBLE",
  status: "BIGINT",
  n: "BIGINT",
  retry: "BOOLEAN",
  cached: "BOOLEAN",
} as const;
const OWN = new Set(["level", "service", "host", "message"]);

const LEVELS = ["INFO", "ERROR", "WARN", "DEBUG", null, "FATAL", "INFO"];
const SERVICES = ["api", "web", "billing", null, "Api"];
const MESSAGES = [
  "GET /api/v1/users completed in 12 ms",
  "Connection reset by peer",
  "upstream timeout after 3 retries",
  "payment failed: card_declined (code 51)",
  "Zugriff für Größe geändert",
  "50% done, a_b\\c",
  "",
  "日本語 😀 log",
  "CONNECTION RESET",
  'it\'s "quoted"',
];
const USERS = ["alice", "Bob", "bob", null, "Jürgen", "", "ALICE"];
const PATHS = ["/api/v1/users", "/api/v1/orders", "/health", null];
const VERSIONS = ["2.1", "2.10", "v3", null];

/** Times lie at the edges of hours and days, too. */
const STARTS = [Date.UTC(2026, 2, 1, 9), Date.UTC(2026, 1, 28, 23, 59, 59), Date.UTC(2026, 2, 2, 0), Date.UTC(2026, 2, 1, 9, 4, 30)];

export const ROWS: readonly Record<string, string | number | boolean | null>[] = Array.from({ length: 84 }, (_, index) => ({
  timestamp: STARTS[index % 4]! * 1000 + Math.floor(index / 4) * 61_000_001,
  level: LEVELS[index % 7]!,
  service: SERVICES[index % 5]!,
  host: index % 3 === 0 ? null : `web-${index % 4}`,
  message: MESSAGES[index % 10]!,
  path: PATHS[index % 4]!,
  user: USERS[index % 7]!,
  "http.method": index % 2 === 0 ? "GET" : index % 5 === 0 ? null : "POST",
  userId: `u${index % 9}`,
  version: VERSIONS[Math.floor(index / 3) % 4]!,
  duration_ms: index % 6 === 0 ? null : (index * 37) % 11 === 0 ? -0.5 : ((index * 7919) % 5000) / 8,
  status: index % 8 === 0 ? null : [200, 404, 500, 502, 200, 0][index % 6]!,
  n: index,
  retry: index % 4 === 0 ? null : index % 3 === 0,
  cached: index % 9 === 0,
}));

export const EVENTS: readonly PlainEvent[] = ROWS.map(({ timestamp, ...values }) => {
  const present = Object.entries(values).filter(([, value]) => value !== null);
  return {
    timestamp_us: timestamp as number,
    ingest_us: (timestamp as number) + 1,
    fields: Object.fromEntries(present.filter(([name]) => OWN.has(name))),
    attributes: Object.fromEntries(present.filter(([name]) => !OWN.has(name))),
  } as PlainEvent;
});

function sqlValue(value: string | number | boolean | null): string {
  return typeof value === "string" ? sqlText(value) : String(value);
}

export async function loadDuckDB(): Promise<void> {
  const duckdb = await connection();
  const names = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];
  const columns = names.map((name) => `"${name}" ${COLUMNS[name]}`).join(", ");
  await duckdb.run(`CREATE OR REPLACE TABLE logs ("timestamp" TIMESTAMPTZ, ${columns})`);
  const tuples = ROWS.map((row) => `(make_timestamptz(${row.timestamp}), ${names.map((name) => sqlValue(row[name]!)).join(", ")})`);
  await duckdb.run(`INSERT INTO logs VALUES ${tuples.join(", ")}`);
}

/** What DuckDB answers, in the shapes of an answer of Ledge. */
export async function askDuckDB(sql: string): Promise<{ names: string[]; rows: unknown[][] }> {
  const duckdb = await connection();
  const reader = await duckdb.runAndReadAll(sql);
  return { names: reader.columnNames(), rows: reader.getRowsJS().map((row) => row.map(shown)) };
}

function shown(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (value instanceof Date) return value.toISOString();
  return value;
}
