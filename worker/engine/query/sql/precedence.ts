/**
 * Whether the library understood operators side by side as PostgreSQL does. Its grammar binds some of them otherwise
 * (`a = b IS NULL`, `a || b + c`), so that an operand must either stand in parentheses or bind tighter by PostgreSQL's own order of operators;
 * else the statement is refused and asks for parentheses.
 */
import type { Expr, PGNode } from "pgsql-ast-parser";
import { fail } from "./fail.ts";
import type { Piece, Rewritten } from "./rewrite.ts";

/** By tightness, https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-PRECEDENCE */
const LEVEL = { or: 1, and: 2, not: 3, is: 4, comparison: 5, range: 6, other: 7, sum: 8, product: 9, power: 10, zone: 11, sign: 12 };
/** Several of these side by side are read from the left; others must not stand side by side. */
const FROM_THE_LEFT: ReadonlySet<number> = new Set([LEVEL.or, LEVEL.and, LEVEL.other, LEVEL.sum, LEVEL.product, LEVEL.power]);

const BINARY: Readonly<Record<string, number>> = {
  OR: LEVEL.or,
  AND: LEVEL.and,
  "=": LEVEL.comparison,
  "!=": LEVEL.comparison,
  "<": LEVEL.comparison,
  "<=": LEVEL.comparison,
  ">": LEVEL.comparison,
  ">=": LEVEL.comparison,
  IN: LEVEL.range,
  "NOT IN": LEVEL.range,
  LIKE: LEVEL.range,
  "NOT LIKE": LEVEL.range,
  ILIKE: LEVEL.range,
  "NOT ILIKE": LEVEL.range,
  "+": LEVEL.sum,
  "-": LEVEL.sum,
  "*": LEVEL.product,
  "/": LEVEL.product,
  "%": LEVEL.product,
  "^": LEVEL.power,
  "AT TIME ZONE": LEVEL.zone,
};
/** Those that stand for others (`STAND_INS`). */
const BY_SCHEMA: Readonly<Record<string, number>> = { d: LEVEL.is, n: LEVEL.is, s: LEVEL.range, x: LEVEL.range };

/** Null for what is no operator with operands on its outside. */
function levelOf(node: Expr): number | null {
  if (node.type === "binary") return BY_SCHEMA[node.opSchema ?? ""] ?? BINARY[node.op] ?? LEVEL.other;
  if (node.type === "ternary") return LEVEL.range;
  if (node.type !== "unary") return null;
  if (node.op === "NOT") return LEVEL.not;
  return node.op === "+" || node.op === "-" ? LEVEL.sign : LEVEL.is;
}

/**
 * @param side "left" of an operator between two operands, "right" of one, "only" operand of one
 * @throws QuerySyntaxError where the operand needs parentheses
 */
export function checkOperand(text: Rewritten, parent: Expr, operand: Expr, side: "left" | "right" | "only"): void {
  const outer = levelOf(parent);
  const inner = levelOf(operand);
  if (outer === null || inner === null || inner > outer) return;
  const repeated = inner === outer && ((side === "left" && FROM_THE_LEFT.has(outer)) || (side === "only" && outer !== LEVEL.is));
  if (repeated || isParenthesized(text.pieces, operand)) return;
  const { position, end } = spanOf(text, operand);
  const shown = text.source.slice(position, end);
  fail(
    "it is not clear how these operators belong together",
    { position, end },
    text.source,
    `parentheses around ${shown}, or around its neighbours`,
  );
}

/** The place in the statement of a node of the library. */
export function spanOf({ pieces, source }: Rewritten, node: PGNode): { position: number; end: number } {
  const range = piecesOf(pieces, node);
  if (!range) return { position: 0, end: source.length };
  return { position: pieces[range.first]!.position, end: pieces[range.last]!.end };
}

export function isParenthesized(pieces: readonly Piece[], node: PGNode): boolean {
  const range = piecesOf(pieces, node);
  if (!range) return false;
  const before = pieces[range.first - 1];
  return before?.text === "(" && before.match === range.last + 1;
}

/** First and last piece. The library's places leave out parentheses at the ends of a node that are around a part of it only. */
function piecesOf(pieces: readonly Piece[], { _location }: PGNode): { first: number; last: number } | null {
  if (!_location) return null;
  let first = pieceAt(pieces, _location.start);
  let last = pieceAt(pieces, _location.end - 1);
  for (;;) {
    const before = pieces[first - 1];
    const after = pieces[last + 1];
    if (before?.text === "(" && before.match >= first && before.match <= last) first--;
    else if (after?.text === ")" && after.match >= first && after.match <= last) last++;
    else return { first, last };
  }
}

/** The piece at an offset of the library's text. */
export function pieceAt(pieces: readonly Piece[], offset: number): number {
  let low = 0;
  let high = pieces.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (pieces[middle]!.from <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
