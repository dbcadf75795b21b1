import { QUERY_PIPES_MAX } from "../../limits.ts";
import type { Pipe, PipeKind } from "./pipe.ts";
import { fieldsKind } from "./pipe-fields.ts";
import { limitKind } from "./pipe-limit.ts";
import { sortKind } from "./pipe-sort.ts";
import { statsKind } from "./pipe-stats.ts";
import { whereKind } from "./pipe-where.ts";
import type { Scanner } from "./scanner.ts";
import { suggest } from "./suggest.ts";
import type { Table } from "./table.ts";

/** Every kind of pipe by its name. */
const KINDS: { [K in Pipe["kind"]]: PipeKind<Extract<Pipe, { kind: K }>> } = {
  stats: statsKind,
  sort: sortKind,
  limit: limitKind,
  fields: fieldsKind,
  where: whereKind,
};
export const PIPE_NAMES: readonly string[] = Object.keys(KINDS);

function kindOf(pipe: Pipe): PipeKind<Pipe> {
  return KINDS[pipe.kind] as unknown as PipeKind<Pipe>;
}

export function printPipe(pipe: Pipe): string {
  return kindOf(pipe).print(pipe);
}

/** Columns of events that the pipe reads. */
export function pipeFields(pipe: Pipe): string[] {
  return kindOf(pipe).fields(pipe);
}

/** The pipes from the first `|` to the end. */
export function parsePipes(scanner: Scanner): Pipe[] {
  const pipes: Pipe[] = [];
  while (scanner.takeMark("|")) {
    scanner.skipSpace();
    const position = scanner.position;
    const pipe = parsePipe(scanner);
    checkOrder(scanner, pipes, pipe, position);
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
  const name = word.toLowerCase();
  if (Object.hasOwn(KINDS, name)) return KINDS[name as Pipe["kind"]].parse(scanner);
  return scanner.fail(`one of the pipes ${PIPE_NAMES.join(", ")}`, { position, suggestion: suggest(name, PIPE_NAMES) });
}

/** `where` stands before `stats`; the columns that later pipes name must be there; events come by time, so `sort` needs a table. */
function checkOrder(scanner: Scanner, before: readonly Pipe[], pipe: Pipe, position: number): void {
  const columns = tableColumns(before);
  if (pipe.kind === "stats" && before.some(({ kind }) => kind !== "where")) {
    scanner.fail("stats before every pipe but where", { position, message: "stats can only follow the filter and where" });
  }
  if (pipe.kind === "where" && before.some(({ kind }) => kind !== "where")) {
    scanner.fail("where before the other pipes", { position, message: "where can only follow the filter" });
  }
  if (pipe.kind === "sort" && !columns) {
    scanner.fail("stats before sort", {
      position,
      message: "sort needs the table of a stats; events come by time, see the parameter order",
    });
  }
  if (!columns) return;
  const named =
    pipe.kind === "sort" ? pipe.keys.map(({ column }) => column) : pipe.kind === "fields" ? fieldsKind.table!(pipe, NO_ROWS).columns : [];
  const missing = named.find((name) => !columns.includes(name));
  if (missing === undefined) return;
  scanner.fail(`one of the columns ${columns.join(", ")}`, {
    position,
    found: missing,
    message: `there is no column ${missing}`,
    suggestion: suggest(missing, columns),
  });
}

const NO_ROWS: Table = { columns: [], rows: [], overflow: null };

/** Columns of the table that these pipes make; null while there are only events. */
function tableColumns(pipes: readonly Pipe[]): string[] | null {
  const stats = pipes.find((pipe) => pipe.kind === "stats");
  if (!stats) return null;
  const columns = [...stats.by, ...stats.functions].map(({ as }) => as);
  return applyPipes({ ...NO_ROWS, columns }, pipes).columns;
}

/** A table after the pipes that follow its `stats`; pipes before it are passed over. */
export function applyPipes(table: Table, pipes: readonly Pipe[]): Table {
  const after = pipes.slice(pipes.findIndex(({ kind }) => kind === "stats") + 1);
  return after.reduce((result, pipe) => kindOf(pipe).table?.(pipe, result) ?? result, table);
}
