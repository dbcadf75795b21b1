import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countsAlike, normalMetric } from "../../../worker/engine/windows/compile-metric.ts";
import type { MetricDefinition, MetricInput } from "../../../worker/engine/windows/definition.ts";
import { Problem } from "../../../worker/errors.ts";
import { CONFIG_ALIASES_MAX, CONFIG_ERRORS_MAX } from "../../../worker/limits.ts";
import { readConfig } from "../../../worker/monitor/config/config-document.ts";
import { type Plan, planConfig, summaryOf } from "../../../worker/monitor/config/plan-config.ts";
import { printConfig } from "../../../worker/monitor/config/print-config.ts";

const YAML = `version: 1
metrics:
  - name: requests
    aggregations:
      n: count()
    window: { kind: tumbling, size: 1m }
  - name: errors_percent
    description: How much goes wrong.
    unit: "%"
    query: service:api
    aggregations:
      errors: count() where (level:error)
      all: count()
    value: errors / all * 100
    group_by: [host]
    window: { kind: sliding, size: 10m, step: 1m }
`;

/** What applying a plan leaves. */
function applied(present: readonly MetricDefinition[], { put, remove }: Plan): MetricDefinition[] {
  const kept = present.filter(({ name }) => !remove.includes(name) && !put.some((definition) => definition.name === name));
  return [...kept, ...put];
}

