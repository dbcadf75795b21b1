/** The questions that are asked of Ledge and of DuckDB; each answer is boiled down to a text that must be the same on both sides. */
import { NEEDLE_PHRASE, TIMEOUT_PHRASE, type Truth } from "../generate.ts";

export interface Question {
  id: string;
  name: string;
  parameters: Record<string, string>;
  /** Ledge's answer. */
  read(answer: Answer): string;
  sql: string;
  /** DuckDB's rows. */
  readRows(rows: unknown[][]): string;
}

export interface Answer {
  events?: { timestamp: string }[];
  rows?: unknown[][];
  stats?: { reads: number; bytes_read: number };
}

const cell = (rows: unknown[][] | undefined): string => String(Number(rows?.[0]?.[0]));
const eventCount = ({ events = [] }: Answer): string => `${events.length} events`;
const rowCount = (rows: unknown[][]): string => `${rows.length} events`;
/** Rows in any order, each with its last column as a number. */
const counts = (rows: unknown[][] = []): string =>
  rows
    .map((row) => `${row.slice(0, -1).map(keyOf).join(" ")}=${Number(row.at(-1))}`)
    .sort()
    .join("; ");
const keyOf = (value: unknown): string =>
  /^\d{4}-\d\d-\d\d[ T]/.test(String(value)) ? new Date(`${String(value).slice(0, 19).replace(" ", "T")}Z`).toISOString() : String(value);
/** The counts alone: equal counts may come in any order. */
const topCounts = (rows: unknown[][] = []): string => rows.map((row) => Number(row[1])).join(" ");
/** Quantiles to two digits: they may be estimates within the error that is documented. */
const quantiles = (rows: unknown[][] = []): string =>
  rows
    .map(([name, ...values]) => `${name}=${values.map((value) => Number(Number(value).toPrecision(2))).join("/")}`)
    .sort()
    .join("; ");

export function questions(truth: Truth): Question[] {
  const newest = 'ORDER BY "timestamp" DESC LIMIT';
  return [
    {
      id: "Q1",
      name: "rare word, all that there are",
      parameters: { q: `"${NEEDLE_PHRASE}"`, limit: "1000" },
      read: eventCount,
      sql: `SELECT * FROM logs WHERE contains(message, '${NEEDLE_PHRASE}') ${newest} 1000`,
      readRows: rowCount,
    },
    {
      id: "Q2",
      name: "common phrase, newest 100",
      parameters: { q: `"${TIMEOUT_PHRASE}"`, limit: "100" },
      read: ({ events = [] }) => `${events.length} from ${events.at(-1)?.timestamp.slice(0, 23)}`,
      sql: `SELECT epoch_ms("timestamp"::TIMESTAMP), * FROM logs WHERE contains(message, '${TIMEOUT_PHRASE}') ${newest} 100`,
      readRows: (rows) => `${rows.length} from ${new Date(Number(rows.at(-1)?.[0])).toISOString().slice(0, 23)}`,
    },
    {
      id: "Q3",
      name: "count by level and hour",
      parameters: { q: "* | stats count() by level, bucket(1h)" },
      read: ({ rows }) => counts(rows),
      sql: `SELECT level, date_trunc('hour', "timestamp"::TIMESTAMP), count(*) FROM logs GROUP BY ALL`,
      readRows: counts,
    },
    {
      id: "Q4",
      name: "count of errors of one service",
      parameters: { q: "level:ERROR service:api | stats count()" },
      read: ({ rows }) => cell(rows),
      sql: "SELECT count(*) FROM logs WHERE level = 'ERROR' AND service = 'api'",
      readRows: cell,
    },
    {
      id: "Q5",
      name: "p50 and p99 of duration by service",
      parameters: { q: "* | stats p50(duration_ms), p99(duration_ms) by service" },
      read: ({ rows }) => quantiles(rows),
      sql: "SELECT service, quantile_disc(duration_ms, 0.5), quantile_disc(duration_ms, 0.99) FROM logs GROUP BY service",
      readRows: quantiles,
    },
    {
      id: "Q6",
      name: "top 10 paths",
      parameters: { q: "path:* | top 10 path" },
      read: ({ rows }) => topCounts(rows),
      sql: "SELECT path, count(*) AS n FROM logs WHERE path IS NOT NULL GROUP BY path ORDER BY n DESC LIMIT 10",
      readRows: topCounts,
    },
    {
      id: "Q7",
      name: "count of a regular expression",
      parameters: { q: `message:~"from [0-9.]+ port [0-9]+" | stats count()` },
      read: ({ rows }) => cell(rows),
      sql: "SELECT count(*) FROM logs WHERE regexp_matches(message, 'from [0-9.]+ port [0-9]+')",
      readRows: cell,
    },
    {
      id: "Q8",
      name: "one trace",
      parameters: { q: `trace_id:${truth.trace_id}`, limit: "100" },
      read: eventCount,
      sql: `SELECT * FROM logs WHERE trace_id = '${truth.trace_id}' ${newest} 100`,
      readRows: rowCount,
    },
    {
      id: "Q9",
      name: "distinct users",
      parameters: { q: "* | stats count_uniq(user_id)" },
      read: ({ rows }) => cell(rows),
      sql: "SELECT count(DISTINCT user_id) FROM logs",
      readRows: cell,
    },
    {
      id: "count",
      name: "count of a phrase",
      parameters: { q: `"${TIMEOUT_PHRASE}" | stats count()` },
      read: ({ rows }) => cell(rows),
      sql: `SELECT count(*) FROM logs WHERE contains(message, '${TIMEOUT_PHRASE}')`,
      readRows: cell,
    },
    {
      id: "range",
      name: "count of a number's range",
      parameters: { q: "duration_ms:>1000 | stats count()" },
      read: ({ rows }) => cell(rows),
      sql: "SELECT count(*) FROM logs WHERE duration_ms > 1000",
      readRows: cell,
    },
    {
      id: "newest",
      name: "newest 100 errors of one service",
      parameters: { q: "level:ERROR service:api", limit: "100" },
      read: eventCount,
      sql: `SELECT * FROM logs WHERE level = 'ERROR' AND service = 'api' ${newest} 100`,
      readRows: rowCount,
    },
  ];
}
