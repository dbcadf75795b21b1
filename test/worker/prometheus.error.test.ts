import { beforeAll, describe, expect, it } from "vitest";
import { PROMQL_BODY_SIZE_BYTES_MAX, PROMQL_STEPS_MAX } from "../../worker/limits.ts";
import { call, createProject, type TestProject } from "./support/api.ts";
import { declare } from "./support/metrics.ts";

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  await declare(project, { name: "slow", aggregations: { p99: "p99(duration_ms)" }, window: { kind: "tumbling", size: "1s" } });
  await declare(project, {
    name: "wide",
    aggregations: { n: "count()" },
    series_max: 1000,
    group_by: ["user"],
    window: { kind: "tumbling", size: "1s" },
  });
});

interface Refusal {
  status: string;
  errorType: string;
  error: string;
}

async function refusal(path: string, init: Parameters<typeof call>[1] = {}): Promise<{ http: number } & Refusal> {
  const answer = await call(`/prometheus/api/v1/${path}`, { key: project.key, ...init });
  expect(answer.headers.get("content-type")).toBe("application/json");
  return { http: answer.status, ...(await answer.json<Refusal>()) };
}

const RANGE = "start=0&end=600&step=60";

describe("what is refused in Prometheus' form", () => {
  it.each([
    ["query", 'invalid parameter "query"'],
    ["query?query=", 'invalid parameter "query"'],
    ["query?query=sum(", "1:5: parse error: unexpected end of input"],
    ["query?query=1%2B%0A%20%20)", "2:3: parse error: unexpected"],
    ["query?query=up&time=soon", 'invalid parameter "time": cannot parse "soon" to a valid timestamp'],
    ["query?query=up&time=-5", 'invalid parameter "time"'],
    ["query?query=histogram_quantile(0.9,up)", "the function histogram_quantile is not supported"],
    ["query?query=up%20%40%205", "the modifier @ is not supported"],
    ["query?query=rate(up[5m:1m])", "subqueries are not supported"],
    ["query?query=rate(slow[5m])", "slow is no count"],
    ["query?query=ledge_events_total", "ask for rate(ledge_events_total[5m])"],
    ["query?query=ledge_events_total[5m]", "ask for rate or increase"],
    ["query?query=sum_over_time(slow[30d])", "has 2592000 windows in this range"],
    ["query_range?query=up", 'invalid parameter "start": it is missing'],
    ["query_range?query=up&start=5&end=1&step=1", "end timestamp must not be before start time"],
    ["query_range?query=up&start=0&end=1&step=0", "zero or negative query resolution"],
    ["query_range?query=up&start=0&end=1&step=often", 'invalid parameter "step"'],
    [`query_range?query=up&start=0&end=${PROMQL_STEPS_MAX + 1}&step=1`, "exceeded maximum resolution"],
    [`query_range?query=up[5m]&${RANGE}`, 'invalid expression type "range vector" for range query'],
    [`query_range?query='a'&${RANGE}`, 'invalid expression type "string"'],
    ["series", "no match[] parameter"],
    ["series?match[]=sum(up)", "a selector such as"],
    ["series?match[]={}", "at least one matcher"],
    ["labels?match[]=up{", "parse error"],
    ["labels?start=10&end=5", "end timestamp must not be before start time"],
    ["label/service/values?limit=some", 'invalid parameter "limit"'],
  ])("%s", async (path, message) => {
    const { http, status, errorType, error } = await refusal(path);
    expect([http, status, errorType]).toEqual([400, "error", "bad_data"]);
    expect(error).toContain(message);
  });

  it("too many operators in a row", async () => {
    expect(await refusal(`query?query=${"1%2B".repeat(200)}1`)).toMatchObject({
      http: 400,
      error: expect.stringContaining("operators in a row"),
    });
  });

  it("bodies that are no form, or too large", async () => {
    expect(await refusal("query", { json: { query: "up" } })).toMatchObject({
      http: 400,
      errorType: "bad_data",
      error: expect.stringContaining("form"),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const body = `query=${"x".repeat(PROMQL_BODY_SIZE_BYTES_MAX)}`;
    expect(await refusal("query", { method: "POST", headers, body })).toMatchObject({ http: 413, status: "error", errorType: "bad_data" });
  });
});

describe("what is not Prometheus' to refuse", () => {
  it("is a problem document: keys, methods, addresses", async () => {
    expect((await call("/prometheus/api/v1/query?query=up")).status).toBe(401);
    expect((await call("/prometheus/api/v1/query?query=up", { method: "DELETE", key: project.key })).status).toBe(405);
    const unknown = await call("/prometheus/api/v1/rules", { key: project.key });
    expect([unknown.status, unknown.headers.get("content-type")]).toEqual([404, "application/problem+json"]);
  });

  it("names of nothing are no mistake", async () => {
    const answer = await call("/prometheus/api/v1/query?query=up", { key: project.key });
    expect(await answer.json()).toEqual({ status: "success", data: { resultType: "vector", result: [] } });
  });
});
