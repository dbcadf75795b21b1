import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { expireRefused } from "../../worker/catalog/refused.ts";
import { REFUSED_LIFE_DAYS } from "../../worker/limits.ts";
import { call, createKey, createProject, problemOf, type TestProject } from "./support/api.ts";

interface Listed {
  requests: { refused_id: string; protocol: string; path: string; records: number; first_reason: string }[];
  cursor: string | null;
}

const GOOD = '{"version":"1.1","host":"a","short_message":"a good one"}';
const BAD = '{"version":"1.1","host":"a","message":"not what GELF calls it"}';

async function sendBad(project: TestProject): Promise<void> {
  const answer = await call("/in/gelf", { key: project.key, body: `${GOOD}\n${BAD}` });
  expect(answer.status).toBe(202);
}

/** They are kept after the answer. */
async function listed(project: TestProject, count: number): Promise<Listed["requests"]> {
  for (;;) {
    const { requests } = await (await call("/api/v1/refused", { key: project.key })).json<Listed>();
    if (requests.length >= count) return requests;
    await scheduler.wait(10);
  }
}

async function messages(project: TestProject): Promise<string[]> {
  const { events } = await (await call("/api/v1/logs", { key: project.key })).json<{ events: { message: string }[] }>();
  return events.map(({ message }) => message).sort();
}

describe("refused records", () => {
  let project: TestProject;
  let id: string;
  beforeAll(async () => {
    project = await createProject();
    await sendBad(project);
    id = (await listed(project, 1))[0]!.refused_id;
  });

  it("are listed with the reason of the first", async () => {
    expect(await listed(project, 1)).toMatchObject([
      { protocol: "gelf", path: "/in/gelf", records: 1, first_reason: expect.stringContaining("short_message") },
    ]);
  });

  it("are shown as they came", async () => {
    const answer = await call(`/api/v1/refused/${id}`, { key: project.key });
    expect(await answer.json()).toMatchObject({
      protocol: "gelf",
      records: [{ index: 1, text: BAD, reason: expect.stringContaining("short_message") }],
    });
    const raw = await call(`/api/v1/refused/${id}?format=raw`, { key: project.key });
    expect(raw.headers.get("content-type")).toBe("application/octet-stream");
    expect(await raw.text()).toBe(`${BAD}\n`);
  });

  it("are taken after all, once, and leave the list", async () => {
    const own = await createProject();
    await sendBad(own);
    const [{ refused_id }] = (await listed(own, 1)) as [Listed["requests"][number]];
    const replay = () => call("/api/v1/refused/replay", { key: own.key, json: { ids: [refused_id] } });
    expect(await (await replay()).json()).toEqual({ replayed: [{ refused_id, accepted: 1, rejected: 0 }], missing: [] });
    expect(await (await replay()).json()).toEqual({ replayed: [], missing: [refused_id] });
    expect(await messages(own)).toEqual(["a good one", "not what GELF calls it"]);
  });

  it("stay where they are refused again", async () => {
    const own = await createProject();
    await call("/api/v1/logs", {
      key: own.key,
      body: '{"message":"fine"}\n{"broken":\n',
      headers: { "content-type": "application/x-ndjson" },
    });
    const [{ refused_id }] = (await listed(own, 1)) as [Listed["requests"][number]];
    const answer = await call("/api/v1/refused/replay", { key: own.key, json: { ids: [refused_id], as: "json" } });
    expect(await answer.json()).toEqual({ replayed: [{ refused_id, accepted: 0, rejected: 1 }], missing: [] });
    expect(await listed(own, 1)).toHaveLength(1);
  });

  it("can be let go of, and go by themselves in time", async () => {
    const own = await createProject();
    await sendBad(own);
    const [{ refused_id }] = (await listed(own, 1)) as [Listed["requests"][number]];
    const soon_ms = Date.now() + (REFUSED_LIFE_DAYS - 1) * 86_400_000;
    expect(await expireRefused(env.BUCKET, own.project_id, soon_ms)).toBe(0);
    expect((await call(`/api/v1/refused/${refused_id}`, { key: own.key, method: "DELETE" })).status).toBe(204);
    await sendBad(own);
    await listed(own, 1);
    expect(await expireRefused(env.BUCKET, own.project_id, soon_ms + 2 * 86_400_000)).toBe(1);
  });

  it("belong to their project, and to keys that may manage it", async () => {
    const other = await createProject();
    expect((await problemOf(await call(`/api/v1/refused/${id}`, { key: other.key }))).status).toBe(404);
    expect((await (await call("/api/v1/refused", { key: other.key })).json<Listed>()).requests).toEqual([]);
    const foreign = await call("/api/v1/refused/replay", { key: other.key, json: { ids: [id] } });
    expect(await foreign.json()).toEqual({ replayed: [], missing: [id] });
    const { key } = await createKey(project, ["ingest", "read"]);
    for (const path of ["/api/v1/refused", `/api/v1/refused/${id}`]) expect((await problemOf(await call(path, { key }))).status).toBe(403);
  });

  it.each(["../other", "1-2", "x".repeat(500)])("refuses the id %j", async (bad) => {
    expect((await call(`/api/v1/refused/${encodeURIComponent(bad)}`, { key: project.key })).status).toBe(422);
  });
});
