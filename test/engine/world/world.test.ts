import { describe, expect, it } from "vitest";
import { simulate, type WorldOptions } from "../../support/world/world.ts";

const CALM: WorldOptions = { steps: 250, fault_chance: 0, crash_chance: 0, time_travel: false };
const ROUGH: WorldOptions = { steps: 350, fault_chance: 0.01, crash_chance: 0.02, time_travel: false };
const TIME_TRAVEL: WorldOptions = { steps: 350, fault_chance: 0.005, crash_chance: 0.02, time_travel: true };
const SHORT: WorldOptions = { steps: 70, fault_chance: 0.02, crash_chance: 0.05, time_travel: false };

/** Seeds that once failed; each stays. */
const ONCE_FAILED: [number, WorldOptions][] = [
  [1058, ROUGH],
  [1150, ROUGH],
  [5006, TIME_TRAVEL],
  [5168, TIME_TRAVEL],
  [20_008, TIME_TRAVEL],
  [100_959, { steps: 460, fault_chance: 0.03, crash_chance: 0, time_travel: false }],
];

async function runSeeds(from: number, count: number, options: WorldOptions): Promise<number> {
  let reads = 0;
  for (let seed = from; seed < from + count; seed++) reads += (await simulate(seed, options)).reads;
  return reads;
}

describe("the simulated world keeps every promise", () => {
  it("in any order of steps", async () => {
    expect(await runSeeds(1, 60, CALM)).toBeGreaterThan(60);
  }, 300_000);

  it("with crashes and faults at any step", async () => {
    expect(await runSeeds(10_001, 80, ROUGH)).toBeGreaterThan(80);
  }, 300_000);

  it("with D1 set back in time", async () => {
    expect(await runSeeds(20_001, 60, TIME_TRAVEL)).toBeGreaterThan(60);
  }, 300_000);

  it("in a thousand short lives", async () => {
    expect(await runSeeds(30_001, 1_000, SHORT)).toBeGreaterThan(1_000);
  }, 300_000);

  it.each(ONCE_FAILED)("seed %i", async (seed, options) => {
    expect((await simulate(seed, options)).reads).toBeGreaterThan(0);
  });

  it("is decided by its seed alone", async () => {
    const first = await simulate(7, ROUGH);
    const second = await simulate(7, ROUGH);
    expect(second.trace).toEqual(first.trace);
  });
});
