import { expect, it } from "vitest";
import { Traffic } from "../../../clients/demo/traffic.ts";

const START_MS = Date.UTC(2026, 10, 2);

/** Ten minutes of traffic at one tick a second. */
function tenMinutes(seed: number) {
  const traffic = new Traffic(seed, 40, START_MS);
  return Array.from({ length: 600 }, (_, second) => ({
    now_ms: START_MS + (second + 1) * 1_000,
    ...traffic.tick(START_MS + (second + 1) * 1_000),
  }));
}

it("flows at about its rate, in waves, with times of now", () => {
  const ticks = tenMinutes(3);
  const total = ticks.reduce((sum, tick) => sum + tick.events.length, 0);
  expect(total / 600).toBeGreaterThan(35);
  expect(total / 600).toBeLessThan(65);
  const calm = ticks.filter((tick) => tick.failing === null).map((tick) => tick.events.length);
  expect(Math.max(...calm)).toBeGreaterThan(2 * Math.min(...calm));
  let before = START_MS;
  for (const tick of ticks) {
    for (const event of tick.events) {
      const time_ms = Date.parse(event.timestamp);
      expect(time_ms).toBeGreaterThanOrEqual(before);
      before = time_ms;
    }
    expect(before).toBeLessThanOrEqual(tick.now_ms);
    before = tick.now_ms;
  }
});

it("lets services fail for a while", () => {
  const ticks = tenMinutes(4);
  const failing = ticks.filter((tick) => tick.failing !== null);
  expect(failing.length).toBeGreaterThan(20);
  expect(failing.length).toBeLessThan(300);
  const own = failing.flatMap((tick) => tick.events.filter((event) => event.service === tick.failing));
  const errors = own.filter((event) => event.level === "ERROR" || event.level === "FATAL").length;
  expect(errors / own.length).toBeGreaterThan(0.3);
  const calm = ticks.filter((tick) => tick.failing === null).flatMap((tick) => tick.events);
  expect(calm.filter((event) => event.level === "ERROR").length / calm.length).toBeLessThan(0.05);
});

it("is the same for the same seed", () => {
  expect(tenMinutes(5)).toEqual(tenMinutes(5));
});
