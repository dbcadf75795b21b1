import { describe, expect, it } from "vitest";
import { ByteCache } from "../../../worker/search/byte-cache.ts";

const SIZE = 10;

/** Asks for each of the values as a scan does, and keeps what was not there. @returns how many were there */
function scan(cache: ByteCache, from: number, to: number): number {
  let found = 0;
  for (let at = from; at < to; at++) {
    if (cache.get(`range/${at}`) === undefined) cache.set(`range/${at}`, at, SIZE);
    else found += 1;
  }
  return found;
}

describe("a cache of bytes", () => {
  it("keeps to its bound, lets go of the least recently used first, and takes no value of more than an eighth", () => {
    const cache = new ByteCache(100);
    for (let at = 0; at < 12; at++) {
      cache.set(`segment/${at}`, at, SIZE);
      cache.get("segment/0");
    }
    expect(cache.size_bytes).toBe(100);
    expect(cache.get("segment/0")).toBe(0);
    expect(cache.get("segment/1")).toBeUndefined();
    cache.set("segment/large", 1, 13);
    expect(cache.has("segment/large")).toBe(false);
    expect(cache.size_bytes).toBe(100);
  });

  it("accounts for values that grow, and for those that go", () => {
    const cache = new ByteCache(100);
    cache.set("segment/a", 1, 10);
    cache.set("segment/a", 2, 12);
    cache.set("range/b", 3, 8);
    expect(cache.size_bytes).toBe(20);
    cache.set("segment/a", 4, 50);
    expect(cache.get("segment/a")).toBeUndefined();
    cache.delete("range/b");
    cache.delete("range/b");
    expect(cache.size_bytes).toBe(0);
    cache.set("range/c", 1, 10);
    cache.clear();
    expect([cache.size_bytes, cache.get("range/c")]).toEqual([0, undefined]);
  });

  it("is not emptied by one scan of more than it holds", () => {
    const cache = new ByteCache(100);
    scan(cache, 0, 8);
    cache.set("catalog/p", "rows", 10);
    expect(scan(cache, 100, 1_000)).toBe(0);
    expect(scan(cache, 0, 8)).toBe(8);
    expect(cache.get("catalog/p")).toBe("rows");
  });

  it.each([12, 15, 25, 80])("finds a part of %i values each time, where it holds ten", (count) => {
    const cache = new ByteCache(100);
    scan(cache, 0, count);
    for (let round = 0; round < 10; round++) expect(scan(cache, 0, count)).toBeGreaterThanOrEqual(5);
  });

  it("gives way to what is asked for again", () => {
    const cache = new ByteCache(100);
    scan(cache, 0, 10);
    scan(cache, 50, 58);
    scan(cache, 50, 58);
    expect(scan(cache, 50, 58)).toBe(8);
  });

  it("always takes what is no scan's", () => {
    const cache = new ByteCache(100);
    scan(cache, 0, 10);
    cache.set("segment/a", 1, 10);
    expect(cache.get("segment/a")).toBe(1);
    expect(cache.size_bytes).toBe(100);
  });
});
