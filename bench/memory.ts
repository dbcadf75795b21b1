/**
 * Measures what is alive in the Worker's isolate while questions are answered: heap and buffers after a collection, looked at again and again through
 * workerd's inspector, the largest while a question was under way. Needs a folder that `npm run bench -- --folder` has filled. Prints; writes nothing.
 *
 *   npm run bench:memory -- --folder <folder> [--events 5000000] [--only Q9,_any] [--rounds 2]
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine, printTable, progress } from "./report.ts";
import { Client } from "./service/client.ts";
import { Isolate } from "./service/isolate.ts";
import { startService } from "./service/run-service.ts";

const { values } = parseArgs({
  options: { folder: { type: "string" }, only: { type: "string" }, rounds: { type: "string", default: "2" } },
});
if (values.folder === undefined) throw new Error("--folder names what npm run bench filled");

const MIB = 2 ** 20;
/** Fill what an isolate keeps. */
const BEFORE = ["timeout OR refused OR denied | stats count()", "* | stats count_uniq(user_id), p99(duration_ms) by path"];

const QUESTIONS: readonly [id: string, query: string, limit?: string][] = [
  ["Q5", "* | stats p50(duration_ms), p99(duration_ms) by service"],
  ["Q6", "path:* | top 10 path"],
  ["Q9", "* | stats count_uniq(user_id)"],
  ["count of a phrase", '"connection timed out" | stats count()'],
  ["_any of a missing word", "_any:nowheretobefound | stats count()"],
  ["groups by trace", "* | stats count() by trace_id"],
  ["uniq by service, host", "* | stats count_uniq(trace_id), count_uniq(user_id) by service, host"],
  ["uniq traces by user", "* | stats count_uniq(trace_id) by user_id"],
  ["quantiles by user", "* | stats p50(duration_ms), p99(duration_ms) by user_id"],
  ["quantiles by trace", "* | stats p50(duration_ms), p99(status) by trace_id"],
  ["values by user", "* | stats values(path), first(message), last(message) by user_id"],
  ["sorted by a number", "* | sort -duration_ms | limit 10000"],
  ["10,000 whole events", "*", "10000"],
];

const ledge = await startService(join(values.folder, "home"), "local", true);
const client = new Client(ledge.credentials, 2);
const isolate = await Isolate.of(ledge);

function ask(query: string, limit?: string): Promise<unknown> {
  return client.search("/api/v1/logs", { q: query, from: "2000-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z", ...(limit ? { limit } : {}) });
}

/** Between questions: something to do for the isolate. */
async function alive_bytes(): Promise<number> {
  const looked = isolate.alive_bytes();
  while (!(await Promise.race([looked.then(() => true), ask("warm-up | stats count()").then(() => false)])));
  return looked;
}

/** Largest of what is alive until the question is answered, and in how many looks. */
async function most_bytes(question: Promise<unknown>): Promise<{ most_bytes: number; looks: number }> {
  let done = false;
  const answered = question.finally(() => {
    done = true;
  });
  let most = 0;
  let looks = 0;
  while (!done) {
    const looked = isolate.alive_bytes();
    const alive = await Promise.race([looked, answered.then(() => null)]);
    if (alive === null) {
      await alive_bytes();
      await looked;
      break;
    }
    most = Math.max(most, alive);
    looks++;
  }
  await answered;
  return { most_bytes: most, looks };
}

console.log(`Ledge, the Worker's isolate\n${machine()}`);
try {
  await ask("warm-up | stats count()");
  const empty_bytes = await alive_bytes();
  for (const query of BEFORE) for (let round = 0; round < 2; round++) await ask(query);
  const rows: (string | number)[][] = [["before any question", empty_bytes / MIB, 1, empty_bytes / MIB]];
  for (const [id, query, limit] of QUESTIONS) {
    if (values.only && !values.only.split(";").includes(id)) continue;
    progress(id);
    let most = 0;
    let looks = 0;
    for (let round = 0; round < Number(values.rounds); round++) {
      const seen = await most_bytes(ask(query, limit));
      most = Math.max(most, seen.most_bytes);
      looks += seen.looks;
    }
    rows.push([id, most / MIB, looks, (await alive_bytes()) / MIB]);
  }
  printTable("Alive in the isolate, MiB", ["", "at most", "looks", "afterwards"], rows);
} finally {
  isolate.close();
  client.close();
  await ledge.stop();
}
