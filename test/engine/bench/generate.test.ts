import { describe, expect, it } from "vitest";
import { type GeneratedEvent, NEEDLE_PHRASE, SLOW_MS, TIMEOUT_PHRASE, WEEK_MS, Week } from "../../../bench/generate.ts";
import { Random, Weighted, zipf } from "../../../clients/demo/generate/random.ts";

const START_MS = Date.UTC(2026, 10, 2);

function generate(seed: number, events: number, batch: number): { text: string; week: Week; sizes: number[] } {
  const week = new Week({ seed, events, batch, start_ms: START_MS });
  const decoder = new TextDecoder();
  const sizes: number[] = [];
  let text = "";
  for (const { bytes, events: count } of week.batches()) {
    text += decoder.decode(bytes);
    sizes.push(count);
  }
  return { text, week, sizes };
}

function parse(text: string): GeneratedEvent[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as GeneratedEvent);
}

describe("a generated week", () => {
  const { text, week, sizes } = generate(7, 12_345, 1_000);
  const events = parse(text);

  it("is the same for the same seed, whatever the batch", () => {
    expect(generate(7, 12_345, 5_000).text).toBe(text);
    expect(generate(8, 12_345, 1_000).text).not.toBe(text);
  });

  it("comes in full batches", () => {
    expect(sizes).toEqual([...Array(12).fill(1_000), 345]);
    expect(events).toHaveLength(12_345);
  });

  it("knows its truth", () => {
    const { truth } = week;
    const tally = (key: (event: GeneratedEvent) => string): Record<string, number> => {
      const counts: Record<string, number> = {};
      for (const event of events) counts[key(event)] = (counts[key(event)] ?? 0) + 1;
      return counts;
    };
    const times = events.map((event) => Date.parse(event.timestamp));
    const { undefined: _none, ...statuses } = tally((event) => String(event.status));
    expect(truth).toEqual({
      events: events.length,
      size_bytes: new TextEncoder().encode(text).length,
      ts_min_ms: Math.min(...times),
      ts_max_ms: Math.max(...times),
      by_level: tally((event) => event.level),
      by_service: tally((event) => event.service),
      by_service_and_level: tally((event) => `${event.service} ${event.level}`),
      by_status: statuses,
      needles: events.filter((event) => event.message.includes(NEEDLE_PHRASE)).length,
      timeouts: events.filter((event) => event.message.includes(TIMEOUT_PHRASE)).length,
      slow: events.filter((event) => event.duration_ms > SLOW_MS).length,
      duration_ms_sum: events.reduce((sum, event) => sum + event.duration_ms, 0),
      trace_id: truth.trace_id,
      trace_events: events.filter((event) => event.trace_id === truth.trace_id).length,
    });
    expect(truth.trace_events).toBeGreaterThan(0);
    expect(truth.needles).toBe(1);
  });

  it("looks like logs", () => {
    const mean = week.truth.size_bytes / events.length;
    expect(mean).toBeGreaterThan(320);
    expect(mean).toBeLessThan(360);
    expect(week.templates).toBeGreaterThan(2_000);
    expect(Object.keys(week.truth.by_service).length).toBeGreaterThanOrEqual(8);
    const traces = new Set(events.map((event) => event.trace_id)).size;
    expect(events.length / traces).toBeGreaterThan(3);
    expect(events.every((event) => !/[{}]|undefined/.test(event.message))).toBe(true);
  });

  it("spans a week, nearly in order", () => {
    expect(week.truth.ts_min_ms).toBeGreaterThanOrEqual(START_MS);
    expect(week.truth.ts_max_ms).toBeLessThan(START_MS + WEEK_MS);
    expect(week.truth.ts_max_ms - week.truth.ts_min_ms).toBeGreaterThan(0.99 * WEEK_MS);
    let newest = 0;
    for (const event of events) {
      const time = Date.parse(event.timestamp);
      expect(newest - time).toBeLessThan(WEEK_MS / 1_000);
      newest = Math.max(newest, time);
    }
  });
});

describe("chance", () => {
  it("is fair", () => {
    const random = new Random(1);
    const counts = new Array(10).fill(0) as number[];
    for (let index = 0; index < 100_000; index++) counts[random.below(10)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it("follows weights", () => {
    const random = new Random(2);
    const weights = zipf(20, 1);
    const weighted = new Weighted(weights);
    const counts = new Array(20).fill(0) as number[];
    for (let index = 0; index < 200_000; index++) counts[weighted.pick(random)]!++;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (const [index, weight] of weights.entries()) expect(counts[index]! / 200_000).toBeCloseTo(weight / total, 2);
  });
});
