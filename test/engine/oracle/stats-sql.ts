/** What `stats` answers, computed by DuckDB from the documentation: groups and plain aggregates there, exact sums here. */
import type { GroupKey, Pipe, StatsCall, StatsPipe, TableValue } from "../../../worker/engine/query/query.ts";
import { STATS_VALUES_MAX } from "../../../worker/limits.ts";
import type { EventTable } from "./duckdb.ts";
import { exactSum } from "./exact.ts";
import { ExpressionSql } from "./expression-sql.ts";
import { filterSql, numberSql } from "./filter-sql.ts";

/** Of one column of the answer: what DuckDB is asked for each group, and what follows from that. */
interface Column {
  sql: string[];
  /** Whether the engine's cell is right. */
  accepts(cell: TableValue, found: unknown[]): boolean;
  /** For messages, and for `sort`. */
  expected(found: unknown[]): TableValue;
}

function exactly(sql: string[], expected: (found: unknown[]) => TableValue): Column {
  return { sql, expected, accepts: (cell, found) => sameCell(cell, expected(found)) };
}

export function sameCell(left: TableValue, right: TableValue): boolean {
  return left === right || (typeof left === "number" && typeof right === "number" && left - right === 0);
}

const MONDAY_US = 4 * 86_400_000_000;
const WEEK_US = 7 * 86_400_000_000;
const TIME_TEXT = "'%Y-%m-%dT%H:%M:%S.%fZ'";

/** The text by which a key groups, NULL for nothing. */
export function keySql(key: GroupKey, table: EventTable): string {
  if (key.kind === "field") return key.expression ? new ExpressionSql(table).text(key.expression) : `(${table.field(key.field).whole}).t`;
  const origin_us = (key.size_us % WEEK_US === 0 ? MONDAY_US : 0) - key.zone_us;
  const start = `(ts - ${origin_us} - (((ts - ${origin_us}) % ${key.size_us}) + ${key.size_us}) % ${key.size_us} + ${origin_us})`;
  return `strftime(make_timestamp(${start}), ${TIME_TEXT})`;
}

/** A key as it is shown: as a number or boolean where all that have this value, whatever the other keys, are such. */
async function keyColumn(key: GroupKey, condition: string, table: EventTable): Promise<Column> {
  const text = keySql(key, table);
  if (key.kind === "bucket" || key.expression) return exactly([text], ([found]) => found as TableValue);
  const kind = `(${table.field(key.field).whole}).k`;
  const rows = await table.rows(`SELECT ${text}, list(DISTINCT ${kind}) FROM ${table.name} WHERE ${condition} GROUP BY 1`);
  const kinds = new Map(rows.map(([found, list]) => [found, list as string[]]));
  return exactly([text], ([found]) => {
    if (found === null) return null;
    const all = kinds.get(found) ?? [];
    return shown(all.length === 1 ? all[0]! : "text", found as string);
  });
}

const isTime = (field: string) => field === "timestamp" || field === "ingest_ts";

/** A call's own value in each event, and the events that it counts. */
function sourceOf({ field, expression, where }: StatsCall, table: EventTable): { whole: string; only: string } {
  const only = where ? filterSql(where, table) : "true";
  if (!expression) return { whole: field === null ? "" : table.field(field).whole, only };
  const number = new ExpressionSql(table).number(expression);
  return { whole: `{k: CASE WHEN ${number} IS NOT NULL THEN 'number' END, t: CAST(${number} AS VARCHAR), n: ${number}}`, only };
}

const SHARES: Readonly<Record<string, number>> = { median: 0.5, p50: 0.5, p75: 0.75, p90: 0.9, p95: 0.95, p99: 0.99, p999: 0.999 };

