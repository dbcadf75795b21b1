/** SQL text as the tree of one SELECT: refusing, rewriting, the library, and a check of everything that the library answers. */
import { type Expr, parse, type SelectFromStatement } from "pgsql-ast-parser";
import { suggest } from "../suggest.ts";
import { QuerySyntaxError } from "../syntax-error.ts";
import { fail } from "./fail.ts";
import { pieceAt } from "./precedence.ts";
import { refuseOthers } from "./refuse.ts";
import { KEYWORD_NAMES, type Rewritten, rewrite } from "./rewrite.ts";
import type { SqlExpression, SqlItem, SqlOrder, SqlSelect } from "./syntax.ts";
import { tokenize } from "./tokens.ts";
import { TreeReader } from "./tree.ts";

/** @throws QuerySyntaxError alone, whatever the text */
export function parseSql(source: string): SqlSelect {
  const text = rewrite(refuseOthers(tokenize(source), source), source);
  return new SelectReader(text).read(statementOf(text));
}

function statementOf(text: Rewritten): SelectFromStatement {
  let statements: unknown;
  try {
    statements = parse(text.text, { locationTracking: true });
  } catch (error) {
    refuse(text, error);
  }
  const [statement] = statements as SelectFromStatement[];
  if (statement?.type === "select") return statement;
  return fail("the statement could not be understood", { position: 0, end: text.source.length }, text.source, "SELECT … FROM logs …");
}

/** What the library stumbled over, in words of the statement. */
function refuse(text: Rewritten, error: unknown): never {
  const offset = (error as { token?: { offset?: unknown } } | null)?.token?.offset;
  const { pieces, source } = text;
  if (typeof offset !== "number") {
    const at = { position: source.length, end: source.length };
    const suggestion = misspelt(text, pieces.length - 1);
    fail(
      "the statement ends too early",
      at,
      source,
      pieces.some((piece) => piece.text === "from") ? "its next part" : "FROM logs",
      suggestion,
    );
  }
  const index = pieceAt(pieces, offset);
  const piece = pieces[index]!;
  fail(`${source.slice(piece.position, piece.end)} has no place here`, piece, source, expectedAt(error), misspelt(text, index));
}

const EXPECTED: Readonly<Record<string, string>> = {
  kw_from: "FROM",
  kw_where: "WHERE",
  kw_and: "AND",
  kw_end: "END",
  kw_then: "THEN",
  kw_when: "WHEN",
  kw_as: "AS",
  comma: "a comma",
  lparen: "(",
  rparen: ")",
  quoted_word: "a name",
  string: "a text",
  int: "a number",
};

/** Where few things could have stood there. */
function expectedAt(error: unknown): string {
  const tokens = [...String((error as Error).message).matchAll(/A "(\w+)" token/g)].map(([, token]) => token!);
  const known = [...new Set(tokens.flatMap((token) => EXPECTED[token] ?? []))];
  if (known.length > 0 && known.length <= 4) return known.join(", ");
  return "a part of SELECT … FROM logs [WHERE …] [GROUP BY …] [HAVING …] [ORDER BY …] [LIMIT …]";
}

/** A keyword that the name at or right before the place probably was meant to be. */
function misspelt({ names, source, pieces }: Rewritten, index: number): string | null {
  for (const at of [index, index - 1]) {
    const piece = pieces[at];
    const name = piece && names.find(({ position }) => position === piece.position);
    if (!name || name.parts.length > 1 || name.parts[0]!.quoted) continue;
    const word = source.slice(name.position, name.end);
    const keyword =
      word.length > 2
        ? suggest(
            word,
            KEYWORD_NAMES.filter(({ length }) => length >= word.length - 1 && length > 2),
          )
        : null;
    if (keyword) return keyword.toUpperCase();
  }
  return null;
}

class SelectReader {
  readonly #text: Rewritten;
  readonly #tree: TreeReader;

