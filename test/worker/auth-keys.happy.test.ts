import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { KeyAnswer } from "../../durable-objects/project-stream/types.ts";
import { KeyCache } from "../../worker/auth/key-cache.ts";
import { equalTexts, hashKey, newKey, newProjectId, projectOfKeyText } from "../../worker/auth/key-text.ts";
import { RateCounter } from "../../worker/auth/rate.ts";
import {
  KEY_CACHE_MS,
  KEY_CACHE_STALE_MS,
  KEY_LOOKUP_PAUSE_MS,
  RATE_ASK_SHARE,
  RATE_KEY_REQUESTS_MAX,
  RATE_LIMIT_PERIOD_S,
  RATE_PROJECT_REQUESTS_MAX,
} from "../../worker/limits.ts";
import wrangler_toml from "../../wrangler.toml?raw";

const SECRET = "a secret of more than thirty-two characters";

describe("a key's text", () => {
  it("names its project, under the secret that made it only", () => {
    const project_id = newProjectId();
    const { text, hash, prefix } = newKey(project_id, SECRET);
    expect(text).toMatch(/^ledge_[a-z2-7]{12}_[0-9A-Za-z]{39}$/);
    expect(projectOfKeyText(text, SECRET)).toBe(project_id);
    expect(projectOfKeyText(text, `${SECRET}!`)).toBeNull();
    expect(hash).toBe(hashKey(text));
    expect(text.startsWith(prefix)).toBe(true);
    expect(prefix.length).toBeLessThan(text.length / 2);
  });

  it("is never the same twice", () => {
    const texts = Array.from({ length: 200 }, () => newKey("abcdefghijkl", SECRET).text);
    expect(new Set(texts).size).toBe(200);
  });

  it("with any one character changed is no key", () => {
    const { text } = newKey("abcdefghijkl", SECRET);
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, other) => {
        fc.pre(text[at] !== other);
        expect(projectOfKeyText(text.slice(0, at) + other + text.slice(at + 1), SECRET)).toBeNull();
      }),
    );
  });

  it("cannot be made under a secret that is missing or short", () => {
    for (const secret of ["", "short", undefined as unknown as string])
      expect(() => newKey("abcdefghijkl", secret)).toThrow("LEDGE_SECRET");
  });

  it("is compared whole", () => {
    expect(equalTexts("same", "same")).toBe(true);
    for (const other of ["", "sam", "samee", "Same"]) expect(equalTexts("same", other)).toBe(false);
  });
});

describe("the cache of keys", () => {
  function answerOf(changes: Partial<KeyAnswer> = {}): KeyAnswer {
    return { key: null, settings: null, events_today: 0, quota_exceeded: false, ...changes };
  }

  function cacheAt(start_ms: number) {
    const clock = { now_ms: start_ms };
    let calls = 0;
    let fault: Error | null = null;
    let answer = answerOf();
    const cache = new KeyCache(() => clock.now_ms);
    const load = async () => {
      calls++;
      if (fault) throw fault;
      return answer;
    };
    return {
      clock,
      cache,
      look: () => cache.lookup("p", "h", load),
      calls: () => calls,
      break: () => {
        fault = new Error("away");
      },
      give: (given: KeyAnswer) => {
        fault = null;
        answer = given;
      },
    };
  }

  it("believes an answer for its time, then asks again", async () => {
    const world = cacheAt(0);
    await world.look();
    world.clock.now_ms = KEY_CACHE_MS - 1;
    await world.look();
    expect(world.calls()).toBe(1);
    world.clock.now_ms = KEY_CACHE_MS;
    const changed = answerOf({ events_today: 7 });
    world.give(changed);
    expect(await world.look()).toEqual(changed);
    expect(world.calls()).toBe(2);
  });

  it("asks once for many at once", async () => {
    const world = cacheAt(0);
    await Promise.all(Array.from({ length: 20 }, world.look));
    expect(world.calls()).toBe(1);
  });

  it("goes on believing while the object errs, up to the limit, and leaves the object in peace between tries", async () => {
    const world = cacheAt(0);
    await world.look();
    world.break();
    world.clock.now_ms = KEY_CACHE_MS;
    expect(await world.look()).toEqual(answerOf());
    await world.look();
    expect(world.calls()).toBe(2);
    world.clock.now_ms += KEY_LOOKUP_PAUSE_MS;
    await world.look();
    expect(world.calls()).toBe(3);
    world.clock.now_ms = KEY_CACHE_STALE_MS;
    await expect(world.look()).rejects.toThrow("away");
  });

  it("does not make up an answer that it never had", async () => {
    const world = cacheAt(0);
    world.break();
    await expect(Promise.all([world.look(), world.look()])).rejects.toThrow("away");
  });

  it("asks again at midnight where the quota was used up", async () => {
    const before_midnight_ms = 86_400_000 - 10;
    const world = cacheAt(before_midnight_ms);
    world.give(answerOf({ quota_exceeded: true }));
    expect((await world.look()).quota_exceeded).toBe(true);
    world.clock.now_ms += 20;
    world.give(answerOf());
    expect((await world.look()).quota_exceeded).toBe(false);
  });

  it("forgets a project's keys, and an answer that is under way", async () => {
    const world = cacheAt(0);
    await world.look();
    world.cache.forget("another");
    await world.look();
    expect(world.calls()).toBe(1);
    world.cache.forget("p");
    const asked = world.look();
    world.cache.forget("p");
    await asked;
    await world.look();
    expect(world.calls()).toBe(3);
  });
});

describe("the counter of rates", () => {
  const period_ms = RATE_LIMIT_PERIOD_S * 1000;

  it("admits up to a share by itself, asks from there on, refuses beyond the limit, and begins anew", () => {
    const counter = new RateCounter(100);
    const verdicts = Array.from({ length: 101 }, () => counter.take("k", 0));
    expect(verdicts.filter((verdict) => verdict === "admit")).toHaveLength(100 * RATE_ASK_SHARE);
    expect(verdicts.at(-2)).toBe("ask");
    expect(verdicts.at(-1)).toBe("refuse");
    expect(counter.take("another", 0)).toBe("admit");
    expect(counter.take("k", period_ms)).toBe("admit");
  });

  it("has the numbers of wrangler.toml", () => {
    const numbers = [...wrangler_toml.matchAll(/name = "(RATE_\w+)"[^[]*?simple = \{ limit = ([\d_]+), period = (\d+) \}/g)].map(
      (match) => [match[1], Number(match[2]!.replaceAll("_", "")), Number(match[3])],
    );
    expect(numbers).toEqual([
      ["RATE_KEY", RATE_KEY_REQUESTS_MAX, RATE_LIMIT_PERIOD_S],
      ["RATE_PROJECT", RATE_PROJECT_REQUESTS_MAX, RATE_LIMIT_PERIOD_S],
    ]);
  });
});
