/** From text to tree, by Prometheus' own grammar. What Ledge does not answer is refused here, with its place. */
import { parser } from "@prometheus-io/lezer-promql";
import { PROMQL_DEPTH_MAX, PROMQL_LENGTH_MAX } from "../../limits.ts";
import { checkedExpr } from "./check-promql.ts";
import { parsePromDuration_ms, parsePromNumber, parsePromString } from "./literals.ts";
import { type LabelMatcher, type MatchOp, matcherFault, matchesValue } from "./matchers.ts";
import { type Expr, type Labels, METRIC_NAME_LABEL, PromqlError, type Selector } from "./promql.ts";

type Tree = ReturnType<typeof parser.parse>;
type Node = Tree["topNode"];

const UNSUPPORTED: Readonly<Record<string, string>> = {
  SubqueryExpr: "subqueries are not supported; ask for a range of the metric itself, as in rate(metric[5m])",
  StepInvariantExpr: "the modifier @ is not supported",
  AnchoredExpr: "the modifier anchored is not supported",
  SmoothedExpr: "the modifier smoothed is not supported",
};

/**
 * @param text an expression of PromQL
 * @throws PromqlError
 */
export function parsePromql(text: string): Expr {
  if (text.length > PROMQL_LENGTH_MAX) throw new PromqlError(`the expression is longer than ${PROMQL_LENGTH_MAX} characters`, 0);
  const tree = parser.parse(text);
  const cursor = tree.cursor();
  do {
    if (cursor.type.isError) throw syntaxError(text, cursor.from);
  } while (cursor.next());
  const [root] = exprsOf(tree.topNode);
  if (!root) throw new PromqlError("no expression found in input", 0);
  return checkedExpr(new Reader(text).expr(root, 0));
}

/**
 * The matchers of a plain selector, as the parameter `match[]` takes it.
 * @throws PromqlError
 */
export function parseSelector(text: string): LabelMatcher[] {
  const expr = parsePromql(text);
  if (expr.kind === "selector" && expr.range_ms === null && expr.offset_ms === 0) return expr.matchers;
  throw new PromqlError('a selector such as metric{label="value"} is expected', 0);
}

function syntaxError(text: string, at: number): PromqlError {
  const rest = text.slice(at).trim();
  const found = rest === "" ? "end of input" : `character or word ${JSON.stringify(rest.split(/\s/, 1)[0]!.slice(0, 40))}`;
  return new PromqlError(text.trim() === "" ? "no expression found in input" : `unexpected ${found}`, at);
}

/** An operand with what stands behind it, a sign before one, or an operator between two. */
type Piece = { operand: Node; suffixes: Node[] } | { sign: "-" | "+"; position: number } | { operator: Node; op: string; of: Node };

const SUFFIXED: ReadonlySet<string> = new Set([
  "MatrixSelector",
  "OffsetExpr",
  "SubqueryExpr",
  "StepInvariantExpr",
  "AnchoredExpr",
  "SmoothedExpr",
]);
const POWER = 6;
/** How much operators bind. The grammar's tree cannot be trusted in this: it gives `a + b offset 5m` as `(a + b) offset 5m`. */
const BINDING: Readonly<Record<string, number>> = {
  or: 1,
  ...{ and: 2, unless: 2 },
  ...{ "==": 3, "!=": 3, "<=": 3, "<": 3, ">=": 3, ">": 3, "</": 3, ">/": 3 },
  ...{ "+": 4, "-": 4 },
  ...{ "*": 5, "/": 5, "%": 5, atan2: 5 },
  "^": POWER,
};

class Reader {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  expr(node: Node, depth: number): Expr {
    if (depth > PROMQL_DEPTH_MAX) throw new PromqlError(`the expression is nested deeper than ${PROMQL_DEPTH_MAX}`, node.from);
    const pieces: Piece[] = [];
    this.#flatten(node, pieces, 0);
    return this.#climb(pieces, 0, depth);
  }