  constructor(text: Rewritten) {
    this.#text = text;
    this.#tree = new TreeReader(text);
  }

  read(statement: SelectFromStatement): SqlSelect {
    const { source } = this.#text;
    const table = this.#table(statement);
    for (const star of this.#text.stars) if (star.name !== table) this.#wrongTable(star.name, star, table);
    if (Array.isArray(statement.distinct)) fail("DISTINCT ON is not possible here", { position: 0, end: 6 }, source, "DISTINCT");
    return {
      source,
      distinct: statement.distinct === "distinct",
      items: this.#items(statement),
      table,
      where: this.#optional(statement.where),
      group_by: this.#text.group_all ? "all" : (statement.groupBy?.map((key) => this.#tree.read(key)) ?? null),
      having: this.#optional(statement.having),
      order_by: (statement.orderBy ?? []).map((order): SqlOrder => {
        const nulls = order.nulls === "FIRST" ? "first" : order.nulls === "LAST" ? "last" : null;
        return { by: this.#tree.read(order.by), descending: order.order === "DESC", nulls };
      }),
      limit: this.#count(statement.limit?.limit),
      offset: this.#count(statement.limit?.offset) ?? 0,
    };
  }

  #optional(node: Expr | null | undefined): SqlExpression | null {
    return node ? this.#tree.read(node) : null;
  }

  #table(statement: SelectFromStatement): string {
    const { source } = this.#text;
    const end = { position: source.length, end: source.length };
    const [table, second] = statement.from ?? [];
    if (!table) fail("FROM is missing", end, source, "FROM logs");
    if (second) fail("several tables are not possible here", this.#tree.spanOf(second), source, "FROM logs alone");
    if (table!.type !== "table") return fail("only the table logs is possible here", this.#tree.spanOf(table!), source, "FROM logs");
    const { name, alias, columnNames } = table!.name;
    const written = this.#tree.nameOf(name);
    const parts = written.parts.map(({ text }) => text.toLowerCase());
    const known =
      parts.at(-1) === "logs" && (parts.length === 1 || (parts.length === 2 && ["public", "main", "ledge"].includes(parts[0]!)));
    if (!known) this.#wrongTable(written.parts.map(({ text }) => text).join("."), written, "logs");
    if (columnNames?.length) fail("names of columns after the table are not possible here", written, source, "names in SELECT: … AS name");
    return alias ? this.#tree.nameOf(alias).parts[0]!.text : "logs";
  }

  #wrongTable(name: string, at: { position: number; end: number }, table: string): never {
    const suggestion = suggest(name, [table]);
    fail(`there is no table ${name}`, at, this.#text.source, table, suggestion);
  }

  #items(statement: SelectFromStatement): SqlItem[] | null {
    const { source } = this.#text;
    const columns = statement.columns ?? [];
    if (columns.length === 0) fail("nothing is selected", { position: 6, end: 6 }, source, "columns, or *");
    const star = columns.find(({ expr }) => expr.type === "ref" && expr.name === "*");
    if (star && (columns.length > 1 || star.alias))
      fail("* stands alone", this.#tree.spanOf(star), source, "the names of the columns, or * alone");
    if (star) return null;
    return columns.map((column) => {
      const expression = this.#tree.read(column.expr);
      const alias = column.alias
        ? this.#tree
            .nameOf(column.alias.name)
            .parts.map(({ text }) => text)
            .join(".")
        : null;
      return { expression, alias, position: expression.position, end: expression.end };
    });
  }

  /** A whole number that is written out. */
  #count(node: Expr | null | undefined): number | null {
    if (!node) return null;
    const value = this.#tree.read(node);
    if (value.kind === "null") return null;
    const count = value.kind === "number" && /^\d{1,9}$/.test(value.text) ? Number(value.text) : null;
    return count ?? fail("LIMIT and OFFSET take a whole number", value, this.#text.source, "a whole number of at most nine digits");
  }
}

export { QuerySyntaxError };
