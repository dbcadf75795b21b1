import { describe, expect, it } from "vitest";
import { ALL } from "../../../worker/engine/query/query.ts";
import { Problem } from "../../../worker/errors.ts";
import { ByteCache } from "../../../worker/search/byte-cache.ts";
import { SearchContext, type SearchSources } from "../../../worker/search/context.ts";
import { searchEvents } from "../../../worker/search/search-events.ts";
import { randomOf } from "../../support/random.ts";
import { randomEvents } from "../../support/search/events.ts";
import { SearchHouse } from "../../support/search/house.ts";

const NOW_US = Date.UTC(2026, 10, 20, 12) * 1_000;
const ROWS = 20;
const PAGE = { filter: ALL, range: { from_us: 0, to_us: NOW_US * 2 }, order: "desc" as const, limit: 10_000, after: null };

function houseWith(frames: number): SearchHouse {
  const random = randomOf(frames);
  const house = new SearchHouse(NOW_US);
  for (let index = 0; index < frames; index++) house.append(randomEvents(random, ROWS, NOW_US));
  return house;
}

/** Lets something happen right before the given call (counted from 1) of object, catalog or store. */
function before(house: SearchHouse, call: number, happens: () => Promise<void> | void): void {
  let calls = 0;
  house.between = async () => {
    calls += 1;
    if (calls === call) await happens();
  };
}

async function compactAll(house: SearchHouse, remove: boolean): Promise<void> {
  await house.compact([...house.alive.values()], remove);
}

async function count(house: SearchHouse): Promise<number> {
  return (await searchEvents(house.context(), PAGE)).events.length;
}