  /** Pieces in the order of the text. @param level of the tree below the expression */
  #flatten(node: Node, pieces: Piece[], level: number): void {
    if (Math.max(level, pieces.length) > PROMQL_DEPTH_MAX * 2)
      throw new PromqlError(`more than ${PROMQL_DEPTH_MAX} operators in a row`, node.from);
    if (node.name === "BinaryExpr") {
      const [left, right] = exprsOf(node);
      const operator = left!.nextSibling!;
      this.#flatten(left!, pieces, level + 1);
      pieces.push({ operator, op: this.#slice(operator).toLowerCase(), of: node });
      this.#flatten(right!, pieces, level + 1);
    } else if (node.name === "UnaryExpr") {
      pieces.push({ sign: this.#slice(node.firstChild!) as "-" | "+", position: node.from });
      this.#flatten(exprsOf(node)[0]!, pieces, level + 1);
    } else if (SUFFIXED.has(node.name)) {
      this.#flatten(node.firstChild!, pieces, level + 1);
      (pieces.at(-1) as { suffixes: Node[] }).suffixes.push(node);
    } else {
      // The grammar takes the sign of a number for a part of it.
      const sign = node.name === "NumberDurationLiteral" ? this.#slice(node)[0] : "";
      if (sign === "-" || sign === "+") pieces.push({ sign, position: node.from });
      pieces.push({ operand: node, suffixes: [] });
    }
  }

  /** Takes pieces from the front while operators bind at least so much. */
  #climb(pieces: Piece[], least: number, depth: number): Expr {
    let left = this.#signed(pieces, depth);
    for (;;) {
      const next = pieces[0];
      if (!next || !("operator" in next) || BINDING[next.op]! < least) return left;
      pieces.shift();
      const binding = BINDING[next.op]!;
      left = this.#binary(next.of, next.operator, left, this.#climb(pieces, binding === POWER ? binding : binding + 1, depth));
    }
  }

  #signed(pieces: Piece[], depth: number): Expr {
    const piece = pieces.shift()!;
    if ("sign" in piece) {
      const expr = this.#climb(pieces, POWER, depth);
      return piece.sign === "-" ? { kind: "negate", expr, position: piece.position } : expr;
    }
    const { operand, suffixes } = piece as { operand: Node; suffixes: Node[] };
    return suffixes.reduce((inner, suffix) => this.#suffixed(inner, operand, suffix), this.#operand(operand, depth));
  }

  #operand(node: Node, depth: number): Expr {
    const position = node.from;
    switch (node.name) {
      case "NumberDurationLiteral":
        return { kind: "number", value: this.#number(node), position };
      case "StringLiteral":
        return { kind: "string", value: this.#string(node), position };
      case "ParenExpr":
        return this.expr(exprsOf(node)[0]!, depth + 1);
      case "VectorSelector":
        return this.#selector(node);
      case "FunctionCall":
        return this.#call(node, depth);
      case "AggregateExpr":
        return this.#aggregate(node, depth);
      default:
        throw new PromqlError(`${node.name} is not supported`, position);
    }
  }

  #suffixed(inner: Expr, operand: Node, suffix: Node): Expr {
    const is_selector = inner.kind === "selector" && operand.name === "VectorSelector";
    if (suffix.name === "MatrixSelector") {
      if (!is_selector || inner.range_ms !== null || inner.offset_ms !== 0)
        throw new PromqlError("ranges are of plain selectors: metric[5m]", operand.from);
      const range = suffix.getChild("DurationExpr")!;
      const range_ms = this.#duration(range);
      if (range_ms <= 0) throw new PromqlError("a range is longer than nothing", range.from);
      return { ...inner, range_ms };
    }
    if (suffix.name === "OffsetExpr") {
      if (!is_selector) throw new PromqlError("offset stands behind a selector", operand.from);
      if (inner.offset_ms !== 0) throw new PromqlError("offset may not be set multiple times", operand.from);
      return { ...inner, offset_ms: this.#duration(suffix.getChild("OffsetDurationExpr")!) };
    }
    throw new PromqlError(UNSUPPORTED[suffix.name]!, operand.from);
  }

  #slice(node: Node): string {
    return this.#text.slice(node.from, node.to);
  }

  #number(node: Node): number {
    const value = parsePromNumber(this.#slice(node).replace(/^[+-]/, ""));
    if (value === null) throw new PromqlError(`${JSON.stringify(this.#slice(node))} is no number`, node.from);
    return value;
  }

  #string(node: Node): string {
    const value = parsePromString(this.#slice(node));
    if (value === null) throw new PromqlError("the text is not closed, or has an unknown escape", node.from);
    return value;
  }

  #selector(node: Node): Selector {
    const matchers: LabelMatcher[] = [];
    const name = node.getChild("Identifier");
    if (name) matchers.push({ name: METRIC_NAME_LABEL, op: "=", value: this.#slice(name) });
    for (const child of childrenOf(node.getChild("LabelMatchers"))) {
      const matcher = this.#matcher(child);
      if (!matcher) continue;
      const fault = matcherFault(matcher);
      if (fault) throw new PromqlError(`the expression ${JSON.stringify(matcher.value)} is not valid: ${fault}`, child.from);
      if (matcher.name === METRIC_NAME_LABEL && name) throw new PromqlError("the metric's name is given twice", child.from);
      matchers.push(matcher);
    }
    if (!matchers.some((matcher) => requiresText(matcher)))
      throw new PromqlError("a selector needs at least one matcher that an empty label does not meet", node.from);
    return { kind: "selector", matchers, range_ms: null, offset_ms: 0, position: node.from };
  }

  #matcher(node: Node): LabelMatcher | null {
    if (node.name === "QuotedLabelName") return { name: METRIC_NAME_LABEL, op: "=", value: this.#string(node.firstChild!) };
    if (node.name !== "UnquotedLabelMatcher" && node.name !== "QuotedLabelMatcher") return null;
    const op = this.#slice(node.getChild("MatchOp")!) as MatchOp;
    return { name: this.#labelName(node.firstChild!), op, value: this.#string(node.lastChild!) };
  }

  #labelName(node: Node): string {
    return node.name === "QuotedLabelName" ? this.#string(node.firstChild!) : this.#slice(node);
  }

  #labels(node: Node | null): string[] {
    return childrenOf(node)
      .filter(({ name }) => name === "LabelName" || name === "QuotedLabelName")
      .map((child) => this.#labelName(child));
  }

  #duration(node: Node): number {
    const text = this.#slice(node).trim();
    const negative = text.startsWith("-");
    const digits = text.replace(/^[+-]\s*/, "");
    const duration_ms = parsePromDuration_ms(digits) ?? Number(digits) * 1_000;
    if (!Number.isFinite(duration_ms))
      throw new PromqlError("arithmetic with durations is not supported; write it as one, such as 5m", node.from);
    return negative ? -duration_ms : duration_ms;
  }

  #call(node: Node, depth: number): Expr {
    const name = this.#slice(node.getChild("FunctionIdentifier")!);
    const args = exprsOf(node.getChild("FunctionCallBody")).map((arg) => this.expr(arg, depth + 1));
    return { kind: "call", name, args, position: node.from };
  }

  #aggregate(node: Node, depth: number): Expr {
    const op = this.#slice(node.getChild("AggregateOp")!).toLowerCase();
    const args = exprsOf(node.getChild("FunctionCallBody")).map((arg) => this.expr(arg, depth + 1));
    const modifier = node.getChild("AggregateModifier");
    const grouping: Labels = {
      without: modifier?.getChild("Without") != null,
      names: this.#labels(modifier?.getChild("GroupingLabels") ?? null),
    };
    if (args.length < 1 || args.length > 2) throw new PromqlError(`wrong number of arguments of ${op}`, node.from);
    const [parameter, expr] = args.length === 2 ? [args[0]!, args[1]!] : [null, args[0]!];
    return { kind: "aggregate", op, parameter, expr, grouping, position: node.from };
  }

