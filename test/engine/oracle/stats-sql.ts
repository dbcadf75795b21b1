/** What `stats` answers, computed by DuckDB from the documentation: groups and plain aggregates there, exact sums here. */
import type { GroupKey, StatsCall, StatsPipe, TableValue } from "../../../worker/engine/query/query.ts";
import type { EventTable } from "./duckdb.ts";
import { exactSum } from "./exact.ts";
import { numberSql } from "./filter-sql.ts";

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
  if (key.kind === "field") return `(${table.field(key.field).whole}).t`;
  const origin_us = (key.size_us % WEEK_US === 0 ? MONDAY_US : 0) - key.zone_us;
  const start = `(ts - ${origin_us} - (((ts - ${origin_us}) % ${key.size_us}) + ${key.size_us}) % ${key.size_us} + ${origin_us})`;
  return `strftime(make_timestamp(${start}), ${TIME_TEXT})`;
}

/** A key as it is shown: as a number or boolean where all of the group's values are. */
function keyColumn(key: GroupKey, table: EventTable): Column {
  const kinds = key.kind === "field" ? `list(DISTINCT (${table.field(key.field).whole}).k)` : "['time']";
  return exactly([keySql(key, table), kinds], ([text, found]) => {
    const all = (found as (string | null)[]).filter((kind) => kind !== null);
    if (text === null) return null;
    if (all.every((kind) => kind === "number")) return Number(text);
    return all.every((kind) => kind === "boolean") ? text === "true" : (text as string);
  });
}

const isTime = (field: string) => field === "timestamp" || field === "ingest_ts";

function callColumn({ name, field }: StatsCall, table: EventTable): Column {
  if (field === null) return exactly(["count(*)"], ([count]) => Number(count));
  const whole = table.field(field).whole;
  const numbers = `coalesce(list(${numberSql(whole)}) FILTER (${numberSql(whole)} IS NOT NULL), [])`;
  const finite = (value: number) => (Number.isFinite(value) ? value : null);
  switch (name) {
    case "count":
      return exactly([`count(*) FILTER (${whole} IS NOT NULL)`], ([count]) => Number(count));
    case "sum":
      return exactly([numbers], ([values]) => ((values as number[]).length === 0 ? null : finite(exactSum(values as number[]))));
    case "avg":
      return exactly([numbers], ([values]) => {
        const list = values as number[];
        return list.length === 0 ? null : finite(exactSum(list) / list.length);
      });
    case "min":
    case "max": {
      const extreme = isTime(field)
        ? `strftime(make_timestamp(${name}(${field === "timestamp" ? "ts" : "id"})), ${TIME_TEXT})`
        : `${name}(${numberSql(whole)})`;
      return exactly([extreme], ([value]) => value as TableValue);
    }
    default:
      throw new Error(`no translation of ${name}`);
  }
}

export interface ExpectedTable {
  columns: string[];
  rows: TableValue[][];
  /** Whether a row of the engine is right in each of its cells. */
  accepts(row: number, cells: readonly TableValue[]): boolean;
}

/** The groups of the events that meet the condition, ordered by their keys. */
export async function expectedStats(pipe: StatsPipe, condition: string, table: EventTable): Promise<ExpectedTable> {
  const columns = [...pipe.by.map((key) => keyColumn(key, table)), ...pipe.functions.map((call) => callColumn(call, table))];
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