function callColumn(call: StatsCall, table: EventTable): Column {
  const { name, field, parameters = [] } = call;
  const { whole, only } = sourceOf(call, table);
  if (field === null) return exactly([`count(*) FILTER (${only})`], ([count]) => Number(count));
  const held = `(${whole}).k`;
  const number = `(CASE WHEN ${only} THEN ${numberSql(`(${whole})`)} END)`;
  const numbers = `coalesce(list(${number}) FILTER (${number} IS NOT NULL), [])`;
  const ordered = (direction: string, member: string) =>
    `first((${whole}).${member} ORDER BY ts ${direction}, id ${direction}) FILTER (${held} IS NOT NULL AND ${only})`;
  if (name in SHARES || name === "quantile") {
    const share = SHARES[name] ?? parameters[0]!;
    return exactly([`quantile_disc(${number}, ${share})`], ([value]) => value as TableValue);
  }
  switch (name) {
    case "count":
      return exactly([`count(*) FILTER (${held} IS NOT NULL AND ${only})`], ([count]) => Number(count));
    case "count_uniq":
      return exactly([`count(DISTINCT (${whole}).t) FILTER (${only})`], ([count]) => Number(count));
    case "sum":
      return exactly([numbers], ([values]) => sumOf(values as number[]));
    case "avg":
      return exactly([numbers], ([values]) => {
        const sum = sumOf(values as number[]);
        return sum === null ? null : sum / (values as number[]).length;
      });
    case "min":
    case "max": {
      if (!isTime(field)) return exactly([`${name}(${number})`], ([value]) => value as TableValue);
      const time = field === "timestamp" ? "ts" : "id";
      return exactly([`strftime(make_timestamp(${name}(${time}) FILTER (${only})), ${TIME_TEXT})`], ([value]) => value as TableValue);
    }
    case "variance":
    case "stddev":
      return nearly([numbers], ([values]) => spread(values as number[], name === "stddev"));
    case "first":
    case "last": {
      const direction = name === "first" ? "ASC" : "DESC";
      return exactly([ordered(direction, "k"), ordered(direction, "t")], ([kind, text]) => shown(kind as string | null, text as string));
    }
    case "values":
      return exactly([`list(DISTINCT {k: ${held}, t: (${whole}).t}) FILTER (${held} IS NOT NULL AND ${only})`], ([list]) =>
        distinct((list ?? []) as { k: string; t: string }[]),
      );
    case "histogram":
      return {
        sql: [numbers],
        expected: ([values]) => `ranges of ${values}`,
        accepts: (cell, [values]) => isHistogram(cell, values as number[], parameters[0] ?? 20),
      };
    case "any":
      return {
        sql: [`list(DISTINCT {k: ${held}, t: (${whole}).t}) FILTER (${held} IS NOT NULL AND ${only})`],
        expected: () => "one of the values",
        accepts: (cell, [list]) =>
          list === null ? cell === null : (list as { k: string; t: string }[]).some(({ k, t }) => sameCell(cell, shown(k, t))),
      };
    default:
      throw new Error(`no translation of ${name}`);
  }
}

function sumOf(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sum = exactSum(values);
  return Number.isFinite(sum) ? sum : null;
}

/** A value as a cell shows it. */
function shown(kind: string | null, text: string): TableValue {
  if (kind === null) return null;
  return kind === "number" ? Number(text) : kind === "boolean" ? text === "true" : text;
}

/** Variance of a sample in exact fractions of 2^-1074 would be far; in doubles around the exact mean it is near enough. */
function spread(values: readonly number[], root: boolean): number | null {
  if (values.length < 2) return null;
  const mean = exactSum(values) / values.length;
  const variance = exactSum(values.map((value) => (value - mean) ** 2).filter(Number.isFinite)) / (values.length - 1);
  const overflows = !Number.isFinite(mean) || values.some((value) => !Number.isFinite((value - mean) ** 2)) || !Number.isFinite(variance);
  return overflows ? null : root ? Math.sqrt(variance) : variance;
}

/** Within the error of doubles; whether a spread of numbers near their limits still is one, two ways of computing may see otherwise. */
function nearly(sql: string[], expected: (found: unknown[]) => TableValue): Column {
  const accepts = (cell: TableValue, found: unknown[]) => {
    const wanted = expected(found);
    if (sameCell(cell, wanted)) return true;
    const largest = (found[0] as number[]).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (largest > 1e150)
      return cell === null || wanted === null || Math.abs(Number(cell) - Number(wanted)) <= 1e-6 * Math.abs(Number(wanted));
    if (cell === null || wanted === null) return false;
    return (
      Math.abs(Number(cell) - Number(wanted)) <= 1e-9 * Math.abs(Number(wanted)) + 1e-15 * largest ** (Number(wanted) > largest ? 2 : 1)
    );
  };
  return { sql, expected, accepts };
}

/** Distinct values by their text, in the order of values, as JSON. */
function distinct(list: readonly { k: string; t: string }[]): string {
  const kinds = new Map<string, Set<string>>();
  for (const { k, t } of list) kinds.set(t, (kinds.get(t) ?? new Set()).add(k));
  const values = [...kinds].map(([text, found]) => (found.size === 1 ? shown([...found][0]!, text) : text));
  return JSON.stringify(values.sort(compareCells).slice(0, STATS_VALUES_MAX));
}

