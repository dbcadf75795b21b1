/** Parsers and decoders, given texts that nobody meant. */

import { recordAt } from "../../../worker/engine/batch/record.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "../../../worker/engine/decode/types.ts";
import { runSteps } from "../../../worker/engine/query/pipes/steps.ts";
import {
  matchRows,
  type Plan,
  parseQuery,
  planColumns,
  planHints,
  planQuery,
  printQuery,
  QuerySyntaxError,
  reducerFor,
  runTable,
  type Table,
} from "../../../worker/engine/query/query.ts";
import { QueryLimitError } from "../../../worker/engine/query/query-limit-error.ts";
import { sqlTable } from "../../../worker/engine/query/sql/output.ts";
import { planSql } from "../../../worker/engine/query/sql/plan-sql.ts";
import { packFrame, unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { Problem } from "../../../worker/errors.ts";
import { FRAME_ROWS_MAX } from "../../../worker/limits.ts";
import { decodeCursor, encodeCursor } from "../../../worker/search/cursor.ts";
import { sampleEvents } from "../../support/protocols/sample.ts";
import { SAMPLES } from "../../support/protocols/samples.ts";
import { batchOf, flatRows, frameMeta, typicalRows } from "../segment/events.ts";
import type { Chance } from "./chance.ts";
import { checkBatch } from "./check-batch.ts";
import { mutateBytes, mutateText, soup } from "./mutate.ts";
import { DOCUMENTED, SQL_TOKENS, STATEMENTS, TOKENS } from "./query-texts.ts";
import { refuses, type Target } from "./target.ts";
import { watched } from "./watch.ts";

const ALLOWANCE = { single_size_bytes: 16 * 1024 * 1024, total_size_bytes: 192 * 1024 * 1024 };
const NOW_US = Date.UTC(2026, 2, 2, 12) * 1000;
const CONTEXT: DecodeContext = { received_us: NOW_US, defaults: { service: "fallback" } };

export function textTargets(): Target[] {
  return [
    { name: "queries", run: fuzzQuery },
    { name: "SQL", run: fuzzSql },
    { name: "cursors", run: fuzzCursor },
    { name: "JSON", run: (chance) => fuzzDecoder((body) => decodeJson(body, CONTEXT), jsonBody(chance)) },
    { name: "text", run: (chance) => fuzzDecoder((body) => decodeText(body, CONTEXT), textBody(chance)) },
    ...SAMPLES.map((sample, at) => ({
      name: `${sample.protocol.name} ${sample.path} (${at})`,
      run: (chance: Chance) => fuzzProtocol(at, chance),
    })),
  ];
}

function queryText(chance: Chance): string {
  if (chance.oneIn(4)) return soup(TOKENS, chance);
  if (chance.oneIn(50))
    return chance.pick(["(", "-", "NOT ", "a:(", "[", '"', "| where ", "| eval x = (", "a OR "]).repeat(1 + chance.below(16_000));
  return mutateText(chance.pick(DOCUMENTED), TOKENS, chance);
}

const probe = batchOf(typicalRows(20, 9));

async function fuzzQuery(chance: Chance): Promise<void> {
  const text = queryText(chance);
  try {
    const query = parseQuery(text, { now_us: NOW_US });
    const printed = printQuery(query);
    // Relative times are absolute by now, and all else reads the same again.
    const again = parseQuery(printed, { now_us: 0 });
    if (JSON.stringify(again) !== JSON.stringify(query))
      throw new Error(`${JSON.stringify(text)} prints as ${printed}, which is another query`);
    runPlan(planQuery(query, { range: chance.oneIn(2) ? null : { from_us: 0, to_us: NOW_US } }));
  } catch (error) {
    checkRefusal(text, error);
  }
}

/** What a plan does with events, through every station of an answer. */
function runPlan(plan: Plan): Table | null {
  planHints(plan);
  planColumns(plan);
  const { batch, rows } = runSteps(plan.steps, probe, matchRows(plan.filter, probe));
  if (!plan.reduce) return null;
  const reducer = reducerFor(plan.reduce);
  reducer.add(batch, rows);
  const whole = reducerFor(plan.reduce);
  whole.merge(structuredClone(reducer.serialize()));
  return runTable(plan, whole.result());
}

function checkRefusal(text: string, error: unknown): void {
  const shown = JSON.stringify(text.slice(0, 2_000));
  if (error instanceof QueryLimitError) return;
  if (!(error instanceof QuerySyntaxError)) {
    throw new Error(`${shown}: ${error instanceof Error ? error.stack : String(error)}`, { cause: error });
  }
  const { position, message, expected } = error;
  if (!(position >= 0 && position <= text.length)) throw new Error(`${shown}: position ${position} of ${text.length}`);
  if (message === "" || expected === "") throw new Error(`${shown}: an error that says nothing`);
}

const SQL_BEGINNINGS = [
  "(",
  "NOT ",
  "SELECT (",
  "SELECT n FROM logs WHERE (",
  "CASE WHEN ",
  "SELECT -",
  "/*",
  "'",
  '"',
  "SELECT 1+",
  "a AND ",
];

function sqlText(chance: Chance): string {
  if (chance.oneIn(4)) return soup(SQL_TOKENS, chance);
  if (chance.oneIn(50)) return chance.pick(SQL_BEGINNINGS).repeat(1 + chance.below(8_000));
  return mutateText(chance.pick(STATEMENTS), SQL_TOKENS, chance);
}

function fuzzSql(chance: Chance): void {
  const text = sqlText(chance);
  try {
    const plan = planSql(text, { now_us: NOW_US, rows_max: 100 });
    const table = runPlan(structuredClone(plan));
    if (table) sqlTable(plan, table);
  } catch (error) {
    checkRefusal(text, error);
  }
}

function cursorText(chance: Chance): string {
  const cursor = encodeCursor({
    order: chance.oneIn(2) ? "asc" : "desc",
    position: { timestamp_us: NOW_US, hash: "0123456789abcdef", copies: 1 },
    from_us: 0,
    to_us: NOW_US,
    now_us: NOW_US,
    shards: 1,
    shown: 10,
    query_hash: "00000000000000aa",
  });
  if (chance.oneIn(3)) return mutateText(cursor, ["=", "A", "_", "-", "%", "é"], chance);
  const fields = mutateText(
    atob(cursor.replaceAll("-", "+").replaceAll("_", "/")),
    ["1e999", "null", "[", "{}", '"', "-1", "9007199254740993", "[[[["],
    chance,
  );
  return Buffer.from(fields, "latin1").toString("base64url");
}

async function fuzzCursor(chance: Chance): Promise<void> {
  const text = cursorText(chance);
  await refuses([Problem], () => {
    const { position, from_us, to_us } = decodeCursor(text, { query_hash: "00000000000000aa", order: undefined });
    const sound = Number.isSafeInteger(position.timestamp_us) && from_us <= to_us && position.copies >= 1;
    if (!sound) throw new Error(`${text} was taken`);
  });
}

const JSON_TOKENS = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"',
    "\\",
    "\\u",
    "\\ud800",
    "\\u0000",
    "null",
    "true",
    "tru",
    "1e999",
    "-0",
    "01",
    "1e-400",
    "9007199254740993",
    "NaN",
  ],
  ...[
    '"message":',
    '"timestamp":',
    '"level":"ERROR"',
    '"attributes":{',
    '"__proto__":',
    '"a.b":1',
    '"":0',
    "\n",
    "\r\n",
    "\0",
    "\ufeff",
    " ",
    "1770091506789",
  ],
];
const LINES = [
  '{"timestamp":"2026-03-01T09:00:00Z","level":"INFO","service":"api","message":"GET /api","status":200,"duration_ms":12.5,"tags":["a",1,null],"nested":{"a":{"b":[{"c":1}]}}}',
  '{"@timestamp":1770091506789,"severity":"warn","msg":"é 😀 \\u00e9 \\ud83d\\ude00 \\n \\" \\\\","http":{"status":"504"},"trace_id":"0af7651916cd43dd8448eb211c80319c"}',
  '[{"message":"a"},{"message":"b","big":12345678901234567890,"small":1e-320}]',
];

