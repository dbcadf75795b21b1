/** The library's tree as ours: stand-ins resolved, operators checked, everything else that it knows refused. */
import type { Expr, ExprBinary, ExprCall, ExprUnary, PGNode } from "pgsql-ast-parser";
import { EXPRESSION_DEPTH_MAX } from "../../../limits.ts";
import { fail, type Span } from "./fail.ts";
import { checkOperand, isParenthesized, spanOf } from "./precedence.ts";
import type { NamePart, Rewritten } from "./rewrite.ts";
import type { Arithmetic, Comparison, Match, SqlExpression } from "./syntax.ts";

const COMPARISONS: ReadonlySet<string> = new Set(["=", "!=", "<", "<=", ">", ">="]);
const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%", "^", "||"]);
const MATCHES: Readonly<Record<string, [operator: Match, negated: boolean]>> = {
  LIKE: ["like", false],
  "NOT LIKE": ["like", true],
  ILIKE: ["ilike", false],
  "NOT ILIKE": ["ilike", true],
  "~": ["regex", false],
  "!~": ["regex", true],
  "~*": ["iregex", false],
  "!~*": ["iregex", true],
};

type Unspanned<T> = T extends unknown ? Omit<T, "position" | "end"> : never;

export class TreeReader {
  readonly #text: Rewritten;
  #depth = 0;

  constructor(text: Rewritten) {
    this.#text = text;
  }

  spanOf(node: PGNode): Span {
    return spanOf(this.#text, node);
  }

  /** What a stand-in of a name stands for. */
  nameOf(standIn: string): Rewritten["names"][number] {
    return this.#text.names[Number(standIn.slice(1))] ?? this.#notName(standIn);
  }

  /** The library takes some words of SQL for names where others stand. */
  #notName(word: string): never {
    const { source } = this.#text;
    const position = Math.max(0, source.toLowerCase().indexOf(word.toLowerCase()));
    return fail(`${word} is a word of SQL`, { position, end: position + word.length }, source, `a name; this one in quotes: "${word}"`);
  }

