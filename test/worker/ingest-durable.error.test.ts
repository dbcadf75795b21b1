import { createExecutionContext } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { AppendAnswer, ProjectStreamRpc } from "../../durable-objects/project-stream/types.ts";
import { createApp } from "../../worker/app.ts";
import { newProjectId } from "../../worker/auth/key-text.ts";
import { journalKey } from "../../worker/catalog/keys.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import type { Env } from "../../worker/env.ts";
import { makeDurable } from "../../worker/ingest/durable.ts";
import { QUEUE_SEND_TIMEOUT_MS } from "../../worker/limits.ts";
import { createRouter } from "../../worker/router.ts";
import { createProject, ORIGIN } from "./support/api.ts";
import { afterwards, edgeEnv, packedBatch, queueDouble } from "./support/durable.ts";

// Faults are made on purpose here; what is logged of them says nothing new.
beforeEach(() => {
  vi.spyOn(console, "error").mockImplementation(() => {});
  vi.spyOn(console, "warn").mockImplementation(() => {});
});

function failing(message = "Too Many Requests"): () => never {
  return () => {
    throw new Error(message);
  };
}

const BROKEN_BUCKET = { put: async () => failing("R2 is away")() } as unknown as R2Bucket;

describe("at the edge", () => {
  it("a batch that the queue refuses goes to the journal; that its message fails as well changes nothing", async () => {
    const batch = packedBatch(newProjectId(), 5, 100);
    const after = afterwards();
    await makeDurable(edgeEnv({ EVENTS: queueDouble(failing()).queue }), after.wait_until, batch);
    await after.settled();
    const stored = await env.BUCKET.get(journalKey(batch.project_id, 0, batch.batch_id));
    expect(new Uint8Array(await stored!.arrayBuffer())).toEqual(batch.frames[0]);
  });

  it("a queue that hangs is not waited for longer than the limit", async () => {
    vi.useFakeTimers();
    try {
      const batch = packedBatch(newProjectId(), 5, 100);
      const hanging = queueDouble(() => new Promise(() => {}));
      const made = makeDurable(edgeEnv({ EVENTS: hanging.queue }), afterwards().wait_until, batch);
      await vi.advanceTimersByTimeAsync(QUEUE_SEND_TIMEOUT_MS + 1);
      vi.useRealTimers();
      await made;
      expect(await env.BUCKET.head(journalKey(batch.project_id, 0, batch.batch_id))).not.toBeNull();
    } finally {
      vi.useRealTimers();
    }
  });

  it("a put that fails once is made again", async () => {
    let puts = 0;
    const flaky = {
      put: async (...args: Parameters<R2Bucket["put"]>) => (puts++ === 0 ? failing("reset")() : env.BUCKET.put(...args)),
    } as unknown as R2Bucket;
    const batch = packedBatch(newProjectId(), 5, 100);
    await makeDurable(edgeEnv({ EVENTS: queueDouble(failing()).queue, BUCKET: flaky }), afterwards().wait_until, batch);
    expect(puts).toBe(2);
  });

  it("where queue and journal fail, nothing is acknowledged", async () => {
    const batch = packedBatch(newProjectId(), 5, 100);
    const made = makeDurable(edgeEnv({ EVENTS: queueDouble(failing()).queue, BUCKET: BROKEN_BUCKET }), afterwards().wait_until, batch);
    await expect(made).rejects.toMatchObject({ code: "unavailable", details: { retry_after_s: expect.any(Number) } });
  });
});

describe("on one machine", () => {
  /** A namespace whose objects answer `append` with what the list says, in turn. */
  function streamsThat(...turns: (AppendAnswer | Error)[]): { STREAM: Env["STREAM"]; stubs: () => number } {
    let stubs = 0;
    const getByName = () => {
      stubs++;
      const append: ProjectStreamRpc["append"] = async () => {
        const turn = turns.shift();
        if (turn instanceof Error || turn === undefined) throw turn ?? new Error("asked too often");
        return turn;
      };
      return { append };
    };
    return { STREAM: { getByName } as unknown as Env["STREAM"], stubs: () => stubs };
  }

  const OK: AppendAnswer = { status: "ok", frames: [], event_ids_overflowed: true };
  const reset = () => Object.assign(new Error("object was reset"), { retryable: true });
  const overloaded = () => Object.assign(new Error("object is overloaded"), { retryable: true, overloaded: true });

  it.each<[string, (AppendAnswer | Error)[], string]>([
    ["full", [{ status: "full" }], "unavailable"],
    ["quota", [{ status: "quota", retry_after_s: 60 }], "quota_exceeded"],
    ["gone", [{ status: "gone" }], "gone"],
    ["a fault", [new Error("unknown")], "unavailable"],
    ["a passing fault, twice", [reset(), reset()], "unavailable"],
    ["an overload, which is not tried again", [overloaded(), OK], "unavailable"],
  ])("%s: refused", async (_, turns, code) => {
    const made = makeDurable({ ...env, ...streamsThat(...turns) }, afterwards().wait_until, packedBatch(newProjectId(), 2, 100));
    await expect(made).rejects.toMatchObject({ code });
  });

  it("a passing fault: asked again through a new stub", async () => {
    const streams = streamsThat(reset(), OK);
    const made = await makeDurable({ ...env, ...streams }, afterwards().wait_until, packedBatch(newProjectId(), 2, 100));
    expect(made).toEqual({ event_ids_overflowed: true });
    expect(streams.stubs()).toBe(2);
  });
});

describe("accepting", () => {
  const app = createApp({
    search: createRouter(),
    jobs: { flushNow: async () => 0, compactNow: async () => 0, rebuildCatalog: async () => ({}) },
  });
  const broken_db = new Proxy({} as D1Database, {
    get: () => failing("D1 is away"),
  });

  async function send(key: string, changes: Partial<Env>): Promise<Response> {
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const request = new Request(`${ORIGIN}/api/v1/logs`, { method: "POST", headers, body: '{"message":"m"}' });
    return app.fetch(request, { ...env, ...changes }, createExecutionContext());
  }

  it.each(["local", "edge"] as const)("does not need D1 (%s)", async (profile) => {
    const { key } = await createProject();
    expect((await send(key, { LEDGE_PROFILE: profile, DB: broken_db })).status).toBe(202);
  });

  it("goes on at the edge while the project's object errs, for keys that were seen before", async () => {
    const { key, project_id } = await createProject();
    expect((await send(key, { LEDGE_PROFILE: "edge" })).status).toBe(202);
    const no_objects = { getByName: failing("objects are away") } as unknown as Env["STREAM"];
    expect((await send(key, { LEDGE_PROFILE: "edge", STREAM: no_objects })).status).toBe(202);
    expect(await streamOf(env, project_id).settings()).not.toBeNull();
  });

  it("does not depend on counters of rates that throw", async () => {
    const { key } = await createProject();
    const broken = { limit: async () => failing("no counter")() } as unknown as RateLimit;
    expect((await send(key, { LEDGE_PROFILE: "edge", RATE_KEY: broken, RATE_PROJECT: broken })).status).toBe(202);
  });

  it("answers 503 with Retry-After where nothing is durable", async () => {
    const { key } = await createProject();
    const answer = await send(key, { LEDGE_PROFILE: "edge", EVENTS: queueDouble(failing()).queue, BUCKET: BROKEN_BUCKET });
    expect(answer.status).toBe(503);
    expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
  });
});