function jsonBody(chance: Chance): Uint8Array {
  if (chance.oneIn(30)) return Buffer.from(chance.pick(["[", '{"a":', "[{", '"', "{", '{"a":[{"b":']).repeat(1 + chance.below(60_000)));
  const text = Array.from({ length: 1 + chance.below(4) }, () => chance.pick(LINES)).join(chance.pick(["\n", "", ",", "\r\n"]));
  if (chance.oneIn(2)) return Buffer.from(mutateText(text, JSON_TOKENS, chance));
  return mutateBytes(Buffer.from(text), Buffer.from(LINES[1]!), chance);
}

const TEXT_LINES = [
  '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326 "http://a/" "Mozilla/4.08"',
  '<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 [exampleSDID@32473 iut="3" eventSource="App"] message',
  "<13>Oct 11 22:14:15 host app[123]: a message",
  '2026-03-01 09:00:00,123 ERROR [main] com.example.Class - something failed key=value other="a b" n=1',
  'level=info ts=2026-03-01T09:00:00Z caller=main.go:1 msg="a \\"quoted\\" text" dur=1.5ms',
  LINES[0]!,
  "Mar  1 09:00:00 host kernel: [123.456] oops",
];
const TEXT_TOKENS = [
  "=",
  '"',
  "[",
  "]",
  "<",
  ">",
  "<999999>",
  " ",
  "\t",
  "\r",
  "\0",
  "-",
  ":",
  "{",
  "}",
  "\u001b[31m",
  "T25:61:61",
  "+99:99",
  "é",
  "\\x1b",
];

