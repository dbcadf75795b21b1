import type { SqlExpression } from "./syntax.ts";

/** The number that is written out, with its sign; null for anything else. */
export function literalNumber(node: SqlExpression): number | null {
  if (node.kind === "number") return Number(node.text);
  const inner = node.kind === "negative" ? literalNumber(node.operand) : null;
  return inner === null ? null : -inner;
}

/** A place in the list of columns, counted from 1, as GROUP BY and ORDER BY take them; null for anything else. */
export function literalPlace(node: SqlExpression): number | null {
  return node.kind === "number" && /^\d{1,4}$/.test(node.text) ? Number(node.text) : null;
}
