import { QUERY_PIPES_MAX } from "../../../limits.ts";
import { ANY_FIELD, resolveField, shortName } from "../fields.ts";
import type { Scanner } from "../scanner.ts";
import { suggest } from "../suggest.ts";
import type { Table } from "../table.ts";
import type { Pipe, PipeKind } from "./pipe.ts";
import { evalKind } from "./pipe-eval.ts";
import { extractKind } from "./pipe-extract.ts";
import { fieldsKind } from "./pipe-fields.ts";
import { limitKind } from "./pipe-limit.ts";
import { offsetKind } from "./pipe-offset.ts";
import { patternsKind } from "./pipe-patterns.ts";
import { sortKind } from "./pipe-sort.ts";
import { statsKind } from "./pipe-stats.ts";
import { timeseriesKind } from "./pipe-timeseries.ts";
import { topKind } from "./pipe-top.ts";
import { uniqKind } from "./pipe-uniq.ts";
import { whereKind } from "./pipe-where.ts";

/** Every kind of pipe by its name. */
const KINDS: { [K in Pipe["kind"]]: PipeKind<Extract<Pipe, { kind: K }>> } = {
  stats: statsKind,
  sort: sortKind,
  limit: limitKind,
  offset: offsetKind,
  fields: fieldsKind,
  where: whereKind,
  eval: evalKind,
  extract: extractKind,
  top: topKind,
  uniq: uniqKind,
  timeseries: timeseriesKind,
  patterns: patternsKind,
};
export const PIPE_NAMES: readonly string[] = Object.keys(KINDS);

/** Names that users of other products write. */
const ALIASES: Readonly<Record<string, Pipe["kind"]>> = { head: "limit", take: "limit", order: "sort", filter: "where" };

function kindOf(pipe: Pipe): PipeKind<Pipe> {
  return KINDS[pipe.kind] as unknown as PipeKind<Pipe>;
}

export function printPipe(pipe: Pipe): string {
  return kindOf(pipe).print(pipe);
}

/** Fields of events, or columns of a table, that the pipe reads, by their resolved names. */
export function pipeFields(pipe: Pipe): string[] {
  return kindOf(pipe).fields(pipe);
}

/** The columns that are known after the pipe; null where any field may occur. */
export function columnsAfter(pipe: Pipe, before: readonly string[] | null): readonly string[] | null {
  return kindOf(pipe).columns?.(pipe, before) ?? (kindOf(pipe).columns ? null : before);
}

/** The table that the pipe makes of one before it; of a kind that a plan has no others for. */
export function pipeTable(pipe: Pipe, table: Table): Table {
  const change = kindOf(pipe).table;
  if (!change) throw new Error(`the pipe ${pipe.kind} does not change a table by itself`);
  return change(pipe, table);
}

/** The pipes from the first `|` to the end. */
export function parsePipes(scanner: Scanner): Pipe[] {
  const pipes: Pipe[] = [];
  let columns: readonly string[] | null = null;
  while (scanner.takeMark("|")) {
    scanner.skipSpace();
    const position = scanner.position;
    const pipe = parsePipe(scanner);
    checkColumns(scanner, columns, pipe, position);
    columns = columnsAfter(pipe, columns);
    pipes.push(pipe);
    if (pipes.length > QUERY_PIPES_MAX) scanner.fail("fewer pipes", { position, message: `a query has at most ${QUERY_PIPES_MAX} pipes` });
  }
  scanner.skipSpace();
  if (!scanner.atEnd) scanner.fail("| or the end");
  return pipes;
}

function parsePipe(scanner: Scanner): Pipe {
  const position = scanner.position;
  const word = scanner.match(/[A-Za-z_]+/y)?.[0] ?? "";
  const written = word.toLowerCase();
  const name = Object.hasOwn(ALIASES, written) ? ALIASES[written]! : written;
  if (Object.hasOwn(KINDS, name)) return KINDS[name as Pipe["kind"]].parse(scanner);
  return scanner.fail(`one of the pipes ${PIPE_NAMES.join(", ")}`, { position, suggestion: suggest(name, PIPE_NAMES) });
}

/** Where the columns are known, those that the pipe names must be among them. */
function checkColumns(scanner: Scanner, columns: readonly string[] | null, pipe: Pipe, position: number): void {
  if (!columns) return;
  const known = new Set([ANY_FIELD, ...columns.map(resolveField)]);
  const missing = pipeFields(pipe).find((field) => !known.has(field));
  if (missing === undefined) return;
  const name = shortName(missing);
  const at = scanner.source.slice(position, scanner.position).indexOf(name);
  scanner.fail(`one of the columns ${columns.join(", ")}`, {
    position: at < 0 ? position : position + at,
    found: name,
    message: `there is no column ${name}${name === "message" ? "; words are looked for in it, a column is compared as in n:>10" : ""}`,
    suggestion: suggest(name, columns),
  });
}