  #binary(node: Node, operator: Node, left: Expr, right: Expr): Expr {
    const clause = node.getChild("MatchingModifierClause");
    const many = clause?.getChild("GroupLeft") ?? clause?.getChild("GroupRight") ?? node.getChild("FillModifier");
    if (many) throw new PromqlError(`${this.#slice(many)} is not supported: samples are matched one to one`, many.from);
    const matching = clause && { without: clause.getChild("Ignoring") !== null, names: this.#labels(clause.getChild("GroupingLabels")) };
    const op = this.#slice(operator).toLowerCase();
    return { kind: "binary", op, bool: node.getChild("BoolModifier") !== null, matching, left, right, position: operator.from };
  }
}

function childrenOf(node: Node | null): Node[] {
  const children: Node[] = [];
  for (let child = node?.firstChild ?? null; child; child = child.nextSibling) if (!child.type.isSkipped) children.push(child);
  return children;
}

function exprsOf(node: Node | null): Node[] {
  return node?.getChildren("Expr") ?? [];
}

/** As Prometheus demands of one matcher at least, so that nobody asks for everything by mistake. */
function requiresText(matcher: LabelMatcher): boolean {
  if (matcher.op === "=") return matcher.value !== "";
  if (matcher.op === "!=") return matcher.value === "";
  return !matchesValue(matcher, "");
}
