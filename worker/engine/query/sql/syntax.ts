/** The tree of a SELECT, as far as it is possible here. Names are as they were written; what they mean is found later (`scope.ts`). */
import type { Span } from "./fail.ts";
import type { NamePart } from "./rewrite.ts";

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/" | "%" | "^" | "||";
export type Match = "like" | "ilike" | "similar" | "regex" | "iregex";

export type SqlExpression = Span &
  (
    | { kind: "text"; value: string; escaped_by: string | null }
    | { kind: "number"; text: string }
    | { kind: "boolean"; value: boolean }
    | { kind: "null" }
    | { kind: "name"; parts: NamePart[] }
    | SqlCall
    | { kind: "junction"; operator: "and" | "or"; operands: SqlExpression[] }
    | { kind: "not"; operand: SqlExpression }
    | { kind: "negative"; operand: SqlExpression }
    | { kind: "compare"; operator: Comparison; left: SqlExpression; right: SqlExpression }
    | { kind: "arithmetic"; operator: Arithmetic; left: SqlExpression; right: SqlExpression }
    | { kind: "match"; operator: Match; negated: boolean; value: SqlExpression; pattern: SqlExpression }
    | { kind: "between"; negated: boolean; value: SqlExpression; low: SqlExpression; high: SqlExpression }
    | { kind: "in"; negated: boolean; value: SqlExpression; items: SqlExpression[] }
    | { kind: "distinct"; negated: boolean; left: SqlExpression; right: SqlExpression }
    | { kind: "isnull"; negated: boolean; value: SqlExpression }
    | { kind: "istrue"; wanted: boolean; negated: boolean; value: SqlExpression }
    | {
        kind: "case";
        value: SqlExpression | null;
        branches: { when: SqlExpression; result: SqlExpression }[];
        otherwise: SqlExpression | null;
      }
    | { kind: "cast"; value: SqlExpression; type: string; size: number | null }
    | { kind: "zone"; value: SqlExpression; zone: SqlExpression }
  );

export interface SqlCall {
  kind: "call";
  /** In small letters. */
  name: string;
  /** `count(*)`. */
  star: boolean;
  distinct: boolean;
  args: SqlExpression[];
  /** FILTER (WHERE …). */
  filter: SqlExpression | null;
  /** WITHIN GROUP (ORDER BY …). */
  within: { by: SqlExpression; descending: boolean } | null;
  /** ORDER BY between the parentheses of the call. */
  ordered: boolean;
}

export interface SqlItem extends Span {
  expression: SqlExpression;
  alias: string | null;
}

export interface SqlOrder {
  by: SqlExpression;
  descending: boolean;
  nulls: "first" | "last" | null;
}

export interface SqlSelect {
  source: string;
  distinct: boolean;
  /** Null: every column (`*`). */
  items: SqlItem[] | null;
  /** What the table is called: `logs`, or its alias. */
  table: string;
  where: SqlExpression | null;
  /** Null without GROUP BY; "all": by every item without an aggregate. */
  group_by: SqlExpression[] | "all" | null;
  having: SqlExpression | null;
  order_by: SqlOrder[];
  limit: number | null;
  offset: number;
}
