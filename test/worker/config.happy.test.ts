import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { call, createProject, type TestProject } from "./support/api.ts";
import { seriesOf, settle } from "./support/metrics.ts";
import { putEvents } from "./support/search.ts";

const YAML = `version: 1
metrics:
  - name: requests
    aggregations: { n: count() }
    window: { kind: tumbling, size: 1m }
  - name: latency
    unit: ms
    query: service:api
    aggregations:
      p99: p99(duration_ms)
    window: { kind: sliding, size: 5m, step: 1m }
`;
const FEWER = YAML.slice(0, YAML.indexOf("  - name: latency"));

interface PlanAnswer {
  state: string;
  changed: boolean;
  summary: Record<string, number>;
  changes: { name: string; action: string; fields: { field: string }[]; recounts: boolean }[];
}

function send(project: TestProject, what: string, text: string): Promise<Response> {
  return call(`/api/v1/config/${what}`, { key: project.key, body: text, headers: { "content-type": "application/yaml" } });
}

async function planOf(project: TestProject, what: string, text = YAML): Promise<PlanAnswer> {
  const answer = await send(project, what, text);
  if (answer.status !== 200) throw new Error(`${what} answered ${answer.status}: ${await answer.text()}`);
  return answer.json<PlanAnswer>();
}

describe("configuration", () => {
  it("is planned, applied once, and then there is nothing to do", async () => {
    const project = await createProject();
    const plan = await planOf(project, "plan");
    expect(plan).toMatchObject({ changed: true, summary: { create: 2, change: 0, delete: 0, keep: 0, unchanged: 0 } });
    expect((await planOf(project, "plan")).state).toBe(plan.state);
    const done = await planOf(project, `apply?expected_state=${plan.state}`);
    expect(done.changes).toEqual(plan.changes);
    expect(done.state).not.toBe(plan.state);
    expect(await planOf(project, "plan?prune=true")).toMatchObject({ state: done.state, changed: false, summary: { unchanged: 2 } });
    expect(await planOf(project, "apply?prune=true")).toMatchObject({ state: done.state, changed: false });
    // What was planned for another state is refused.
    const late = await send(project, `apply?expected_state=${plan.state}`, FEWER);
    expect(late.status).toBe(409);
  });

  it("is applied once by many at the same time", async () => {
    const project = await createProject();
    const answers = await Promise.all(Array.from({ length: 4 }, () => planOf(project, "apply")));
    expect(answers.filter(({ changed }) => changed)).toHaveLength(1);
    expect(new Set(answers.map(({ state }) => state)).size).toBe(1);
  });

  it("deletes only where that is asked for", async () => {
    const project = await createProject();
    await planOf(project, "apply");
    const kept = await planOf(project, "apply", FEWER);
    expect(kept).toMatchObject({ changed: false, summary: { keep: 1, unchanged: 1 } });
    const pruned = await planOf(project, "apply?prune=true", FEWER);
    expect(pruned).toMatchObject({ changed: true, summary: { delete: 1 } });
    expect((await call("/api/v1/metrics/latency", { key: project.key })).status).toBe(404);
    expect(await planOf(project, "apply?prune=true", "version: 1")).toMatchObject({ changed: false, changes: [] });
  });

  it("says field by field what changes, and goes on counting where it can", async () => {
    const project = await createProject();
    await planOf(project, "apply");
    await settle(project);
    await putEvents(project, [{ timestamp: new Date().toISOString(), service: "api", duration_ms: 5 }]);
    await settle(project);
    const text = YAML.replace("unit: ms", "unit: s").replace("size: 5m", "size: 10m");
    const plan = await planOf(project, "plan", text);
    expect(plan.changes[1]).toMatchObject({ action: "change", recounts: false, fields: [{ field: "unit" }, { field: "window.size" }] });
    await planOf(project, "apply", text);
    const { metric, window_ms } = await seriesOf(project, "latency", { step: "1m" });
    expect([metric.unit, metric.counters.events, window_ms, metric.fill.state]).toEqual(["s", 1, 600_000, "done"]);
    expect((await planOf(project, "plan", text.replace("p99(", "p95("))).changes[1]).toMatchObject({ recounts: true });
  });

  it("is exported as YAML and JSON that plan to nothing", async () => {
    const project = await createProject();
    await planOf(project, "apply");
    for (const [query, accept, type] of [
      ["", undefined, "application/yaml; charset=utf-8"],
      ["?format=json", undefined, "application/json"],
      ["", "application/json", "application/json"],
    ] as const) {
      const answer = await call(`/api/v1/config/export${query}`, { key: project.key, headers: accept ? { accept } : {} });
      expect(answer.headers.get("content-type")).toBe(type);
      const text = await answer.text();
      expect(text).not.toContain("ledge_events");
      expect(await planOf(project, "plan?prune=true", text)).toMatchObject({ changed: false, summary: { unchanged: 2 } });
    }
  });

  it("is in the audit log", async () => {
    const project = await createProject();
    await planOf(project, "apply");
    await planOf(project, "apply");
    const { results } = await env.DB.prepare("SELECT action, details FROM audit WHERE project_id = ? AND action LIKE 'config.%'")
      .bind(project.project_id)
      .all<{ action: string; details: string }>();
    expect(results).toHaveLength(1);
    expect(JSON.parse(results[0]!.details)).toEqual({ create: ["requests", "latency"] });
  });
});
