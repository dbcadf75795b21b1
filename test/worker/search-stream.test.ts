import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { flushNow } from "../../worker/jobs/now.ts";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";
import { get, putEvents, type SearchAnswer, someEvents } from "./support/search.ts";

interface StreamEvent {
  name: string;
  data: Record<string, unknown>;
}

async function stream(project: TestProject, parameters: Record<string, string>, accept = "text/event-stream"): Promise<StreamEvent[]> {
  const answer = await call(`/api/v1/logs?${new URLSearchParams(parameters)}`, { key: project.key, headers: { accept } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  expect(answer.headers.get("cache-control")).toBe("no-cache");
  const text = await answer.text();
  expect(text.endsWith("\n\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n\n")
    .filter((block) => !block.startsWith(":"))
    .map((block) => {
      const [first, second, ...rest] = block.split("\n");
      expect(rest).toEqual([]);
      return { name: first!.replace("event: ", ""), data: JSON.parse(second!.replace("data: ", "")) as Record<string, unknown> };
    });
}

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  await putEvents(project, someEvents(Date.now() - 60_000, 30));
  await flushNow(env, project.project_id);
  await putEvents(project, someEvents(Date.now() - 30_000, 30));
});

describe("a search as events", () => {
  it.each(["level:error", "* | stats count() by level, service", "* | sort -status | limit 7"])(
    "ends with the answer that is given without: %s",
    async (q) => {
      const events = await stream(project, { q, to: "now", from: "-1h" });
      expect(events[0]).toMatchObject({ name: "progress", data: { segments: { done: 0 } } });
      const last = events.at(-1)!;
      expect(last.name).toBe("result");
      const { stats: _stats, ...found } = last.data;
      const { stats: _other, ...expected } = await get<SearchAnswer & Record<string, unknown>>(project, "/api/v1/logs", {
        q,
        from: "-1h",
        to: "now",
      });
      // Cursors carry the moment at which the search was asked.
      expect({ ...found, cursor: null }).toEqual({ ...expected, cursor: null });
    },
  );

  it("is asked for by name, and not where JSON is preferred", async () => {
    expect((await stream(project, { q: "*" }, "text/event-stream, application/json;q=0.5")).at(-1)?.name).toBe("result");
    for (const accept of ["*/*", "application/json, text/event-stream", "text/html"]) {
      const answer = await call("/api/v1/logs", { key: project.key, headers: { accept } });
      expect(answer.headers.get("content-type")).toContain("application/json");
    }
  });

  it("refuses at once what can be refused at once", async () => {
    const headers = { accept: "text/event-stream" };
    const wrong = await call("/api/v1/logs?q=level:(", { key: project.key, headers });
    expect([wrong.status, (await problemOf(wrong)).code]).toEqual([400, "bad_query"]);
    expect((await call("/api/v1/logs", { headers })).status).toBe(401);
  });

  it("ends with a problem where the search fails on its way", async () => {
    const own = await createProject();
    await putEvents(own, someEvents(Date.now() - 60_000, 10));
    await flushNow(env, own.project_id);
    const { objects } = await env.BUCKET.list({ prefix: `segments/v1/${own.project_id}/` });
    await env.BUCKET.delete(objects.map(({ key }) => key));
    const last = (await stream(own, { q: "*" })).at(-1)!;
    expect(last).toMatchObject({ name: "error", data: { status: 503, code: "unavailable" } });
    expect(last.data.instance).toMatch(/^urn:ledge:request:/);
  });
});

describe("the budget of a search", () => {
  it.each<[Record<string, string>, string]>([
    [{ timeout: "soon" }, "timeout"],
    [{ timeout: "1ms" }, "timeout"],
    [{ timeout: "10m" }, "timeout"],
    [{ max_bytes: "0" }, "max_bytes"],
    [{ max_bytes: "many" }, "max_bytes"],
  ])("%j is refused", async (parameters, field) => {
    const answer = await call(`/api/v1/logs?${new URLSearchParams(parameters)}`, { key: project.key });
    expect(answer.status).toBe(422);
    expect((await problemOf(answer)).errors?.[0]?.field).toBe(field);
  });

  it("that is spent makes the answer partial, with a cursor that goes on", async () => {
    const own = await createProject();
    const sent = someEvents(Date.now() - 600_000, 90);
    for (let from = 0; from < 90; from += 15) {
      await putEvents(own, sent.slice(from, from + 15));
      await flushNow(env, own.project_id);
    }
    const found: string[] = [];
    const reasons = new Set<unknown>();
    let cursor: string | null = null;
    for (let page = 0; page < 100; page++) {
      const answer: SearchAnswer & { partial: { reason: string } | null } = await get(own, "/api/v1/logs", {
        max_bytes: 1,
        limit: 1_000,
        ...(cursor ? { cursor } : {}),
      });
      found.push(...answer.events.map(({ event_id }) => event_id));
      reasons.add(answer.partial?.reason ?? null);
      cursor = answer.cursor;
      if (!cursor) break;
    }
    expect(found).toHaveLength(90);
    expect(new Set(found).size).toBe(90);
    expect([...reasons].sort()).toEqual(["bytes", null]);
  });
});

describe("a damaged segment", () => {
  it("does not hide the others", async () => {
    const own = await createProject();
    await putEvents(own, someEvents(Date.now() - 60_000, 10));
    await flushNow(env, own.project_id);
    const { objects } = await env.BUCKET.list({ prefix: `segments/v1/${own.project_id}/` });
    await env.BUCKET.put(objects[0]!.key, new Uint8Array(objects[0]!.size).fill(1));
    await putEvents(own, someEvents(Date.now() - 30_000, 5));
    const answer = await get<SearchAnswer & { partial: { reason: string; segments: unknown[] } }>(own, "/api/v1/logs");
    expect(answer.events).toHaveLength(5);
    expect(answer.partial).toMatchObject({ reason: "segments", segments: [{ reason: "damaged" }] });
    const table = await get<{ rows: unknown[]; partial: unknown }>(own, "/api/v1/logs", { q: "* | stats count(status)" });
    expect(table).toMatchObject({ rows: [[5]], partial: { reason: "segments" } });
    const histogram = await get<{ total: number; partial: unknown }>(own, "/api/v1/logs/histogram", { from: "-1h" });
    expect(histogram).toMatchObject({ total: 5, partial: { reason: "segments" } });
  });
});
