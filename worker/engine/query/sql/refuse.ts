/** What SQL can say and this dialect does not: refused by name and place, before anything else is read. */
import { suggest } from "../suggest.ts";
import { fail } from "./fail.ts";
import type { Token } from "./tokens.ts";

const POSSIBLE = "one SELECT over the table logs: SELECT … FROM logs [WHERE …] [GROUP BY …] [HAVING …] [ORDER BY …] [LIMIT …]";
const ONE_QUERY = "one SELECT over logs, without another inside";
const GROUPED = "GROUP BY with aggregates";

/** Words that begin other statements. */
const STATEMENTS: ReadonlySet<string> = new Set(
  `insert update delete merge truncate create alter drop grant revoke explain analyze analyse show set reset begin start commit rollback
   copy vacuum values table call do declare fetch prepare execute deallocate listen notify use describe desc pragma attach detach replace
   lock comment refresh reindex cluster discard load install import export`.split(/\s+/),
);
const JOINS: ReadonlySet<string> = new Set(["inner", "left", "right", "full", "cross", "natural", "asof", "lateral"]);
const SET_OPERATIONS: ReadonlySet<string> = new Set(["union", "intersect", "except"]);

/**
 * The tokens of the one statement, without a semicolon at its end.
 * @throws QuerySyntaxError that names the construct and what is possible instead
 */
export function refuseOthers(all: readonly Token[], source: string): Token[] {
  const tokens = oneStatement(all, source);
  const [first] = tokens;
  if (!first) fail("the statement is empty", { position: 0, end: 0 }, source, POSSIBLE);
  checkBegin(first!, source);
  for (let index = 1; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (token.kind !== "word" || isPart(tokens, index)) continue;
    const refused = constructAt(tokens, index);
    if (refused) fail(`${refused[0]} not possible here`, token, source, refused[1]);
  }
  return tokens;
}

function oneStatement(all: readonly Token[], source: string): Token[] {
  const end = all.findIndex(({ kind, text }) => kind === "sign" && text === ";");
  if (end < 0) return [...all];
  const more = all.slice(end).find(({ text }) => text !== ";");
  if (more) fail("several statements are not possible at once", more, source, "the end, after one statement");
  return all.slice(0, end);
}

function checkBegin(first: Token, source: string): void {
  if (first.kind === "word" && first.lower === "select") return;
  if (first.lower === "with") fail("WITH (common table expressions) is not possible here", first, source, ONE_QUERY);
  if (STATEMENTS.has(first.lower)) fail(`${first.text.toUpperCase()} is not possible here: SQL only reads logs`, first, source, POSSIBLE);
  const meant = first.kind === "word" ? suggest(first.lower, ["select"]) : null;
  fail("a statement begins with SELECT", first, source, POSSIBLE, meant && "SELECT");
}

/** Whether the word is the name of something: after a dot, or after AS. */
export function isPart(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  if (!before) return false;
  return (before.kind === "sign" && before.text === ".") || (before.kind === "word" && before.lower === "as");
}

function constructAt(tokens: readonly Token[], index: number): [construct: string, possible: string] | null {
  const { lower } = tokens[index]!;
  const next = tokens[index + 1];
  const next_word = next?.kind === "word" ? next.lower : null;
  const call = next?.kind === "sign" && next.text === "(";
  if (lower === "select") return ["a SELECT inside another (a subquery) is", ONE_QUERY];
  if (lower === "join" || (JOINS.has(lower) && (next_word === "join" || next_word === "outer"))) return ["a JOIN is", "FROM logs alone"];
  if (lower === "lateral") return ["LATERAL is", "FROM logs alone"];
  if (SET_OPERATIONS.has(lower)) return [`${lower.toUpperCase()} is`, ONE_QUERY];
  if (lower === "over" && tokens[index - 1]?.text === ")") return ["a window function (OVER) is", GROUPED];
  if (lower === "window" && tokens[index + 2]?.lower === "as") return ["WINDOW is", GROUPED];
  if (lower === "into" && next && !call && tokens[index + 2]?.lower === "from") return ["SELECT INTO is", ONE_QUERY];
  if (lower === "tablesample") return ["TABLESAMPLE is", "FROM logs"];
  if (lower === "collate") return ["COLLATE is", "lower(…), or ILIKE, to pass over case"];
  if (lower === "array" && (call || next?.text === "[")) return ["an ARRAY is", "a list: x IN (a, b)"];
  if (lower === "for" && ["update", "share", "no", "key"].includes(next_word ?? "")) return ["FOR UPDATE is", "a statement without it"];
  if (call && ["any", "some", "all"].includes(lower) && tokens[index - 1]?.kind === "sign")
    return [`${lower.toUpperCase()} is`, "x IN (a, b)"];
  if (call && ["rollup", "cube"].includes(lower)) return [`${lower.toUpperCase()} is`, "GROUP BY with columns and expressions"];
  if (lower === "grouping" && next_word === "sets") return ["GROUPING SETS is", "GROUP BY with columns and expressions"];
  if (lower === "distinct" && next_word === "on" && tokens[index + 2]?.text === "(")
    return ["DISTINCT ON is", "DISTINCT, or GROUP BY with first(…) or last(…)"];
  if (lower === "qualify") return ["QUALIFY is", "HAVING"];
  return null;
}
