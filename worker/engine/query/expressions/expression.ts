/**
 * Expressions: what `eval`, `extract`, conditions between fields and SQL compute of each event. Plain data, comparable and serialisable.
 * Operators are calls of functions with the operator's name (`+`, `-`, `*`, `/`, `%`, `neg`, `=`, `!=`, `<`, `<=`, `>`, `>=`, `and`, `or`, `not`, `if`).
 */
export type Expression =
  | { kind: "literal"; value: string | number | boolean | null }
  /** A column by its resolved name (`fields.ts`); times are microseconds since the epoch. */
  | { kind: "field"; field: string }
  | { kind: "call"; name: string; args: Expression[] };
