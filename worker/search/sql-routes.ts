/** POST /api/v1/sql. */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { formatTimestamp_us } from "../engine/batch/record.ts";
import { Problem } from "../errors.ts";
import { SQL_BODY_SIZE_BYTES_MAX, SQL_LENGTH_MAX, SQL_ROWS_MAX } from "../limits.ts";
import { observe } from "../metrics.ts";
import { createRouter } from "../router.ts";
import { problems } from "../schemas.ts";
import { SqlTableAnswer } from "./answers-sql.ts";
import { RangeParameters, wholeNumber } from "./parameters.ts";
import { contextOf, SEARCH_ROUTE } from "./route-parts.ts";
import { type SqlAnswer, searchSql } from "./search-sql.ts";
import { acceptedFormat, TABLE_FORMAT_NAMES, TABLE_FORMATS, type TableFormat, tableCsv, tableLines } from "./table-formats.ts";

const format = z.enum(TABLE_FORMAT_NAMES).optional().openapi({ description: "Goes before Accept." });
const LIMIT = `Rows of the answer, ${SQL_ROWS_MAX} where it is missing.`;
const Parameters = RangeParameters.extend({ limit: wholeNumber(1, SQL_ROWS_MAX, LIMIT), format });
const Statement = z
  .string()
  .max(SQL_LENGTH_MAX)
  .openapi({ description: "One SELECT over the table `logs` (docs/sql.md).", example: "SELECT level, count(*) FROM logs GROUP BY level" });
const Body = RangeParameters.extend({
  sql: Statement,
  limit: z.number().int().min(1).max(SQL_ROWS_MAX).optional().openapi({ description: LIMIT }),
  format,
}).strict();
type Asked = z.infer<typeof Body>;

const route = createRoute({
  ...SEARCH_ROUTE,
  method: "post",
  path: "/api/v1/sql",
  summary: "Ask in SQL",
  description:
    "A table: the answer to one SELECT over `logs`. Where `from` or `to` is missing, the range of time is what WHERE says of `timestamp`, else the last day.",
  middleware: [
    authenticate("read"),
    bodyLimit({
      maxSize: SQL_BODY_SIZE_BYTES_MAX,
      onError: () => {
        throw new Problem("too_large", `The body is larger than ${SQL_BODY_SIZE_BYTES_MAX} bytes.`, {
          limit_bytes: SQL_BODY_SIZE_BYTES_MAX,
        });
      },
    }),
  ],
  request: {
    query: Parameters,
    body: {
      description: "JSON, or the statement itself with the parameters in the address.",
      content: { "application/json": { schema: Body }, "application/sql": { schema: Statement }, "text/plain": { schema: Statement } },
    },
  },
  responses: {
    200: {
      description:
        "The table, in the format that was asked for. Other formats than JSON say in headers what is missing (`x-ledge-truncated`, `x-ledge-partial`, `x-ledge-overflow-events`).",
      content: {
        "application/json": { schema: SqlTableAnswer },
        "application/x-ndjson": { schema: z.string() },
        "text/csv": { schema: z.string() },
        "application/vnd.apache.arrow.stream": { schema: z.string().openapi({ format: "binary" }) },
      },
    },
    ...problems(400, 401, 403, 410, 413, 415, 422, 429, 503),
  },
});
/** The statement and what goes with it. */
async function readAsked(c: Context<AppEnv>, parameters: z.infer<typeof Parameters>, body: Partial<Asked>): Promise<Asked> {
  const type = c.req.header("content-type") ?? "";
  const sql = /json/i.test(type) || type === "" ? body.sql : textOf(await c.req.arrayBuffer());
  if (sql === undefined || sql.trim() === "") {
    const message = "expected a SELECT statement";
    throw new Problem("invalid", `sql: ${message}`, { errors: [{ field: "sql", message }] });
  }
  return { ...parameters, ...body, sql };
}

function textOf(body: ArrayBuffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(body);
  } catch {
    throw new Problem("bad_request", "The body is not UTF-8.");
  }
}

/** Why rows may be missing; null where none are. */
function truncated({ more, rows }: SqlAnswer): string | null {
  return more ? `There are more rows than these ${rows.length}; LIMIT and OFFSET, a narrower WHERE or GROUP BY show others.` : null;
}

function headersOf(answer: SqlAnswer, format: TableFormat): Record<string, string> {
  const headers: Record<string, string> = { "content-type": TABLE_FORMATS[format], "x-content-type-options": "nosniff", vary: "accept" };
  if (answer.more) headers["x-ledge-truncated"] = `${answer.rows.length} rows`;
  if (answer.overflow) headers["x-ledge-overflow-events"] = String(answer.overflow.events);
  if (answer.partial) headers["x-ledge-partial"] = answer.partial.reason;
  return headers;
}

async function answerSql(c: Context<AppEnv>, parameters: z.infer<typeof Parameters>, body: Partial<Asked>) {
  const context = contextOf(c);
  const { sql, from, to, limit, format = acceptedFormat(c.req.header("accept")) } = await readAsked(c, parameters, body);
  try {
    const answer = await searchSql(context, { sql, from, to, rows_max: limit ?? SQL_ROWS_MAX });
    const headers = headersOf(answer, format);
    if (format === "ndjson") return c.body(tableLines(answer), 200, headers);
    if (format === "csv") return c.body(tableCsv(answer), 200, headers);
    if (format === "arrow") {
      const { tableArrow } = await import("./table-arrow.ts");
      return c.body(tableArrow(answer) as Uint8Array<ArrayBuffer>, 200, headers);
    }
    const { columns, rows, overflow, partial, range } = answer;
    const covered = { from: formatTimestamp_us(range.from_us), to: formatTimestamp_us(range.to_us) };
    return c.json({ columns, rows, ...covered, truncated: truncated(answer), overflow, partial, stats: context.stats() }, 200, headers);
  } finally {
    observe("ledge_search_seconds", { kind: "sql" }, context.stats().took_ms / 1_000);
  }
}

export const sqlRoutes = createRouter();
sqlRoutes.openapi(route, (c) => answerSql(c, c.req.valid("query"), c.req.valid("json") as Partial<Asked>) as never);
