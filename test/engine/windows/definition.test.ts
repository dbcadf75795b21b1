import { describe, expect, it } from "vitest";
import { compileMetric, countsAlike, normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import { MetricError, type MetricInput } from "../../../worker/engine/windows/definition.ts";

const PLAIN: MetricInput = { name: "requests", aggregations: { n: "count()" }, window: { kind: "tumbling", size: "60s" } };

function faultOf(changes: Partial<MetricInput>): string {
  try {
    compileMetric(normalMetric({ ...PLAIN, ...changes }));
  } catch (error) {
    if (error instanceof MetricError) return `${error.field}${error.position === null ? "" : ` at ${error.position}`}`;
    throw error;
  }
  return "none";
}

describe("definitions of metrics", () => {
  it("fills in what was left out", () => {
    expect(normalMetric(PLAIN)).toEqual({
      name: "requests",
      description: "",
      unit: "",
      query: "*",
      time: "timestamp",
      aggregations: { n: "count()" },
      value: "n",
      group_by: [],
      series_max: 100,
      window: { kind: "tumbling", size: "1m", step: "1m" },
      lateness: "5m",
    });
  });

  it.each<[string, Partial<MetricInput>]>([
    ["a filter with pipes", { query: 'service:api  "timed out" | extract "took <took> ms" | where took:>5' }],
    ["a quantile with a condition", { aggregations: { p: "quantile( .95 , duration_ms ) where ( level:error )" } }],
    ["an expression as a field", { aggregations: { mb: "sum(bytes / 1024)", n: "count()" }, value: "mb/n" }],
    ["aliases as fields", { group_by: ["service.name", "http.status"] }],
    ["sliding windows", { window: { kind: "sliding", size: "1h", step: "60s" } }],
    ["no lateness", { lateness: "0s" }],
    ["a name that is given", { aggregations: { n: "count() as m" } }],
  ])("is the same again in its normal form: %s", (_name, changes) => {
    const normal = normalMetric({ ...PLAIN, ...changes });
    expect(normalMetric(normal)).toEqual(normal);
    expect(compileMetric(normal).definition).toBe(normal);
  });

  it.each<[string, Partial<MetricInput>]>([
    ["name", { name: "Requests" }],
    ["name", { name: "ledge_events" }],
    ["name", { name: "a".repeat(101) }],
    ["query at 6", { query: "level:" }],
    ["query", { query: "* | stats count()" }],
    ["query", { query: "* | limit 5" }],
    ["aggregations", { aggregations: {} }],
    ["aggregations.n at 0", { aggregations: { n: "frequency(x)" } }],
    ["aggregations.n", { aggregations: { n: "values(x)" } }],
    ["aggregations.n at 8", { aggregations: { n: "count() by service" } }],
    ["aggregations.level", { aggregations: { level: "count()" } }],
    ["aggregations.and", { aggregations: { and: "count()" } }],
    ["value", { aggregations: { a: "count()", b: "sum(x)" } }],
    ["value", { value: "n / others" }],
    ["value at 4", { value: "n / " }],
    ["value", { value: "upper(n)" }],
    ["group_by", { group_by: ["a", "b", "c", "d", "e"] }],
    ["group_by", { group_by: ["service", "service.name"] }],
    ["group_by.0", { group_by: ["timestamp"] }],
    ["series_max", { series_max: 0 }],
    ["series_max", { series_max: 1_001 }],
    ["window.size", { window: { kind: "tumbling", size: "soon" } }],
    ["window.size", { window: { kind: "sliding", size: "2d", step: "1h" } }],
    ["window.size", { window: { kind: "sliding", size: "90s", step: "1m" } }],
    ["window.size", { window: { kind: "sliding", size: "1h", step: "1s" } }],
    ["window.step", { window: { kind: "tumbling", size: "7m" } }],
    ["window.step", { window: { kind: "tumbling", size: "500ms" } }],
    ["window.step", { window: { kind: "tumbling", size: "5m", step: "1m" } }],
    ["lateness", { lateness: "2d" }],
    ["lateness", { lateness: "-5m" }],
  ])("refuses and names %s: %j", (fault, changes) => {
    expect(faultOf(changes)).toBe(fault);
  });

  it("counts alike where only what is shown differs", () => {
    const normal = normalMetric(PLAIN);
    const shown = normalMetric({ ...PLAIN, description: "all of them", aggregations: { all: "count()" }, value: "all * 2" });
    const longer = normalMetric({ ...PLAIN, window: { kind: "sliding", size: "5m", step: "1m" }, lateness: "1h" });
    expect(countsAlike(normal, shown)).toBe(true);
    expect(countsAlike(normal, longer)).toBe(true);
    expect(countsAlike(normal, normalMetric({ ...PLAIN, query: "level:error" }))).toBe(false);
    expect(countsAlike(normal, normalMetric({ ...PLAIN, window: { kind: "tumbling", size: "30s" } }))).toBe(false);
  });
});