/** Ranges that follow each other, hold all the numbers, and are not more than were asked for. */
function isHistogram(cell: TableValue, found: readonly number[], ranges_max: number): boolean {
  // The smallest numbers of all count as zeros.
  const values = found.map((value) => (Math.abs(value) < 1e-300 ? 0 : value));
  if (cell === null || values.length === 0) return cell === null && values.length === 0;
  const ranges = JSON.parse(String(cell)) as { from: number; to: number; count: number }[];
  // Two ranges of each sign and one of zeros are the least.
  const bounded = ranges.length <= Math.max(5, ranges_max);
  return (
    bounded &&
    ranges.every(({ from, to, count }, at) => {
      // The outermost ends stand for all that is beyond.
      const [low, high] = [
        from === -Number.MAX_VALUE ? Number.NEGATIVE_INFINITY : from,
        to === Number.MAX_VALUE ? Number.POSITIVE_INFINITY : to,
      ];
      const follows = at === 0 || low >= ranges[at - 1]!.to;
      const inside = values.filter((value) =>
        value === 0
          ? low <= 0 && high >= 0 && (low === 0 || high === 0)
          : value > 0
            ? value >= low && value < high
            : value > low && value <= high,
      );
      return follows && count > 0 && (inside.length === count || values.includes(0));
    }) &&
    ranges.reduce((sum, { count }) => sum + count, 0) === values.length
  );
}

export interface ExpectedTable {
  columns: string[];
  rows: TableValue[][];
  /** Whether a row of the engine is right in each of its cells. */
  accepts(row: number, cells: readonly TableValue[]): boolean;
}

/** The groups of the events that meet the condition, ordered by their keys. */
export async function expectedStats(pipe: StatsPipe, condition: string, table: EventTable): Promise<ExpectedTable> {
  const keyColumns = await Promise.all(pipe.by.map((key) => keyColumn(key, condition, table)));
  const columns = [...keyColumns, ...pipe.functions.map((call) => callColumn(call, table))];
  const selected = columns.flatMap(({ sql }) => sql);
  const keys = pipe.by.map((key) => keySql(key, table));
  const group = keys.length > 0 ? ` GROUP BY ${keys.join(", ")}` : "";
  const found = await table.rows(`SELECT ${selected.join(", ")} FROM ${table.name} WHERE ${condition}${group}`);
  const cut = (row: unknown[]) => {
    let at = 0;
    return columns.map(({ sql }) => {
      at += sql.length;
      return row.slice(at - sql.length, at);
    });
  };
  const groups = found.map((row) => {
    const parts = cut(row);
    return { parts, cells: columns.map(({ expected }, at) => expected(parts[at]!)) };
  });
  groups.sort((left, right) =>
    compareRows(
      left.cells,
      right.cells,
      [...pipe.by.keys()].map((at) => ({ at, descending: false })),
    ),
  );
  return {
    columns: [...pipe.by, ...pipe.functions].map(({ as }) => as),
    rows: groups.map(({ cells }) => cells),
    accepts: (row, cells) => columns.every(({ accepts }, at) => accepts(cells[at] ?? null, groups[row]!.parts[at]!)),
  };
}

const RANKS = ["null", "boolean", "number", "string"];

/** Null first, then booleans, numbers, texts by their code points. */
export function compareCells(left: TableValue, right: TableValue): number {
  const rank = (value: TableValue) => RANKS.indexOf(value === null ? "null" : typeof value);
  if (rank(left) !== rank(right)) return rank(left) - rank(right);
  if (typeof left === "string") return Buffer.compare(Buffer.from(left), Buffer.from(right as string));
  return Number(left) - Number(right) || 0;
}

export function compareRows(
  left: readonly TableValue[],
  right: readonly TableValue[],
  order: readonly { at: number; descending: boolean }[],
): number {
  for (const { at, descending } of order) {
    const difference = compareCells(left[at] ?? null, right[at] ?? null);
    if (difference !== 0) return descending ? -difference : difference;
  }
  return 0;
}

/** Numbers of the rows that `sort`, `limit` and `offset` leave, in order. */
export function orderedRows(rows: readonly (readonly TableValue[])[], columns: readonly string[], pipes: readonly Pipe[]): number[] {
  return pipes.reduce(
    (left, pipe) => {
      if (pipe.kind === "limit") return left.slice(0, pipe.count);
      if (pipe.kind === "offset") return left.slice(pipe.count);
      if (pipe.kind !== "sort") throw new Error(`no translation of ${pipe.kind}`);
      const keys = pipe.keys.map(({ column, descending }) => ({ at: columns.indexOf(column), descending }));
      return left.toSorted((one, other) => compareRows(rows[one]!, rows[other]!, keys));
    },
    rows.map((_, at) => at),
  );
}
