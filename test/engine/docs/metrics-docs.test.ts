import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parsePromql } from "../../../worker/engine/promql/parse-promql.ts";
import { BUILT_INS } from "../../../worker/engine/windows/built-in.ts";
import { compileMetric, normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import type { MetricInput } from "../../../worker/engine/windows/definition.ts";
import { readConfig } from "../../../worker/monitor/config/config-document.ts";
import { planConfig } from "../../../worker/monitor/config/plan-config.ts";
import { printConfig } from "../../../worker/monitor/config/print-config.ts";
import { promMetrics } from "../../../worker/monitor/prometheus/names.ts";

const DOCS = join(import.meta.dirname, "../../../docs");
const METRICS = readFileSync(join(DOCS, "metrics.md"), "utf8");
const CONFIGURATION = readFileSync(join(DOCS, "configuration.md"), "utf8");

function blocks(text: string, language: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map((match) => match[1]!);
}

describe("docs/configuration.md", () => {
  it.each(blocks(CONFIGURATION, "yaml"))("has a document that is taken, exported and planned to nothing: %#", (text) => {
    const config = readConfig(text, "yaml");
    expect(config.metrics!.length).toBeGreaterThan(0);
    const again = readConfig(printConfig(config, "yaml"), "yaml");
    expect(planConfig(config.metrics!, again, true)).toMatchObject({ put: [], remove: [] });
  });

  it("has two of them", () => {
    expect(blocks(CONFIGURATION, "yaml")).toHaveLength(2);
  });
});

describe("docs/metrics.md", () => {
  const declared = normalMetric(JSON.parse(METRICS.match(/-d '(\{[\s\S]*?\})'/)![1]!) as MetricInput);

  it("has a definition that is taken", () => {
    expect(compileMetric(declared).definition.value).toBe("errors / all * 100");
  });

  it("has PromQL that is understood, over names that there are", () => {
    const records = [declared, ...BUILT_INS.map(({ definition }) => definition)].map((definition) => ({ definition }));
    const names = promMetrics(records as unknown as Parameters<typeof promMetrics>[0]).map(({ name }) => name);
    const lines = blocks(METRICS, "promql").flatMap((text) => text.trim().split("\n"));
    expect(lines.length).toBeGreaterThan(5);
    for (const line of lines) {
      expect(() => parsePromql(line)).not.toThrow();
      const used = line.match(/\b(?:ledge|api)_[\w:]+/g)!;
      expect(used.filter((name) => !names.includes(name))).toEqual([]);
    }
  });

  it("names the built-in metrics", () => {
    const listed = [...METRICS.matchAll(/^\| `(ledge_\w+)` \|/gm)].map((match) => match[1]);
    expect(listed).toEqual(BUILT_INS.map(({ definition }) => definition.name));
  });
});
