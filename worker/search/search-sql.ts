/** The answer to one SQL statement. */
import { filterHints } from "../engine/query/query.ts";
import { QueryLimitError } from "../engine/query/query-limit-error.ts";
import { type SqlTable, sqlTable } from "../engine/query/sql/output.ts";
import type { SqlPlan } from "../engine/query/sql/plan-sql.ts";
import { QuerySyntaxError } from "../engine/query/syntax-error.ts";
import { Problem } from "../errors.ts";
import { FIELD_SIZE_BYTES_MAX, SEARCH_RANGE_DEFAULT_MS } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import type { Partial } from "./coverage.ts";
import { searchTable } from "./search-table.ts";
import { openEnd_us, resolveRange, type TimeRange } from "./time-range.ts";

export interface SqlRequest {
  sql: string;
  from?: string;
  to?: string;
  /** Rows of the answer. */
  rows_max: number;
}

export interface SqlAnswer extends SqlTable {
  range: TimeRange;
  /** Matching events that are in none of the rows, since there were too many groups or rows. */
  overflow: { events: number } | null;
  /** Whether there are more rows than the answer has. */
  more: boolean;
  partial: Partial | null;
}

/** @throws Problem `bad_query` that says where, what was found and what is possible */
export async function searchSql(context: SearchContext, { sql, from, to, rows_max }: SqlRequest): Promise<SqlAnswer> {
  const now_us = context.started_us;
  const plan = await readStatement(sql, { now_us, rows_max });
  const range = rangeOf(plan, from, to, now_us);
  try {
    const { table, partial } = await searchTable(context, plan, range);
    const { columns, rows } = sqlTable(plan, table);
    const more = rows.length > rows_max || (plan.reduce?.kind === "rows" && table.overflow !== null);
    return { columns, rows: rows.slice(0, rows_max), range, overflow: plan.reduce?.kind === "rows" ? null : table.overflow, more, partial };
  } catch (error) {
    if (error instanceof QueryLimitError)
      throw new Problem("bad_query", error.message, { errors: [{ field: "sql", message: error.message }] });
    throw error;
  }
}

/** The parser is loaded by the first statement: isolates that meet none start without it. */
async function readStatement(sql: string, options: { now_us: number; rows_max: number }): Promise<SqlPlan> {
  const { planSql } = await import("../engine/query/sql/plan-sql.ts");
  try {
    return planSql(sql, options);
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    const { message, position, found, expected, suggestion } = error;
    const hint = { position, found, expected, suggestion: suggestion ?? undefined };
    throw new Problem("bad_query", message, {
      errors: [{ field: "sql", value: sql.slice(0, FIELD_SIZE_BYTES_MAX), message, ...hint }],
      ...hint,
    });
  }
}

/** What the request says; where it leaves an end open, what WHERE says of `timestamp`, else the same as for a search. */
function rangeOf(plan: SqlPlan, from: string | undefined, to: string | undefined, now_us: number): TimeRange {
  const { min_us, max_us } = filterHints(plan.filter).time;
  const asked = resolveRange(from, to, now_us, openEnd_us(now_us));
  const to_us = to || !Number.isFinite(max_us) ? asked.to_us : Math.max(0, max_us + 1);
  const default_us = Math.max(0, Math.min(now_us, to_us) - SEARCH_RANGE_DEFAULT_MS * 1_000);
  const from_us = from ? asked.from_us : Number.isFinite(min_us) ? Math.max(0, min_us) : default_us;
  return { from_us: Math.min(from_us, to_us), to_us };
}
