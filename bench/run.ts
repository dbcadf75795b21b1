/**
 * Measures the whole service: starts it in a temporary folder, sends a generated week over HTTP, waits until every event is searchable, flushes,
 * compacts, asks questions, and counts and prices what the bindings were asked for. Prints ratios; writes nothing by itself.
 *
 *   npm run bench -- [--events 1000000] [--connections 2] [--batch 2000] [--seed 1] [--priced-events 200000] [--no-peer] [--no-cold] [--no-price] [--folder <kept between runs>]
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { machine } from "./report.ts";
import { measurePrice } from "./service/measure-price.ts";
import { measureThroughput } from "./service/measure-throughput.ts";

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    connections: { type: "string", default: "2" },
    batch: { type: "string", default: "2000" },
    seed: { type: "string", default: "1" },
    "priced-events": { type: "string", default: "200000" },
    peer: { type: "boolean", default: true },
    cold: { type: "boolean", default: true },
    price: { type: "boolean", default: true },
    folder: { type: "string" },
  },
  allowNegative: true,
});

const folder = mkdtempSync(join(tmpdir(), "ledge-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(130));

console.log(`Ledge, whole service, ${new Date().toISOString().slice(0, 10)}\n${machine()}`);
const common = { connections: Number(values.connections), seed: Number(values.seed) };
const { peer, cold } = values;
const throughput = values.folder ?? join(folder, "throughput");
await measureThroughput({ ...common, folder: throughput, events: Number(values.events), batch: Number(values.batch), peer, cold });
if (values.price) {
  if (values.folder === undefined) rmSync(throughput, { recursive: true, force: true });
  const priced = join(folder, "price");
  mkdirSync(priced);
  await measurePrice({ ...common, folder: priced, events: Number(values["priced-events"]) });
}
