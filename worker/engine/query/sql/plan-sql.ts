import type { ValueType } from "../expressions/value-type.ts";
import { withNeededKeys } from "../needed-keys.ts";
import type { Plan } from "../plan.ts";
import { parseSql } from "./parse.ts";
import { Planner } from "./planner.ts";

/** A column of the answer. */
export interface SqlColumn {
  /** In the table that the plan gives. */
  column: string;
  /** As the answer calls it. No two of an answer are called alike. */
  as: string;
  type: ValueType;
}

export interface SqlPlan extends Plan {
  /** Null: the columns of the table as they are, but the hidden ones. */
  output: SqlColumn[] | null;
  /** Columns that serve the order alone. */
  hidden: string[];
}

export interface SqlOptions {
  /** What `now()` is, and what relative times refer to. */
  now_us: number;
  /** Rows of the answer; a plan gives one more, where there are more. */
  rows_max: number;
}

/**
 * The plan of a SELECT statement over `logs` (docs/sql.md).
 * @throws QuerySyntaxError, and nothing else, whatever the text
 */
export function planSql(sql: string, options: SqlOptions): SqlPlan {
  return withNeededKeys(new Planner(parseSql(sql.toWellFormed()), options).plan());
}