  read(node: Expr): SqlExpression {
    if (++this.#depth > EXPRESSION_DEPTH_MAX) {
      this.#refuse(node, `operators and calls are at most ${EXPRESSION_DEPTH_MAX} levels deep`, "a shorter expression");
    }
    const read = { ...this.#read(node), ...this.spanOf(node) } as SqlExpression;
    this.#depth--;
    return read;
  }

  #refuse(node: PGNode, message: string, expected: string): never {
    return fail(message, this.spanOf(node), this.#text.source, expected);
  }

  #read(node: Expr): Unspanned<SqlExpression> {
    switch (node.type) {
      case "ref":
        return this.#name(node.name, node);
      case "string":
        return { kind: "text", ...this.#text.texts[Number(node.value)]! };
      case "integer":
      case "numeric":
        return { kind: "number", text: this.#text.numbers[node.value]! };
      case "boolean":
        return { kind: "boolean", value: node.value };
      case "null":
        return { kind: "null" };
      case "call":
        return this.#call(node);
      case "binary":
        return this.#binary(node);
      case "unary":
        return this.#unary(node);
      case "ternary": {
        for (const part of [node.value, node.lo, node.hi]) checkOperand(this.#text, node, part, "right");
        return {
          kind: "between",
          negated: node.op === "NOT BETWEEN",
          value: this.read(node.value),
          low: this.read(node.lo),
          high: this.read(node.hi),
        };
      }
      case "case":
        return {
          kind: "case",
          value: node.value ? this.read(node.value) : null,
          branches: node.whens.map(({ when, value }) => ({ when: this.read(when), result: this.read(value) })),
          otherwise: node.else ? this.read(node.else) : null,
        };
      case "cast":
        return this.#cast(node);
      case "list":
        return this.#refuse(node, "a list is possible only after IN", "a single value");
      default:
        return this.#refuse(node, "this is not possible here", "a column, a value, an operator or a function");
    }
  }

  #name(name: string, node: PGNode): Unspanned<SqlExpression> {
    if (name === "*") return this.#refuse(node, "* is possible only alone after SELECT and in count(*)", "the name of a column");
    return { kind: "name", parts: this.nameOf(name).parts };
  }

  #cast(node: Extract<Expr, { type: "cast" }>): Unspanned<SqlExpression> {
    if (node.to.kind === "array") return this.#refuse(node, "arrays are not possible here", "a plain type");
    const type = this.nameOf(node.to.name)
      .parts.map(({ text }) => text.toLowerCase())
      .join(".");
    const size = node.to.config?.[0];
    const written = size === undefined ? null : Number(this.#text.numbers[size]);
    const long = { double: "double precision", character: "varchar" }[type];
    return { kind: "cast", value: this.read(node.operand), type: long ?? type, size: written };
  }

  #call(node: ExprCall): Unspanned<SqlExpression> {
    const standIn = this.nameOf(node.function.name);
    const name = standIn.parts.map(({ text }) => text.toLowerCase()).join(".");
    if (node.over) this.#refuse(node, "a window function (OVER) is not possible here", "GROUP BY with aggregates");
    const star = node.args.length === 1 && node.args[0]!.type === "ref" && node.args[0]!.name === "*";
    const args = star ? [] : node.args.map((argument) => this.read(argument));
    if (standIn.reversed) args.reverse();
    return {
      kind: "call",
      name,
      star,
      distinct: node.distinct === "distinct",
      args,
      filter: node.filter ? this.read(node.filter) : null,
      within: node.withinGroup ? { by: this.read(node.withinGroup.by), descending: node.withinGroup.order === "DESC" } : null,
      ordered: (node.orderBy ?? []).length > 0,
    };
  }

  #unary(node: ExprUnary): Unspanned<SqlExpression> {
    checkOperand(this.#text, node, node.operand, "only");
    const operand = this.read(node.operand);
    switch (node.op) {
      case "NOT":
        return { kind: "not", operand };
      case "-":
        return { kind: "negative", operand };
      case "+":
        return operand;
      case "IS NULL":
      case "IS NOT NULL":
        return { kind: "isnull", negated: node.op === "IS NOT NULL", value: operand };
      default:
        return { kind: "istrue", wanted: node.op.endsWith("TRUE"), negated: node.op.includes("NOT"), value: operand };
    }
  }

  #binary(node: ExprBinary): Unspanned<SqlExpression> {
    if (node.op === "AND" || node.op === "OR") return this.#junction(node);
    checkOperand(this.#text, node, node.left, "left");
    if (node.op === "IN" || node.op === "NOT IN") return this.#in(node);
    checkOperand(this.#text, node, node.right, "right");
    const left = this.read(node.left);
    const right = this.read(node.right);
    if (node.opSchema === "d" || node.opSchema === "n") return { kind: "distinct", negated: node.opSchema === "n", left, right };
    if (node.opSchema) return { kind: "match", operator: "similar", negated: node.opSchema === "x", value: left, pattern: right };
    if (COMPARISONS.has(node.op)) return { kind: "compare", operator: node.op as Comparison, left, right };
    if (ARITHMETIC.has(node.op)) return { kind: "arithmetic", operator: node.op as Arithmetic, left, right };
    if (node.op === "AT TIME ZONE") return { kind: "zone", value: left, zone: right };
    const match = MATCHES[node.op];
    if (match) return { kind: "match", operator: match[0], negated: match[1], value: left, pattern: right };
    return this.#refuse(node, `the operator ${node.op} is not possible here`, "another operator or a function");
  }

  /** Any number of operands at one level. */
  #junction(node: ExprBinary): Unspanned<SqlExpression> {
    const operands: Expr[] = [];
    let left: Expr = node;
    while (left.type === "binary" && left.op === node.op) {
      checkOperand(this.#text, left, left.left, "left");
      if (!(left.right.type === "binary" && left.right.op === node.op)) checkOperand(this.#text, left, left.right, "right");
      operands.push(left.right);
      left = left.left;
    }
    operands.push(left);
    return {
      kind: "junction",
      operator: node.op === "AND" ? "and" : "or",
      operands: operands.reverse().map((operand) => this.read(operand)),
    };
  }

  #in(node: ExprBinary): Unspanned<SqlExpression> {
    if (!isParenthesized(this.#text.pieces, node.right)) this.#refuse(node.right, "IN takes a list in parentheses", "x IN (a, b)");
    const items = node.right.type === "list" ? node.right.expressions : [node.right];
    return { kind: "in", negated: node.op === "NOT IN", value: this.read(node.left), items: items.map((item) => this.read(item)) };
  }
}

export type { NamePart };
