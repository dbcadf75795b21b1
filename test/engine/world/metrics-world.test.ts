import { describe, expect, it } from "vitest";
import { simulate, type WorldOptions } from "../../support/world/world.ts";

const CALM: WorldOptions = { steps: 300, fault_chance: 0, crash_chance: 0, time_travel: false, metrics: true };
const ROUGH: WorldOptions = { steps: 350, fault_chance: 0.01, crash_chance: 0.02, time_travel: false, metrics: true };

async function runSeeds(from: number, count: number, options: WorldOptions): Promise<number> {
  let events = 0;
  for (let seed = from; seed < from + count; seed++) events += (await simulate(seed, options)).events_at_end;
  return events;
}

describe("metrics of the simulated world are what is found in the end", () => {
  it("in any order of counting, rolling, filling and changing", async () => {
    expect(await runSeeds(40_001, 20, CALM)).toBeGreaterThan(500);
  }, 300_000);

  it("with crashes, faults, lost answers and evictions at any step", async () => {
    expect(await runSeeds(50_001, 35, ROUGH)).toBeGreaterThan(500);
  }, 300_000);
});