function textBody(chance: Chance): Uint8Array {
  const text = Array.from({ length: 1 + chance.below(4) }, () => chance.pick(TEXT_LINES)).join(chance.pick(["\n", "\r\n", "\n\n"]));
  if (chance.oneIn(40)) return Buffer.from(chance.pick(["a=", 'a="', "[", "<", "=", " ", '"', "a=b "]).repeat(1 + chance.below(60_000)));
  if (chance.oneIn(2)) return Buffer.from(mutateText(text, TEXT_TOKENS, chance));
  return mutateBytes(Buffer.from(text), Buffer.from(TEXT_LINES[1]!), chance);
}

/** What is decoded can be stored, read again and shown. */
async function fuzzDecoder(decode: (body: Uint8Array) => Decoded, body: Uint8Array): Promise<void> {
  await watched(ALLOWANCE, () => refuses([DecodeFailure], () => checkDecoded(decode(body), body)));
}

function checkDecoded({ batches, accepted, errors, rejected }: Decoded, body: Uint8Array): void {
  const rows = batches.reduce((sum, { batch }) => sum + batch.rows, 0);
  if (rows !== accepted) throw new Error(`${rows} events, ${accepted} accepted: ${shown(body)}`);
  if (errors.length > rejected) throw new Error(`${errors.length} errors, ${rejected} rejected: ${shown(body)}`);
  for (const { batch } of batches) {
    checkBatch(batch);
    if (batch.rows > FRAME_ROWS_MAX) throw new Error(`${batch.rows} rows in a batch`);
    const back = unpackFrame(packFrame(batch, frameMeta()));
    if (JSON.stringify(flatRows(back)) !== JSON.stringify(flatRows(batch))) throw new Error(`another batch after packing: ${shown(body)}`);
    for (let row = 0; row < batch.rows; row++) recordAt(batch, row);
  }
}

function shown(body: Uint8Array): string {
  return JSON.stringify(Buffer.from(body.subarray(0, 2_000)).toString("latin1"));
}

async function fuzzProtocol(at: number, chance: Chance): Promise<void> {
  const sample = SAMPLES[at]!;
  const wanted = sample.pattern ?? sample.path;
  const endpoint = sample.protocol.endpoints.find(({ kind, path }) => kind === "ingest" && path === wanted);
  if (endpoint?.kind !== "ingest") throw new Error(`${sample.protocol.name} has no endpoint ${wanted}`);
  const { body, headers = {}, query = {} } = sample.encode(sampleEvents(1 + chance.below(4)));
  const other = sample.encode(sampleEvents(1)).body;
  const text = chance.oneIn(3) ? Buffer.from(mutateText(Buffer.from(body).toString("utf8"), JSON_TOKENS, chance)) : null;
  const lower = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  const request = {
    method: sample.method ?? "POST",
    params: paramsOf(wanted, sample.path),
    query: new URLSearchParams(query),
    header: (name: string) => lower.get(name.toLowerCase()) ?? null,
    received_ms: NOW_US / 1000,
  };
  await fuzzDecoder((changed) => endpoint.decode(changed, request, CONTEXT), text ?? mutateBytes(body, other, chance));
}

function paramsOf(pattern: string, path: string): Record<string, string> {
  const values = path.split("/");
  return Object.fromEntries(
    pattern.split("/").flatMap((part, at) => (part.startsWith("{") ? [[part.slice(1, -1), decodeURIComponent(values[at] ?? "")]] : [])),
  );
}
