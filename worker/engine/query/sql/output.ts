/** What the columns of an answer are called, and the answer made of a plan's table. */
import type { Table } from "../table.ts";
import type { SqlPlan } from "./plan-sql.ts";
import { writtenName } from "./scope.ts";
import type { SqlExpression, SqlItem, SqlSelect } from "./syntax.ts";

const NAME_LENGTH_MAX = 64;

/** Names after AS, of columns and functions as PostgreSQL gives them, of other expressions their text. Equal ones are numbered: `count`, `count_1`. */
export function outputNames(items: readonly SqlItem[], select: SqlSelect): string[] {
  const taken = new Set(items.flatMap(({ alias }) => (alias === null ? [] : [alias])));
  const seen = new Set<string>();
  return items.map(({ expression, alias }) => {
    const wanted = alias ?? defaultName(expression, select);
    let name = wanted;
    for (let count = 1; seen.has(name) || (alias === null && taken.has(name)); count++) name = `${wanted}_${count}`;
    seen.add(name);
    return name;
  });
}

function defaultName(node: SqlExpression, select: SqlSelect): string {
  if (node.kind === "name") return writtenName(node, select);
  if (node.kind === "call") return node.name;
  if (node.kind === "case") return "case";
  if (node.kind === "cast" && node.value.kind !== "text") return defaultName(node.value, select);
  const text = select.source.slice(node.position, node.end).replace(/\s+/g, " ");
  return text.length > NAME_LENGTH_MAX ? `${text.slice(0, NAME_LENGTH_MAX - 1)}…` : text;
}

export interface SqlTable {
  columns: { name: string; type: SqlType }[];
  rows: Table["rows"];
}

/** `mixed`: values of several kinds. */
export type SqlType = "timestamp" | "text" | "number" | "boolean" | "mixed";

const TYPES: Readonly<Record<string, SqlType>> = { time: "timestamp", level: "text", text: "text", number: "number", bool: "boolean" };
/** Fields of whole events that hold times. */
const TIMES: ReadonlySet<string> = new Set(["timestamp", "ingest_ts"]);

/** The table of a plan as the statement asked for it. */
export function sqlTable({ output, hidden }: Pick<SqlPlan, "output" | "hidden">, table: Table): SqlTable {
  const chosen = output
    ? output.map(({ column, as, type }) => ({ index: table.columns.indexOf(column), name: as, type }))
    : table.columns.flatMap((name, index) => (hidden.includes(name) ? [] : [{ index, name, type: TIMES.has(name) ? "time" : "any" }]));
  const rows = table.rows.map((row) => chosen.map(({ index }) => row[index] ?? null));
  const columns = chosen.map(({ name, type }, at) => ({ name, type: TYPES[type] ?? typeOf(rows, at) }));
  return { columns, rows };
}

/** What the values turn out to be. */
function typeOf(rows: Table["rows"], index: number): SqlType {
  let found: SqlType | null = null;
  for (const row of rows) {
    const value = row[index] ?? null;
    if (value === null) continue;
    const type: SqlType = typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "text";
    if (found !== null && found !== type) return "mixed";
    found = type;
  }
  return found ?? "text";
}
