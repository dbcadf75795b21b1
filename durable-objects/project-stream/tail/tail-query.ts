/** What a live tail may be asked for: a filter, and pipes that leave events what they are. */
import {
  filterColumns,
  type Plan,
  parseQuery,
  planQuery,
  printQuery,
  type Query,
  QuerySyntaxError,
} from "../../../worker/engine/query/query.ts";
import { Problem } from "../../../worker/errors.ts";
import { TAIL_QUERY_SIZE_BYTES_MAX } from "../../../worker/limits.ts";

export interface TailQuery {
  /** In its normal form: queries of the same text are one. */
  text: string;
  plan: Plan;
  /** Columns that the filter looks at; null for all. */
  deciding: ReadonlySet<string> | null;
}

const KEEPING = new Set(["where", "fields", "eval", "extract"]);
const SHOWN_LENGTH_MAX = 1_000;

/** @throws Problem `bad_query` with the position, what was found and what was expected */
export function readTailQuery(text: string, now_us: number): TailQuery {
  const source = text.trim() === "" ? "*" : text;
  const query = parsed(source, now_us);
  const other = query.pipes.find(({ kind }) => !KEEPING.has(kind));
  if (other) throw noEvents(source, other.kind);
  const printed = printQuery(query);
  const size_bytes = new TextEncoder().encode(printed).length;
  if (size_bytes > TAIL_QUERY_SIZE_BYTES_MAX) {
    const message = `the query of a live tail has at most ${TAIL_QUERY_SIZE_BYTES_MAX} bytes, this one has ${size_bytes}`;
    throw badQuery(source, message, { position: 0, expected: "a shorter query" });
  }
  return queryOf(query, printed);
}

/** A query from its normal form. */
export function restoreTailQuery(printed: string): TailQuery {
  return queryOf(parseQuery(printed, { now_us: 0 }), printed);
}

function queryOf(query: Query, text: string): TailQuery {
  const plan = planQuery(query);
  const columns = filterColumns(plan.filter);
  const all = plan.filter.kind === "all" || columns === "all";
  return { text, plan, deciding: all ? null : columns.names };
}

function parsed(text: string, now_us: number): Query {
  try {
    return parseQuery(text, { now_us });
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    const { message, position, found, expected, suggestion } = error;
    throw badQuery(text, message, { position, found, expected, suggestion: suggestion ?? undefined });
  }
}

interface Hint {
  position: number;
  found?: string;
  expected: string;
  suggestion?: string;
}

function badQuery(text: string, message: string, hint: Hint): Problem {
  return new Problem("bad_query", message, { errors: [{ field: "q", value: text.slice(0, SHOWN_LENGTH_MAX), message, ...hint }], ...hint });
}

function noEvents(text: string, pipe: string): Problem {
  const at = text.lastIndexOf(pipe);
  const message = `a live tail shows events as they arrive, without | ${pipe}`;
  return badQuery(text, message, { position: Math.max(0, at), found: pipe, expected: "where, fields, eval or extract" });
}
