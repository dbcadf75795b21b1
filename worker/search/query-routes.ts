/** What an editor asks while a query is written: whether it can be understood, what it gives, and which words there are. No data is read. */
import { createRoute, z } from "@hono/zod-openapi";
import {
  type Mark,
  marksOf,
  parseQuery,
  planQuery,
  printQuery,
  type Query,
  QuerySyntaxError,
  queryReference,
  shownColumns,
} from "../engine/query/query.ts";
import { QUERY_LENGTH_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { SEARCH_PROBLEMS, SEARCH_ROUTE } from "./route-parts.ts";

const Fault = z.object({
  message: z.string(),
  position: z.number().int().openapi({ description: "Where it stands in `q`, in UTF-16 units from 0." }),
  found: z.string().openapi({ description: "What stood there, as written; `the end` where nothing did." }),
  expected: z.string(),
  suggestion: z.string().nullable().openapi({ description: "The known word that was probably meant." }),
});

const MarkSchema = z
  .discriminatedUnion("kind", [
    z.object({
      kind: z.literal("text"),
      field: z.string().openapi({ description: "As it is written in queries; `_any` for every field." }),
      text: z.string(),
      word_start: z.boolean(),
      word_end: z.boolean(),
      any_case: z.boolean(),
    }),
    z.object({ kind: z.literal("regex"), field: z.string(), pattern: z.string().openapi({ description: "In RE2's syntax." }) }),
  ])
  .openapi("QueryMark", { description: "What the query looks for in a field: what a reader wants to see marked." });

const QueryCheck = z
  .object({
    valid: z.boolean(),
    canonical: z.string().nullable().openapi({ description: "The query in its normal form; relative times in it are absolute." }),
    kind: z.enum(["events", "table"]).nullable().openapi({ description: "What a search with it answers." }),
    columns: z
      .array(z.string())
      .nullable()
      .openapi({ description: "The columns of its table, or the fields that it leaves of events; null where any may occur." }),
    pipes: z.array(z.string()).openapi({ description: "The kinds of its pipes, in order." }),
    marks: z.array(MarkSchema),
    errors: z.array(Fault).openapi({ description: "Empty where the query is valid." }),
  })
  .openapi("QueryCheck");

const Word = z.object({ name: z.string(), usage: z.string(), doc: z.string() });

const ReferenceSchema = z
  .object({
    fields: z.array(z.string()),
    levels: z.array(z.string()),
    conditions: z.array(Word),
    pipes: z.array(Word),
    stats: z.array(Word),
    functions: z.array(Word.extend({ group: z.string(), example: z.string() })),
  })
  .openapi("QueryReference", { description: "The words of the query language, with a line of help each." });

const checkRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/query",
  summary: "Check a query",
  description: "Parses a query without running it. A query that is not valid is an answer here, not a refusal.",
  request: {
    query: z.object({
      q: z
        .string()
        .max(QUERY_LENGTH_MAX)
        .default("")
        .openapi({ description: "A query in Ledge's language.", example: "level:error | stats count() by service" }),
    }),
  },
  responses: {
    200: { description: "What it means, or where its fault is.", content: { "application/json": { schema: QueryCheck } } },
    ...SEARCH_PROBLEMS,
  },
});

const referenceRoute = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/query/reference",
  summary: "Words of the query language",
  responses: {
    200: { description: "For editors that complete.", content: { "application/json": { schema: ReferenceSchema } } },
    ...SEARCH_PROBLEMS,
  },
});

type Check = z.infer<typeof QueryCheck>;

function understood(query: Query): Check {
  const plan = planQuery(query);
  return {
    valid: true,
    canonical: printQuery(query),
    // A table of whole events is answered as events.
    kind: plan.reduce === null || (plan.reduce.kind === "rows" && plan.reduce.columns === null) ? "events" : "table",
    columns: shownColumns(query),
    pipes: query.pipes.map(({ kind }) => kind),
    marks: marksOf(query) satisfies Mark[],
    errors: [],
  };
}

function checkQuery(text: string, now_us: number): Check {
  try {
    return understood(parseQuery(text.trim() === "" ? "*" : text, { now_us }));
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    const { message, position, found, expected, suggestion } = error;
    return {
      valid: false,
      canonical: null,
      kind: null,
      columns: null,
      pipes: [],
      marks: [],
      errors: [{ message, position, found, expected, suggestion }],
    };
  }
}

export const queryRoutes = createRouter();

queryRoutes.openapi(checkRoute, (c) => c.json(checkQuery(c.req.valid("query").q, Date.now() * 1_000), 200));

queryRoutes.openapi(referenceRoute, (c) => {
  const { fields, levels, conditions, pipes, stats, functions } = queryReference();
  return c.json(
    {
      fields: [...fields],
      levels: [...levels],
      conditions: [...conditions],
      pipes: [...pipes],
      stats: [...stats],
      functions: [...functions],
    },
    200,
  );
});