async function problemOf(sources: SearchSources): Promise<Problem> {
  try {
    await searchEvents(new SearchContext(sources, new ByteCache(1_000_000)), PAGE);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("it was answered");
}

describe("a window larger than what is kept between searches", () => {
  it("is found whole each time, frames held and frames shipped", async () => {
    const house = houseWith(30);
    const frame_size_bytes = house.frames[0]!.size_bytes;
    const cache = new ByteCache(frame_size_bytes * 12);
    for (let search = 0; search < 4; search++) {
      const found = await searchEvents(new SearchContext(house.sources(), cache), PAGE);
      expect(found.events.length).toBe(30 * ROWS);
    }
  });
});

describe("a view while things move", () => {
  it("finds frames that are flushed and exported after the object was asked once", async () => {
    const house = houseWith(6);
    before(house, 2, () => {
      house.flush(4);
      house.exportRows();
    });
    expect(await count(house)).toBe(6 * ROWS);
  });

  it("asks again when a merged segment reaches over what the object called flushed", async () => {
    const house = houseWith(6);
    house.flush(3);
    house.exportRows();
    before(house, 2, async () => {
      house.flush(2);
      house.exportRows();
      await compactAll(house, true);
    });
    expect(await count(house)).toBe(6 * ROWS);
  });

  it.each([true, false])("uses rows that the catalog lacks, and not those it knows as replaced (objects removed: %s)", async (removed) => {
    const house = houseWith(6);
    house.flush(2);
    house.flush(2);
    expect(await count(house)).toBe(6 * ROWS);
    house.exportRows();
    await compactAll(house, removed);
    expect(house.recent).toHaveLength(2);
    expect(await count(house)).toBe(6 * ROWS);
  });

  it.each([3, 4, 5])("plans again when segments are gone before read %i", async (call) => {
    const house = houseWith(8);
    house.flush(3);
    house.flush(3);
    house.exportRows();
    before(house, call, () => compactAll(house, true));
    expect(await count(house)).toBe(8 * ROWS);
  });

  it("reads the window in pieces while it is flushed", async () => {
    for (const call of [2, 3, 4, 5, 6]) {
      const house = houseWith(7);
      house.view_frames_max = 1;
      before(house, call, () => {
        house.flush(6);
        house.exportRows();
      });
      expect(await count(house)).toBe(7 * ROWS);
    }
  });

  it("holds frames between searches, and reads again what its cache lost", async () => {
    const house = houseWith(3);
    house.append(randomEvents(randomOf(9), ROWS, NOW_US), [], true);
    expect(await count(house)).toBe(4 * ROWS);
    const reads = house.reads;
    expect(await count(house)).toBe(4 * ROWS);
    expect(house.reads).toBe(reads);
    before(house, 1, () => {
      for (const key of house.cache.keysWith("window/")) house.cache.delete(key);
    });
    expect(await count(house)).toBe(4 * ROWS);
  });
});

describe("the catalog between searches", () => {
  it("is asked once while the object still shows what was flushed since", async () => {
    const house = houseWith(8);
    house.flush(2);
    house.exportRows();
    expect(await count(house)).toBe(8 * ROWS);
    house.flush(2);
    expect(await count(house)).toBe(8 * ROWS);
    house.exportRows();
    await compactAll(house, false);
    expect(await count(house)).toBe(8 * ROWS);
    expect(house.catalog_reads).toBe(1);
  });

  it("is asked again once a row has left the object", async () => {
    const house = houseWith(8);
    expect(await count(house)).toBe(8 * ROWS);
    house.flush(2);
    house.exportRows();
    await compactAll(house, false);
    house.recent = [];
    expect(await count(house)).toBe(8 * ROWS);
    expect(house.catalog_reads).toBe(2);
  });

  it("is asked again where what it named is gone", async () => {
    const house = houseWith(8);
    house.flush(2);
    house.flush(2);
    house.exportRows();
    expect(await count(house)).toBe(8 * ROWS);
    await compactAll(house, true);
    for (const prefix of ["segment/", "range/", "decoded/"]) for (const key of house.cache.keysWith(prefix)) house.cache.delete(key);
    expect(await count(house)).toBe(8 * ROWS);
    expect(house.catalog_reads).toBe(2);
  });
});

describe("parts that fail", () => {
  const fault = () => Promise.reject(new Error("away"));

  it.each<[string, (sources: SearchSources) => SearchSources]>([
    ["the object", (sources) => ({ ...sources, stream: () => ({ view: fault }) })],
    ["the catalog", (sources) => ({ ...sources, segments: fault })],
    ["the store", (sources) => ({ ...sources, objects: { get: fault } })],
    ["a segment that stays away", (sources) => ({ ...sources, objects: { get: async () => null } })],
    [
      "segments that always straddle",
      (sources) => ({
        ...sources,
        segments: async (request) => {
          const { alive, replaced_ids } = await sources.segments(request);
          return { alive: alive.map((row) => ({ ...row, seq_max: row.seq_max + 1_000 })), replaced_ids };
        },
      }),
    ],
  ])("%s: 503 with a time to come back", async (_name, broken) => {
    const house = houseWith(4);
    house.flush(4);
    house.exportRows();
    const problem = await problemOf(broken(house.sources()));
    expect(problem.status).toBe(503);
    expect(problem.details.retry_after_s).toBeGreaterThan(0);
  });

  it("asks an object again that only stumbled", async () => {
    const house = houseWith(2);
    let calls = 0;
    const sources = house.sources();
    const stream: SearchSources["stream"] = (shard) => ({
      view: (request) => {
        calls += 1;
        return calls === 1 ? Promise.reject(Object.assign(new Error("reset"), { retryable: true })) : sources.stream(shard).view(request);
      },
    });
    const page = await searchEvents(new SearchContext({ ...sources, stream }, house.cache), PAGE);
    expect(page.events).toHaveLength(2 * ROWS);
  });

  it("stops when the client is gone", async () => {
    const house = houseWith(4);
    house.flush(4);
    house.exportRows();
    const client = new AbortController();
    before(house, 2, () => client.abort());
    await expect(searchEvents(new SearchContext({ ...house.sources(), signal: client.signal }, house.cache), PAGE)).rejects.toThrow();
    expect(house.reads).toBe(0);
  });
});