function problemOf(read: () => unknown): Problem {
  try {
    read();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const name = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
  .filter((text) => !text.startsWith("ledge_") && !["and", "or", "not", "level", "host"].includes(text));
/** Texts that are hard to write down: quotes, breaks, control characters, lone surrogates, what YAML takes for something else. */
const hardText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom(
    "null",
    "~",
    "yes",
    "1e3",
    "0x1f",
    "# no comment",
    "a: b",
    "- x",
    "'",
    '"',
    " padded ",
    "\t",
    "\r\n",
    "a\nb\n",
    "|",
    ">",
    "&a",
    "*a",
    "!!str",
    "%",
    "{",
    "\u2028",
    "\ud800",
    "---",
    "...",
  ),
);
const window = fc.constantFrom<MetricInput["window"]>(
  { kind: "tumbling", size: "1m" },
  { kind: "tumbling", size: "1h" },
  { kind: "sliding", size: "10m", step: "30s" },
  { kind: "sliding", size: "1h", step: "1h" },
  { kind: "tumbling", size: "60s" },
);
const call = fc.constantFrom(
  "count()",
  "count() where (level:error)",
  "p99(duration_ms)",
  "sum(bytes / 1024)",
  "avg(x)",
  "count_uniq(user)",
  "quantile(0.5, x)",
);
const metricInput: fc.Arbitrary<MetricInput> = fc
  .record({
    name,
    description: fc.option(hardText, { nil: undefined }),
    unit: fc.option(fc.constantFrom("%", "ms", "", "null", "1"), { nil: undefined }),
    query: fc.option(fc.constantFrom("*", "level:error", 'service:api "timed out" -path:/health', 'message:~"a|b" | where x:>1'), {
      nil: undefined,
    }),
    time: fc.option(fc.constantFrom("timestamp" as const, "ingest_ts" as const), { nil: undefined }),
    calls: fc.uniqueArray(fc.tuple(name, call), { minLength: 1, maxLength: 4, selector: ([as]) => as }),
    group_by: fc.option(fc.uniqueArray(fc.constantFrom("service", "host", "http.method", "a b"), { maxLength: 3 }), { nil: undefined }),
    series_max: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
    window,
    lateness: fc.option(fc.constantFrom("0s", "5m", "1h", "300s"), { nil: undefined }),
  })
  .map(({ calls, ...rest }) => ({ ...rest, aggregations: Object.fromEntries(calls), value: calls.map(([as]) => as).join(" + ") }));
const definitions = fc
  .uniqueArray(metricInput, { maxLength: 6, selector: (input) => input.name })
  .map((inputs) => inputs.map((input) => normalMetric({ ...input, description: (input.description ?? "").toWellFormed() })));

describe("ledge.yaml", () => {
  it("is read into normal forms, from YAML and from JSON alike", () => {
    const config = readConfig(YAML, "yaml");
    expect(config.metrics?.map((metric) => metric.name)).toEqual(["requests", "errors_percent"]);
    expect(config.metrics?.[1]).toMatchObject({
      value: "errors / all * 100",
      lateness: "5m",
      series_max: 100,
      window: { kind: "sliding", size: "10m", step: "1m" },
    });
    const json = printConfig(config, "json");
    expect(readConfig(json, "json")).toEqual(config);
    // Tabs are no indentation in YAML, but are in JSON.
    expect(readConfig(JSON.stringify(JSON.parse(json), null, "\t"), "json")).toEqual(config);
  });

  it("does not speak of what it has no section for", () => {
    expect(readConfig("version: 1", "yaml")).toEqual({ metrics: null });
    expect(planConfig(readConfig(YAML, "yaml").metrics!, { metrics: null }, true)).toEqual({ changes: [], put: [], remove: [] });
  });

  it.each<[string, string, string, number]>([
    ["an unknown member", YAML.replace("unit:", "units:"), "metrics.1.units", 9],
    ["a missing member", YAML.replace("    window: { kind: tumbling, size: 1m }\n", ""), "metrics.0.window", 3],
    ["a value of another type", YAML.replace("group_by: [host]", "group_by: host"), "metrics.1.group_by", 15],
    ["a duration that is none", YAML.replace("size: 1m }", "size: soon }"), "metrics.0.window.size", 6],
    ["a query that is none", YAML.replace("service:api", "'service:('"), "metrics.1.query", 10],
    ["a function that is none", YAML.replace("all: count()", "all: frequency()"), "metrics.1.aggregations.all", 13],
    ["a value of what is not counted", YAML.replace("errors / all * 100", "errors / total"), "metrics.1.value", 14],
    ["two metrics of one name", YAML.replace("errors_percent", "requests"), "metrics.1.name", 7],
    ["another version", YAML.replace("version: 1", "version: 2"), "version", 1],
    ["a name of Ledge's own", YAML.replace("name: requests", "name: ledge_requests"), "metrics.0.name", 3],
    ["no mapping", "- 1", "", 1],
    ["nothing", "", "", 1],
  ])("names path and line: %s", (_what, text, field, line) => {
    const { code, message, details } = problemOf(() => readConfig(text, "yaml"));
    expect(code).toBe("invalid");
    expect(details.errors?.[0]).toMatchObject({ field, ...(text === "" ? {} : { line }) });
    if (text !== "") expect(message).toMatch(new RegExp(`^line ${line}: `));
  });

  it("tells where a query breaks", () => {
    const { details } = problemOf(() => readConfig(YAML.replace("service:api", "'level:error service:('"), "yaml"));
    expect(details.errors?.[0]).toMatchObject({ field: "metrics.1.query", line: 10, position: 21 });
  });

  it("tells of several mistakes at once, of a bounded number", () => {
    const metric = "  - { name: A, aggregations: { n: count() }, window: { kind: tumbling, size: 1m } }\n";
    const { details, message } = problemOf(() => readConfig(`version: 1\nmetrics:\n${metric.repeat(60)}`, "yaml"));
    expect(details.errors).toHaveLength(CONFIG_ERRORS_MAX);
    expect(details.errors?.[1]).toMatchObject({ line: 4 });
    expect(message).toMatch(/and \d+ more/);
  });

  it.each([
    ["an unclosed quote", 'version: 1\nmetrics: "', 2],
    ["a key twice", "version: 1\nversion: 1", 2],
    ["a tab as indentation", "version: 1\nmetrics:\n\t- name: a", 3],
    ["two documents", "version: 1\n---\nversion: 1", 2],
  ])("says where it cannot be read: %s", (_what, text, line) => {
    const { code, details } = problemOf(() => readConfig(text, "yaml"));
    expect(code).toBe("bad_request");
    expect(details.errors?.[0]).toMatchObject({ line });
  });

  it("takes anchors, and refuses documents that unfold without end", () => {
    const window = "&w { kind: tumbling, size: 1m }";
    const shared = `version: 1\nmetrics:\n  - { name: a, aggregations: { n: count() }, window: ${window} }\n  - { name: b, aggregations: { n: count() }, window: *w }`;
    expect(readConfig(shared, "yaml").metrics).toHaveLength(2);
    const lists = Array.from(
      { length: 8 },
      (_, level) =>
        `a${level}: &a${level} [${Array(10)
          .fill(level === 0 ? "x" : `*a${level - 1}`)
          .join(", ")}]`,
    );
    expect(10 ** 7).toBeGreaterThan(CONFIG_ALIASES_MAX);
    expect(problemOf(() => readConfig(lists.join("\n"), "yaml")).code).toBe("bad_request");
  });

  it("is the same when it is written down and read again", () => {
    fc.assert(
      fc.property(definitions, fc.constantFrom("yaml" as const, "json" as const), (metrics, format) => {
        // As it arrives over the wire.
        const text = new TextDecoder().decode(new TextEncoder().encode(printConfig({ metrics }, format)));
        expect(readConfig(text, format)).toEqual({ metrics });
      }),
    );
  });
});

describe("plans", () => {
  it("have nothing to do once they were applied, pruned or not, and whatever there was", () => {
    fc.assert(
      fc.property(definitions, definitions, fc.boolean(), (present, wanted, prune) => {
        const config = { metrics: wanted };
        const after = applied(present, planConfig(present, config, prune));
        const again = planConfig(after, config, prune);
        expect([again.put, again.remove]).toEqual([[], []]);
        expect(again.changes.every(({ action, fields }) => (action === "unchanged" || action === "keep") && fields.length === 0)).toBe(
          true,
        );
        const names = wanted.map((metric) => metric.name);
        const left = after.map((metric) => metric.name).filter((one) => !names.includes(one));
        expect(left.length === 0 || !prune).toBe(true);
        // What was written down of it plans to nothing as well, even pruned.
        const exported = readConfig(printConfig({ metrics: after }, "yaml"), "yaml");
        expect(planConfig(after, exported, true)).toMatchObject({ put: [], remove: [] });
      }),
    );
  });

  it("say field by field what changes, and whether values begin anew", () => {
    const present = readConfig(YAML, "yaml").metrics!;
    const text = YAML.replace("How much goes wrong.", "Share of errors.")
      .replace("size: 1m }", "size: 5m }")
      .replace("errors_percent", "failures_percent");
    const kept = planConfig(present, readConfig(text, "yaml"), false);
    expect(summaryOf(kept.changes)).toEqual({ create: 1, change: 1, delete: 0, keep: 1, unchanged: 0 });
    expect(kept.changes[0]).toEqual({
      kind: "metric",
      name: "requests",
      action: "change",
      fields: [
        { field: "window.size", before: "1m", after: "5m" },
        { field: "window.step", before: "1m", after: "5m" },
      ],
      recounts: true,
    });
    expect(kept.changes[2]).toMatchObject({ name: "errors_percent", action: "keep", fields: [], recounts: false });
    expect(planConfig(present, readConfig(text, "yaml"), true)).toMatchObject({ remove: ["errors_percent"] });
    const described = planConfig(present, readConfig(YAML.replace("goes wrong", "fails"), "yaml"), true);
    expect(described.changes[1]).toMatchObject({ action: "change", recounts: false, fields: [{ field: "description" }] });
  });

  it("take another order of aggregations for no change, and keep the order that is counted", () => {
    const present = readConfig(YAML, "yaml").metrics!;
    const swapped = YAML.replace(
      "      errors: count() where (level:error)\n      all: count()\n",
      "      all: count()\n      errors: count() where (level:error)\n",
    );
    expect(planConfig(present, readConfig(swapped, "yaml"), true).put).toEqual([]);
    const [put] = planConfig(present, readConfig(swapped.replace("goes wrong", "fails"), "yaml"), true).put;
    expect(countsAlike(present[1]!, put!)).toBe(true);
  });
});
