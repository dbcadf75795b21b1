import { QUERY_LENGTH_MAX } from "../../limits.ts";
import type { Filter } from "./filters/filter.ts";
import { and } from "./filters/filter-and.ts";
import { printFilter } from "./filters/filters.ts";
import { parseFilter } from "./filters/parse-filter.ts";
import type { Pipe } from "./pipes/pipe.ts";
import { parsePipes, printPipe } from "./pipes/pipes.ts";
import { Scanner } from "./scanner.ts";
import { QuerySyntaxError } from "./syntax-error.ts";

/** A parsed query: which events, and what becomes of them. Plain data. */
export interface Query {
  filter: Filter;
  pipes: Pipe[];
}

/**
 * Parses a query (docs/query-language.md); relative times in it become absolute.
 * @throws QuerySyntaxError
 */
export function parseQuery(text: string, options: { now_us: number }): Query {
  if (text.length > QUERY_LENGTH_MAX) {
    throw new QuerySyntaxError(`a query has at most ${QUERY_LENGTH_MAX} characters, this one has ${text.length}`, {
      position: QUERY_LENGTH_MAX,
      found: `${text.length} characters`,
      expected: "a shorter query",
    });
  }
  const scanner = new Scanner(text.toWellFormed(), options.now_us);
  const filter = parseFilter(scanner);
  return { filter, pipes: parsePipes(scanner) };
}

/** The query as text in its normal form; parsing that gives an equal query. */
export function printQuery({ filter, pipes }: Query): string {
  return [printFilter(filter), ...pipes.map(printPipe)].join(" | ");
}

/** The condition that an event must meet: the filter and every `where`. */
export function wholeFilter({ filter, pipes }: Query): Filter {
  return and([filter, ...pipes.flatMap((pipe) => (pipe.kind === "where" ? [pipe.filter] : []))]);
}
