/** The tree of a PromQL expression: the part of the language that Ledge answers (docs/metrics.md). Times are milliseconds. */
import type { LabelMatcher } from "./matchers.ts";

export interface Selector {
  kind: "selector";
  matchers: LabelMatcher[];
  /** How much time `[5m]` asks for; null where there is none. */
  range_ms: number | null;
  offset_ms: number;
  /** Where it stands in the text. */
  position: number;
}

export interface Aggregate {
  kind: "aggregate";
  op: string;
  /** The `3` of `topk(3, …)`. */
  parameter: Expr | null;
  expr: Expr;
  grouping: Labels;
  position: number;
}

export interface Call {
  kind: "call";
  name: string;
  args: Expr[];
  position: number;
}

export interface Binary {
  kind: "binary";
  op: string;
  /** Comparisons give 0 and 1 instead of leaving samples out. */
  bool: boolean;
  /** By which labels samples of both sides belong together; null: by all. */
  matching: Labels | null;
  left: Expr;
  right: Expr;
  position: number;
}

/** Labels by name: those alone, or all but those. */
export interface Labels {
  without: boolean;
  names: string[];
}

export type Expr =
  | { kind: "number"; value: number; position: number }
  | { kind: "string"; value: string; position: number }
  | { kind: "negate"; expr: Expr; position: number }
  | Selector
  | Aggregate
  | Call
  | Binary;

export type ValueType = "scalar" | "string" | "vector" | "matrix";

/** What is wrong with an expression, or what of the language Ledge does not answer. */
export class PromqlError extends Error {
  /** Offset into the text, in UTF-16 units from 0. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = "PromqlError";
    this.position = position;
  }
}

export const METRIC_NAME_LABEL = "__name__";
