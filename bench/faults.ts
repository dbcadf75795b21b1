/**
 * Simulated worlds without end, as many as asked for: `npm run bench:faults -- --worlds 10000 --from 1`. Each failing seed is printed with its last steps
 * and belongs into the list of test/engine/world/world.test.ts.
 */
import { parseArgs } from "node:util";
import { simulate, type WorldOptions } from "../test/support/world/world.ts";

const { values } = parseArgs({ options: { worlds: { type: "string", default: "1000" }, from: { type: "string", default: "1" } } });
const worlds = Number(values.worlds);
const from = Number(values.from);

/** Every seed lives another kind of life. */
function optionsOf(seed: number): WorldOptions {
  const fault_chance = [0, 0.005, 0.01, 0.03][seed % 4]!;
  const crash_chance = [0, 0.02, 0.05][seed % 3]!;
  return { steps: 60 + (seed % 7) * 80, fault_chance, crash_chance, time_travel: seed % 5 === 0 };
}

let failed = 0;
let steps = 0;
let reads = 0;
const began_ms = performance.now();
for (let seed = from; seed < from + worlds; seed++) {
  try {
    const report = await simulate(seed, optionsOf(seed));
    steps += report.trace.length;
    reads += report.reads;
  } catch (error) {
    failed++;
    console.error(error instanceof Error ? error.message : error);
  }
  if ((seed - from + 1) % 100 === 0) console.log(`${seed - from + 1} worlds, ${steps} steps, ${reads} complete reads, ${failed} failed`);
}
console.log(
  `${worlds} worlds from seed ${from}: ${steps} steps, ${reads} complete reads, ${failed} failed, ${((performance.now() - began_ms) / 1000).toFixed(0)} s`,
);
process.exitCode = failed > 0 ? 1 : 0;
