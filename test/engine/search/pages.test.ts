import { describe, expect, it } from "vitest";
import { ALL, parseQuery } from "../../../worker/engine/query/query.ts";
import type { Order, Position } from "../../../worker/search/cursor.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { randomOf } from "../../support/random.ts";
import { canonical, type PlainEvent, randomEvents } from "../../support/search/events.ts";
import { SearchHouse } from "../../support/search/house.ts";

const START_US = Date.UTC(2026, 10, 20, 0, 10) * 1_000;
const EVERYTHING = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };

/** One step of what goes on while somebody reads. */
async function step(house: SearchHouse, random: () => number, added: PlainEvent[][] | null): Promise<void> {
  house.now_us += Math.floor(random() * 3_000_000);
  const dice = random();
  if (dice < 0.35) {
    const events = added ? randomEvents(random, 1 + Math.floor(random() * 60), house.now_us) : [];
    const masked = random() < 0.2 && events.length > 2 ? [0, 2] : [];
    if (events.length > 0) house.append(events, masked, random() < 0.2);
    added?.push(events.filter((_, row) => !masked.includes(row)));
  } else if (dice < 0.6) house.flush(1 + Math.floor(random() * 4));
  else if (dice < 0.75) house.exportRows();
  else if (dice < 0.9) {
    const rows = [...house.alive.values()];
    const level = random() < 0.5 ? 0 : 1;
    const wanted = rows.filter((row) => row.level === level && (level === 0 || row.day === rows.find((one) => one.level === 1)?.day));
    await house.compact(wanted.slice(0, 4), random() < 0.7);
  } else house.cache.delete([...house.cache.keysWith("")][0] ?? "");
}

async function filled(seed: number, steps: number): Promise<{ house: SearchHouse; events: PlainEvent[]; random: () => number }> {
  const random = randomOf(seed);
  const house = new SearchHouse(START_US);
  const added: PlainEvent[][] = [];
  for (let index = 0; index < steps; index++) await step(house, random, added);
  return { house, events: added.flat(), random };
}

const sorted = (texts: readonly string[]) => [...texts].sort();

describe("pages of a project that keeps moving", { timeout: 30_000 }, () => {
  it.each(Array.from({ length: 12 }, (_, seed) => seed))("every event once and in order (seed %i)", async (seed) => {
    const { house, events, random } = await filled(seed, 60);
    const order: Order = seed % 2 === 0 ? "desc" : "asc";
    let depth = 0;
    house.view_frames_max = 1 + (seed % 4);
    // Flushes and compactions between any two answers; new events would rightly appear, so none are added here.
    house.between = async () => {
      if (depth > 0 || random() > 0.15) return;
      depth++;
      await step(house, random, null);
      depth--;
    };
    const found: string[] = [];
    const ids: string[] = [];
    const times: string[] = [];
    let after: Position | null = null;
    for (let page = 0; page < 10_000; page++) {
      const limit = 1 + Math.floor(random() * 80);
      const answer = await searchEvents(house.context(), { filter: ALL, range: EVERYTHING, order, limit, after });
      for (const { record } of answer.events) {
        found.push(canonical(record));
        ids.push(record.event_id!);
        times.push(record.timestamp);
      }
      if (!answer.more) break;
      after = answer.last;
    }
    expect(sorted(found)).toEqual(sorted(events.map(canonical)));
    expect(new Set(ids).size).toBe(ids.length);
    expect(times).toEqual(order === "asc" ? [...times].sort() : [...times].sort().reverse());
  });

  it("what was there at the first page is neither skipped nor repeated while new events arrive", async () => {
    for (const seed of [101, 102, 103, 104]) {
      const { house, events, random } = await filled(seed, 50);
      const later: PlainEvent[][] = [];
      const range = { from_us: 0, to_us: house.now_us + 3_600_000_000 };
      const found: string[] = [];
      let after: Position | null = null;
      for (let page = 0; page < 10_000; page++) {
        const answer = await searchEvents(house.context(), { filter: ALL, range, order: "desc", limit: 37, after });
        found.push(...answer.events.map(({ record }) => canonical(record)));
        if (!answer.more) break;
        after = answer.last;
        for (let index = 0; index < 3; index++) await step(house, random, later);
      }
      const possible = [...events, ...later.flat()].map(canonical);
      const missing = multisetMinus(events.map(canonical), found);
      expect(missing).toEqual([]);
      expect(multisetMinus(found, possible)).toEqual([]);
    }
  });

  it.each([
    "level:error",
    "service:(api, web) connection",
    '"connection reset" OR timeout',
    "status:>=404 -level:info",
    "status:unknown",
    "tags:* duration_ms:<100",
    "host:host-1 retried:true",
    "wörds",
    "n7",
  ])("a filter finds in every place what it finds in one batch: %s", async (q) => {
    const { filter } = parseQuery(q, { now_us: START_US });
    const { house, events } = await filled(7, 120);
    const all_in_one = new SearchHouse(START_US);
    all_in_one.append(events);
    const page = { filter, range: EVERYTHING, order: "desc" as const, limit: 10_000, after: null };
    const spread = await searchEvents(house.context(), page);
    const single = await searchEvents(all_in_one.context(), page);
    expect(spread.events.map(({ record }) => canonical(record))).toEqual(single.events.map(({ record }) => canonical(record)));
    expect(spread.events.map(({ record }) => record.event_id)).toEqual(single.events.map(({ record }) => record.event_id));
  });
});

function multisetMinus(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of right) counts.set(text, (counts.get(text) ?? 0) + 1);
  return left.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}
