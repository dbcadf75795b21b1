/** Metrics as a new user meets them: declared by a file, fed over HTTP, read as series and by Prometheus' API. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { type Project, Service } from "./support/service.ts";

const MINUTE_MS = 60_000;
const END_MS = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
const START_MS = END_MS - 4 * MINUTE_MS;
const RANGE = { from: new Date(START_MS).toISOString(), to: new Date(END_MS).toISOString() };
const CLI = join(import.meta.dirname, "../../clients/cli/config.ts");

const YAML = `version: 1
metrics:
  - name: requests
    aggregations: { n: count() }
    group_by: [service]
    window: { kind: tumbling, size: 1m }
    lateness: 1h
  - name: latency
    unit: ms
    query: service:api
    aggregations: { p95: p95(duration_ms), all: count() }
    value: p95
    window: { kind: sliding, size: 2m, step: 1m }
    lateness: 1h
`;

let service: Service;
let project: Project;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ledge-config-"));
  service = await Service.start();
  project = await service.createProject();
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  code: number;
  out: string;
  err: string;
}

function config(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const variables = { ...process.env, LEDGE_HOME: folder, LEDGE_URL: service.url, LEDGE_API_KEY: project.key, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [CLI, ...args], { env: variables }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
}

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function send(count: number, from: number): Promise<void> {
  const events = Array.from({ length: count }, (_, index) => ({
    timestamp: new Date(START_MS + (((index + from) * 37) % 240) * 1_000).toISOString(),
    service: (index + from) % 3 === 0 ? "api" : "web",
    duration_ms: (index + from) % 100,
    message: `request ${index + from}`,
  }));
  await service.json("/api/v1/logs", { key: project.key, json: events });
}

interface Series {
  times_ms: number[];
  series: { labels: Record<string, string>; values: (number | null)[] }[];
  partial: unknown;
  metric: { fill: { state: string }; counters: { events: number } };
}

function seriesOf(name: string): Promise<Series> {
  return service.json<Series>(`/api/v1/metrics/${name}?${new URLSearchParams({ ...RANGE, step: "1m" })}`, { key: project.key });
}

async function searched(q: string, from_ms: number, to_ms: number): Promise<unknown[][]> {
  const query = new URLSearchParams({ q, from: new Date(from_ms).toISOString(), to: new Date(to_ms).toISOString() });
  return (await service.json<{ rows: unknown[][] }>(`/api/v1/logs?${query}`, { key: project.key })).rows;
}

it("plans, applies and exports a file, with exit codes for scripts", async () => {
  const path = file("ledge.yaml", YAML);
  expect(await config(["plan", path])).toMatchObject({ code: 0, out: expect.stringContaining("+ create metric requests") });
  expect(await config(["plan", path, "--exit-code"])).toMatchObject({ code: 2 });
  await send(60, 0);
  const applied = await config(["apply", path]);
  expect(applied).toMatchObject({ code: 0, out: expect.stringContaining("2 create") });
  expect(await config(["plan", path, "--exit-code", "--prune"])).toMatchObject({ code: 0, out: expect.stringContaining("2 unchanged") });
  for (const name of ["out.yaml", "out.json"]) {
    const out = join(folder, name);
    expect((await config(["export", out])).code).toBe(0);
    expect(readFileSync(out, "utf8")).toContain("requests");
    expect(await config(["plan", out, "--exit-code", "--prune"])).toMatchObject({ code: 0 });
  }
  expect((await config(["export"])).out).toBe(readFileSync(join(folder, "out.yaml"), "utf8"));
  const [, state] = applied.out.match(/^state (\w+)$/m)!;
  const fewer = file("fewer.yaml", YAML.slice(0, YAML.indexOf("  - name: latency")));
  expect(await config(["plan", fewer])).toMatchObject({ code: 0, out: expect.stringContaining("--prune would delete it") });
  expect(await config(["apply", fewer, "--expect", `${state}0`])).toMatchObject({ code: 1, err: expect.stringContaining("409") });
});

it("tells mistakes by line, and what is out of reach apart", async () => {
  const wrong = file("wrong.yaml", YAML.replace("p95(duration_ms)", "p95()").replace("size: 1m", "size: soon"));
  const { code, err } = await config(["plan", wrong]);
  expect(code).toBe(1);
  expect(err).toMatch(/6:\d+: .*window\.size/);
  expect(err).toMatch(/11:\d+: .*aggregations\.p95/);
  expect(await config(["apply", join(folder, "none.yaml")])).toMatchObject({ code: 64 });
  expect(await config(["frobnicate"])).toMatchObject({ code: 64, err: expect.stringContaining("npm run config") });
  expect(await config(["plan", wrong], { LEDGE_URL: "http://127.0.0.1:1" })).toMatchObject({ code: 3 });
  expect(await config(["plan", wrong], { LEDGE_URL: "", LEDGE_API_KEY: "" })).toMatchObject({ code: 64 });
  const { api_key } = await service.json<{ api_key: string }>("/api/v1/keys", {
    key: project.key,
    json: { name: "r", scopes: ["read"], expires_at: null },
  });
  const right = join(folder, "ledge.yaml");
  expect(await config(["plan", right], { LEDGE_API_KEY: api_key })).toMatchObject({ code: 0 });
  expect(await config(["apply", right], { LEDGE_API_KEY: api_key })).toMatchObject({ code: 1, err: expect.stringContaining("403") });
});

it("takes the local service's own credentials where nothing else is said", async () => {
  file("credentials.json", JSON.stringify({ url: service.url, api_key: project.key, project_id: project.project_id }));
  const env = { LEDGE_URL: "", LEDGE_API_KEY: "" };
  expect(await config(["plan", join(folder, "ledge.yaml")], env)).toMatchObject({ code: 0 });
  // Never a local key to another address.
  expect(await config(["plan", join(folder, "ledge.yaml")], { ...env, LEDGE_URL: "http://127.0.0.1:1" })).toMatchObject({ code: 64 });
});

it("shows what a search over each window finds, of events before and after, also to Prometheus' clients", async () => {
  await send(120, 60);
  await vi.waitFor(
    async () => {
      const { metric, partial, series } = await seriesOf("requests");
      expect([metric.fill.state, partial]).toEqual(["done", null]);
      expect(series.flatMap(({ values }) => values).reduce<number>((sum, value) => sum + (value ?? 0), 0)).toBe(180);
    },
    { timeout: 45_000, interval: 250 },
  );
  const { times_ms, series } = await seriesOf("requests");
  for (const [index, end_ms] of times_ms.entries()) {
    const rows = await searched("* | stats count() by service", end_ms - MINUTE_MS, end_ms);
    expect(new Map(series.map(({ labels, values }) => [labels.service, values[index]]))).toEqual(new Map(rows as [string, number][]));
  }
  await vi.waitFor(async () => expect((await seriesOf("latency")).partial).toBeNull(), { timeout: 45_000, interval: 250 });
  const latency = await seriesOf("latency");
  const [[p95]] = (await searched("service:api | stats p95(duration_ms)", END_MS - 2 * MINUTE_MS, END_MS)) as [[number]];
  expect(latency.series[0]!.values.at(-1)).toBeCloseTo(p95, 0);

  const body = new URLSearchParams({
    query: "sum by (service) (increase(requests[2m]))",
    start: String((START_MS + 2 * MINUTE_MS) / 1_000),
    end: String(END_MS / 1_000),
    step: "120",
  });
  const answer = await service.call("/prometheus/api/v1/query_range", { key: project.key, method: "POST", body });
  const { data } = (await answer.json()) as { data: { result: { metric: { service: string }; values: [number, string][] }[] } };
  expect(data.result.map(({ metric }) => metric.service)).toEqual(["api", "web"]);
  for (const { metric, values } of data.result) {
    for (const [time, value] of values) {
      const [[n]] = (await searched(`service:${metric.service} | stats count()`, time * 1_000 - 2 * MINUTE_MS, time * 1_000)) as [[number]];
      expect(Number(value)).toBe(n);
    }
  }
});
