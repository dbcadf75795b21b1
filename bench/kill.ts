/**
 * The service is killed with SIGKILL again and again while clients send; then every acknowledged event is looked for.
 *
 *   node bench/kill.ts [--rounds 30] [--clients 8] [--seed 1] [--answers 300] [--events 200]
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCampaign } from "../test/support/kill/campaign.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "30" },
    clients: { type: "string", default: "8" },
    seed: { type: "string", default: "1" },
    answers: { type: "string", default: "300" },
    events: { type: "string", default: "200" },
  },
});

const home = mkdtempSync(join(tmpdir(), "ledge-kill-"));
process.on("exit", () => rmSync(home, { recursive: true, force: true }));
const began_ms = performance.now();
const { verdicts, requests, repeated, kills } = await runCampaign({
  home,
  rounds: Number(values.rounds),
  clients: Number(values.clients),
  seed: Number(values.seed),
  answers_max: Number(values.answers),
  events_per_request_max: Number(values.events),
  report: (line) => console.log(line),
});

const sum = (of: (verdict: (typeof verdicts)[number]) => number, from = verdicts) =>
  from.reduce((total, verdict) => total + of(verdict), 0);
const last = verdicts.slice(-2);
const faults = { lost: sum((v) => v.lost.length), doubled: sum((v) => v.doubled.length), foreign: sum((v) => v.foreign.length) };
console.log(
  `${kills} kills, ${requests} requests, ${repeated} sends without an answer, ${verdicts.length} complete reads, seed ${values.seed}`,
);
console.log(`acknowledged ${sum((v) => v.acknowledged, last)}, found ${sum((v) => v.found, last)}`);
console.log(`lost ${faults.lost}, doubled ${faults.doubled}, of another project ${faults.foreign} (in all reads)`);
for (const kind of ["lost", "doubled", "foreign"] as const) {
  const words = verdicts.flatMap((verdict) => verdict[kind]).slice(0, 20);
  if (words.length > 0) console.log(`${kind}: ${words.join(" ")}`);
}
console.log(`${((performance.now() - began_ms) / 1000).toFixed(0)} s`);
process.exit(faults.lost + faults.doubled + faults.foreign === 0 ? 0 : 1);
