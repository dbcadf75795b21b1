/**
 * Parsers, decoders and readers given what nobody meant, for as long as asked: `npm run bench:fuzz -- --seconds 600 --from 1 --target segments`.
 * Each failure is printed with its target and seed, with which `--target`, `--from` and `--tries 1` show it again. The test of the same targets is
 * test/engine/fuzz/; the one against DuckDB takes its time and seed from ORACLE_MS, ORACLE_RUNS and ORACLE_SEED (test/engine/oracle/).
 */
import { parseArgs } from "node:util";
import { bytesTargets } from "../test/engine/fuzz/bytes-targets.ts";
import { chanceOf } from "../test/engine/fuzz/chance.ts";
import { metricTargets } from "../test/engine/fuzz/metric-targets.ts";
import { FuzzFailure, fuzz } from "../test/engine/fuzz/target.ts";
import { textTargets } from "../test/engine/fuzz/text-targets.ts";
import { watchdog } from "../test/engine/fuzz/watchdog.ts";

/** Longer than any single try takes on a busy machine. */
const PATIENCE_MS = 20_000;
/** Tries of one target before the next has its turn. */
const TURN = 50;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    from: { type: "string", default: "1" },
    tries: { type: "string", default: "0" },
    target: { type: "string", default: "" },
  },
});
const targets = [...(await bytesTargets()), ...textTargets(), ...metricTargets()].filter(({ name }) => name.startsWith(values.target));
if (targets.length === 0) throw new Error(`there is no target ${values.target}`);
const end_ms = Date.now() + Number(values.seconds) * 1000;
const tries_max = Number(values.tries) || Number.POSITIVE_INFINITY;
const dog = watchdog(PATIENCE_MS);
const states = targets.map((target, number) => ({ target, number, seed: Number(values.from), tries: 0, failed: 0 }));

/** A turn of one target; a failure costs one try. */
async function turn(state: (typeof states)[number]): Promise<void> {
  const tries = Math.min(TURN, tries_max - state.tries);
  const first = state.seed;
  const more = (done: number) => {
    state.seed = first + done;
    dog.beat(state.number, state.seed);
    return done < tries && Date.now() < end_ms;
  };
  try {
    await fuzz(state.target, first, more, chanceOf);
  } catch (error) {
    if (!(error instanceof FuzzFailure)) throw error;
    state.failed++;
    console.error(error.message);
    state.seed++;
  }
  state.tries += state.seed - first;
}

for (const [number, { name }] of targets.entries()) console.log(`target ${number}: ${name}`);
while (Date.now() < end_ms && states.some(({ tries }) => tries < tries_max)) for (const state of states) await turn(state);
await dog.stop();
for (const { target, tries, failed } of states) console.log(`${target.name}: ${tries} tries, ${failed} failed`);
process.exitCode = states.some(({ failed }) => failed > 0) ? 1 : 0;
