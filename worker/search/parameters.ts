/** What a search may be asked for in the query string, and the query that follows from it. */
import { z } from "@hono/zod-openapi";
import { and, type Filter, filterFromParameters, parseQuery, type Query, QuerySyntaxError, wholeFilter } from "../engine/query/query.ts";
import { Problem } from "../errors.ts";
import {
  FIELD_SIZE_BYTES_MAX,
  QUERY_LENGTH_MAX,
  SEARCH_LIMIT_DEFAULT,
  SEARCH_LIMIT_MAX,
  SEARCH_READ_SIZE_BYTES_MAX,
  SEARCH_TIME_MS_MAX,
} from "../limits.ts";

function text(description: string) {
  return z.string().max(FIELD_SIZE_BYTES_MAX).optional().openapi({ description });
}

function time(description: string, example: string) {
  return z.string().max(64).optional().openapi({ description, example });
}

/** A whole number within bounds, as it stands in a query string. */
export function wholeNumber(min: number, max: number, description: string) {
  const expected = `expected a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, expected)
    .transform(Number)
    .refine((value) => value >= min && value <= max, expected)
    .optional()
    .openapi({ type: "integer", minimum: min, maximum: max, description });
}

export const RangeParameters = z.object({
  from: time(
    "Begin of the range, itself included: ISO 8601, epoch s/ms/us/ns, or relative. A day before the end where it is missing.",
    "-15m",
  ),
  to: time("End of the range, itself excluded. Where it is missing, everything up to the newest event.", "now"),
});

export const FilterParameters = z.object({
  q: z.string().max(QUERY_LENGTH_MAX).optional().openapi({
    description: "A query in Ledge's language; the other parameters narrow it further.",
    example: 'level:error "connection reset"',
  }),
  service: text("Events of this service; several separated by commas."),
  level: text("Events of this level; several separated by commas."),
  env: text("Events of this environment."),
  environment: text("The same as env."),
  host: text("Events of this host."),
  source: text("Events of this source."),
  trace_id: text("Events of this trace."),
  span_id: text("Events of this span."),
  request_id: text("Events of this request."),
  event_id: text("The event that a client sent with this id."),
  text: text("Events whose message contains these words."),
});

export const BudgetParameters = z.object({
  timeout: z
    .string()
    .max(32)
    .optional()
    .openapi({
      description: `How long the search may take, such as 500ms or 5s; at most ${SEARCH_TIME_MS_MAX / 1_000}s, which it is where it is missing. Then the answer is what was found.`,
      example: "5s",
    }),
  max_bytes: wholeNumber(
    1,
    SEARCH_READ_SIZE_BYTES_MAX,
    "Bytes that the search may read from the object store. Then the answer is what was found.",
  ),
});

export const FilteredRange = FilterParameters.extend(RangeParameters.shape);

export const OrderParameter = z
  .enum(["asc", "desc"])
  .optional()
  .openapi({ description: "Time order; newest first (desc) where it is missing." });

export const SearchParameters = FilteredRange.extend(BudgetParameters.shape).extend({
  limit: wholeNumber(
    1,
    SEARCH_LIMIT_MAX,
    `Events of one page, ${SEARCH_LIMIT_DEFAULT} where it is missing. A page of large events may be shorter.`,
  ),
  order: OrderParameter,
  cursor: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .openapi({ description: "From the answer of the page before. It carries that search's range." }),
});

/** Names of parameters that make a filter, in a fixed order: a cursor belongs to their values. */
export const FILTER_NAMES = FilterParameters.keyof().options;

/** @throws Problem `bad_query` that says where, what was found and what was expected */
function parsed<T>(field: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    const { message, position, found, expected, suggestion } = error;
    const hint = { position, found, expected, suggestion: suggestion ?? undefined };
    throw new Problem("bad_query", message, { errors: [{ field, value: text.slice(0, FIELD_SIZE_BYTES_MAX), message, ...hint }], ...hint });
  }
}

/** The query of a request: `q`, narrowed by the plain parameters. */
export function queryOf(parameters: z.infer<typeof FilterParameters>, now_us: number): Query {
  const { q = "", ...plain } = parameters;
  const query = parsed("q", q, () => parseQuery(q.trim() === "" ? "*" : q, { now_us }));
  const narrowing = FILTER_NAMES.filter((name) => name !== "q").flatMap((name) => {
    const value = plain[name];
    return value === undefined || value === "" ? [] : [parsed(name, value, () => filterFromParameters({ [name]: value }))];
  });
  return { ...query, filter: and([...narrowing, query.filter]) };
}

/** @throws Problem `bad_query` where the query has pipes other than `where`, which this answer cannot take */
export function filterOf(parameters: z.infer<typeof FilterParameters>, now_us: number): Filter {
  const query = queryOf(parameters, now_us);
  const other = query.pipes.find((pipe) => pipe.kind !== "where");
  if (!other) return wholeFilter(query);
  const message = `this answer takes a filter only, without | ${other.kind}`;
  throw new Problem("bad_query", message, { errors: [{ field: "q", value: parameters.q, message }] });
}
