/** Everything that a filter finds, as a file that is made while it is read. */
import { createRoute, z } from "@hono/zod-openapi";
import { recordDeed } from "../auth/record.ts";
import { QUERY_LENGTH_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { NO_BUDGET, SearchContext } from "./context.ts";
import { csvHeader, csvLines, EXPORT_COLUMNS, ndjson } from "./export-formats.ts";
import { parquetPieces } from "./export-parquet.ts";
import { type ExportedEvent, exportEvents } from "./export-slices.ts";
import { cacheOf } from "./invocation.ts";
import { FilteredRange, filterOf, OrderParameter } from "./parameters.ts";
import { SEARCH_PROBLEMS, SEARCH_ROUTE, sourcesOf } from "./route-parts.ts";
import { openEnd_us, resolveRange } from "./time-range.ts";

const FORMATS = {
  ndjson: { content_type: "application/x-ndjson", ending: "ndjson" },
  csv: { content_type: "text/csv; charset=utf-8; header=present", ending: "csv" },
  parquet: { content_type: "application/vnd.apache.parquet", ending: "parquet" },
} as const;

const route = createRoute({
  ...SEARCH_ROUTE,
  path: "/api/v1/logs/export",
  summary: "Export events",
  description:
    "All events that match, in time order, at any length. A connection that ends before the answer's end means that the file is not complete.",
  request: {
    query: FilteredRange.extend({
      format: z.enum(["ndjson", "csv", "parquet"]).optional().openapi({ description: "ndjson where it is missing." }),
      order: OrderParameter,
      fields: z.string().min(1).max(QUERY_LENGTH_MAX).optional().openapi({
        description:
          "Columns of CSV and Parquet, separated by commas: fields, attributes by their names, `attributes` for all of them as JSON.",
      }),
    }),
  },
  responses: {
    200: {
      description: "The file.",
      content: Object.fromEntries(Object.values(FORMATS).map(({ content_type }) => [content_type, { schema: z.string() }])),
    },
    ...SEARCH_PROBLEMS,
  },
});

async function* encoded(
  lists: AsyncIterable<ExportedEvent[]>,
  begin: string,
  lines: (events: ExportedEvent[]) => string,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (begin !== "") yield encoder.encode(begin);
  for await (const events of lists) yield encoder.encode(lines(events));
}

function pieces(
  format: keyof typeof FORMATS,
  lists: AsyncIterable<ExportedEvent[]>,
  columns: readonly string[],
): AsyncGenerator<Uint8Array> {
  if (format === "parquet") return parquetPieces(lists, columns);
  if (format === "csv") return encoded(lists, csvHeader(columns), (events) => csvLines(events, columns));
  return encoded(lists, "", ndjson);
}

/** Reads on only as the client takes what was made. A fault breaks the connection off, so that a cut file is not taken for a whole one. */
function streamOf(
  source: AsyncGenerator<Uint8Array>,
  first: IteratorResult<Uint8Array>,
  stop: AbortController,
): ReadableStream<Uint8Array> {
  let next: IteratorResult<Uint8Array> | null = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = next ?? (await source.next());
        next = null;
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel(reason) {
        stop.abort(reason);
        await source.return(undefined).catch(() => {});
      },
    },
    { highWaterMark: 0 },
  );
}

function columnsOf(fields: string | undefined): readonly string[] {
  const names = (fields ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  return names.length === 0 ? EXPORT_COLUMNS : [...new Set(names)];
}

export const exportRoutes = createRouter();

exportRoutes.openapi(route, async (c) => {
  const parameters = c.req.valid("query");
  const sources = sourcesOf(c);
  const stop = new AbortController();
  const signal = sources.signal ? AbortSignal.any([sources.signal, stop.signal]) : stop.signal;
  const context = new SearchContext({ ...sources, signal }, cacheOf(c.env), NO_BUDGET);
  const range = resolveRange(parameters.from, parameters.to, context.started_us, openEnd_us(context.started_us));
  const { format = "ndjson", order = "desc" } = parameters;
  const lists = exportEvents(context, { filter: filterOf(parameters, context.started_us), range, order });
  const source = pieces(format, lists, columnsOf(parameters.fields));
  // What fails at once is answered as a problem, not as a broken file.
  const first = await source.next();
  const { q, from, to, fields } = parameters;
  await recordDeed(c, { action: "events.exported", details: { q, from, to, fields, format, order } });
  const { content_type, ending } = FORMATS[format];
  const headers = {
    "content-type": content_type,
    "content-disposition": `attachment; filename="logs.${ending}"`,
    "x-content-type-options": "nosniff",
  };
  return c.body(streamOf(source, first, stop), 200, headers) as never;
});
