import { describe, expect, it } from "vitest";
import { evaluatePromql, rawSamples, type SampleSource } from "../../../worker/engine/promql/evaluate-promql.ts";
import { matchesLabels } from "../../../worker/engine/promql/matchers.ts";
import { parsePromql, parseSelector } from "../../../worker/engine/promql/parse-promql.ts";
import { PromqlError, type Selector } from "../../../worker/engine/promql/promql.ts";
import type { LabelSet, RawSeries, Value } from "../../../worker/engine/promql/values.ts";
import { PROMQL_DEPTH_MAX, PROMQL_LENGTH_MAX } from "../../../worker/limits.ts";

const MINUTE_MS = 60_000;

/** A value a minute, the first at one minute past the epoch. */
interface Fixture {
  labels: LabelSet;
  values: (number | null)[];
}

const FIXTURES: readonly Fixture[] = [
  { labels: { __name__: "hits", service: "api", level: "INFO" }, values: [10, 20, 30, 40, 50, 60] },
  { labels: { __name__: "hits", service: "api", level: "ERROR" }, values: [1, 0, 3, 0, 5, 0] },
  { labels: { __name__: "hits", service: "web", level: "INFO" }, values: [100, 100, 100, 100, 100, 100] },
  { labels: { __name__: "latency", service: "api" }, values: [1.5, null, 2.5, 3.5, Number.NaN, -4.5] },
  { labels: { __name__: "latency", service: "web" }, values: [7, 7, 7, 7, 7, 7] },
  { labels: { __name__: "limit_bytes", host: "a\nb" }, values: [0, 0, 0, 0, 0, 0] },
];

/** Values of plain lists: what a source of Ledge's own metrics does with windows, without windows. */
class ListSource implements SampleSource {
  #of({ matchers }: Selector): RawSeries[] {
    return FIXTURES.filter(({ labels }) => matchesLabels(matchers, labels)).map(({ labels, values }) => {
      const present = values.flatMap((value, index) => (value === null ? [] : [{ time_ms: (index + 1) * MINUTE_MS, value }]));
      return { labels, times_ms: present.map(({ time_ms }) => time_ms), values: present.map(({ value }) => value) };
    });
  }

  async between(selector: Selector, from_ms: number, to_ms: number): Promise<RawSeries[]> {
    return this.#of(selector).map(({ labels, times_ms, values }) => {
      const kept = [...times_ms.keys()].filter((index) => times_ms[index]! > from_ms && times_ms[index]! <= to_ms);
      return { labels, times_ms: kept.map((index) => times_ms[index]!), values: kept.map((index) => values[index]!) };
    });
  }

  async at(selector: Selector, times_ms: readonly number[]) {
    const all = await this.between(selector, 0, Number.POSITIVE_INFINITY);
    return all.map((raw) => ({ labels: raw.labels, values: times_ms.map((time_ms) => raw.values[raw.times_ms.indexOf(time_ms)] ?? null) }));
  }

  async growth(selector: Selector, times_ms: readonly number[], range_ms: number) {
    const all = await this.between(selector, 0, Number.POSITIVE_INFINITY);
    return all.map((raw) => ({
      labels: raw.labels,
      values: times_ms.map((time_ms) =>
        raw.values.reduce(
          (sum, value, index) => (raw.times_ms[index]! > time_ms - range_ms && raw.times_ms[index]! <= time_ms ? sum + value : sum),
          0,
        ),
      ),
    }));
  }
}

/** The value at minute 5 (or several times) as short texts, ordered. */
function shown(value: Value): string[] {
  if (value.type === "scalar") return value.values.map(String);
  return value.series.map(({ labels, values }) => {
    const { __name__: name = "", ...others } = labels;
    const inner = Object.keys(others)
      .sort()
      .map((key) => `${key}=${others[key]}`)
      .join(",");
    return `${name}{${inner}} ${values.map((one) => (one === null ? "-" : String(one))).join(" ")}`;
  });
}

async function at(text: string, times_ms: readonly number[] = [5 * MINUTE_MS], ordered = false): Promise<string[]> {
  const lines = shown(await evaluatePromql(parsePromql(text), times_ms, new ListSource()));
  return ordered ? lines : lines.sort();
}

describe("PromQL at minute 5", () => {
  it.each<[string, string[]]>([
    ["1", ["1"]],
    ["1h", ["3600"]],
    ["1h30m", ["5400"]],
    ["0x1F", ["31"]],
    ["1e3", ["1000"]],
    ["1_000", ["1000"]],
    ["Inf", ["Infinity"]],
    ["-inf", ["-Infinity"]],
    ["NaN", ["NaN"]],
    ["1 + 2 * 3", ["7"]],
    ["(1 + 2) * 3", ["9"]],
    ["2 ^ 3 ^ 2", ["512"]],
    ["-2 ^ 2", ["-4"]],
    ["2 ^ -1", ["0.5"]],
    ["-(2)", ["-2"]],
    ["7 % 4", ["3"]],
    ["-7 % 4", ["-3"]],
    ["1 / 0", ["Infinity"]],
    ["0 / 0", ["NaN"]],
    ["1 > bool 2", ["0"]],
    ["1 <= bool 1", ["1"]],
    ["time()", ["300"]],
    ["# a comment\n1 # another", ["1"]],
    ["hits", ["hits{level=ERROR,service=api} 5", "hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ['hits{level="ERROR"}', ["hits{level=ERROR,service=api} 5"]],
    ['hits{level!="INFO"}', ["hits{level=ERROR,service=api} 5"]],
    ['hits{level=~"E.*|WARN"}', ["hits{level=ERROR,service=api} 5"]],
    ['hits{level=~"RRO"}', []],
    ['hits{level!~"I.+",service="api"}', ["hits{level=ERROR,service=api} 5"]],
    ['hits{nothing=""}', ["hits{level=ERROR,service=api} 5", "hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ['hits{nothing!=""}', []],
    ["hits{level='ERROR'}", ["hits{level=ERROR,service=api} 5"]],
    ["hits{level=`ERROR`}", ["hits{level=ERROR,service=api} 5"]],
    ['hits{"level"="ERROR"}', ["hits{level=ERROR,service=api} 5"]],
    ['{"hits", level="ERROR"}', ["hits{level=ERROR,service=api} 5"]],
    ['{__name__=~"lat.*", service="web"}', ["latency{service=web} 7"]],
    ['limit_bytes{host="a\\nb"}', ["limit_bytes{host=a\nb} 0"]],
    ['limit_bytes{host=~"a.b"}', ["limit_bytes{host=a\nb} 0"]],
    ["nothing", []],
    ["hits offset 1m", ["hits{level=ERROR,service=api} 0", "hits{level=INFO,service=api} 40", "hits{level=INFO,service=web} 100"]],
    ["hits offset -1m", ["hits{level=ERROR,service=api} 0", "hits{level=INFO,service=api} 60", "hits{level=INFO,service=web} 100"]],
    ["2 ^ -1 * 4", ["2"]],
    ["2 * -3 + 1", ["-5"]],
    ["1 - 2 - 3", ["-4"]],
    ["1 + 4 / 2 ^ 2", ["2"]],
    ["2 + 1 == bool 3", ["1"]],
    ["latency{service='web'} + hits{service='web'} offset 1m", []],
    ["latency{service='web'} + on(service) hits{service='web'} offset 1m * 2", ["{service=web} 207"]],
    ["100 - hits{level='ERROR'} offset 2m", ["{level=ERROR,service=api} 97"]],
    ["-hits{level='ERROR'} offset 2m", ["{level=ERROR,service=api} -3"]],
    ["hits > 40 and hits < 60 or latency == 7", ["hits{level=INFO,service=api} 50", "latency{service=web} 7"]],
    ["-latency", ["{service=api} NaN", "{service=web} -7"]],
    ["+latency{service='web'}", ["latency{service=web} 7"]],
    ["latency * 2", ["{service=api} NaN", "{service=web} 14"]],
    ["10 - latency", ["{service=api} NaN", "{service=web} 3"]],
    ["hits > 40", ["hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ["40 < hits", ["hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ["hits > bool 60", ["{level=ERROR,service=api} 0", "{level=INFO,service=api} 0", "{level=INFO,service=web} 1"]],
    ["sum(hits)", ["{} 155"]],
    ["SUM(hits)", ["{} 155"]],
    ["sum by (service) (hits)", ["{service=api} 55", "{service=web} 100"]],
    ["sum(hits) by (service)", ["{service=api} 55", "{service=web} 100"]],
    ["sum without (level) (hits)", ["{service=api} 55", "{service=web} 100"]],
    ["sum by (service, nothing) (hits)", ["{service=api} 55", "{service=web} 100"]],
    ["sum by () (hits)", ["{} 155"]],
    ["avg by (service) (hits)", ["{service=api} 27.5", "{service=web} 100"]],
    ["min(hits)", ["{} 5"]],
    ["max(hits)", ["{} 100"]],
    ["min(latency)", ["{} 7"]],
    ["max(latency)", ["{} 7"]],
    ["count by (level) (hits)", ["{level=ERROR} 1", "{level=INFO} 2"]],
    ["group(hits)", ["{} 1"]],
    ["topk(2, hits)", ["hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ["bottomk(1, hits)", ["hits{level=ERROR,service=api} 5"]],
    ["topk by (service) (1, hits)", ["hits{level=INFO,service=api} 50", "hits{level=INFO,service=web} 100"]],
    ["topk(1, latency)", ["latency{service=web} 7"]],
    ["topk(0, hits)", []],
    ["increase(hits{level='INFO'}[2m])", ["{level=INFO,service=api} 90", "{level=INFO,service=web} 200"]],
    ["rate(hits{service='web'}[2m])", [`{level=INFO,service=web} ${200 / 120}`]],
    ["rate(hits{service='web'}[2m] offset 2m)", [`{level=INFO,service=web} ${200 / 120}`]],
    ["sum(rate(hits[5m])) by (level)", [`{level=ERROR} ${9 / 300}`, `{level=INFO} ${150 / 300 + 500 / 300}`]],
    ["sum_over_time(hits{level='ERROR'}[3m])", ["{level=ERROR,service=api} 8"]],
    ["avg_over_time(latency[3m])", ["{service=api} NaN", "{service=web} 7"]],
    ["avg_over_time(latency[3m] offset 1m)", ["{service=api} 3", "{service=web} 7"]],
    ["min_over_time(hits{service='api',level='INFO'}[2m])", ["{level=INFO,service=api} 40"]],
    ["max_over_time(latency[5m])", ["{service=api} 3.5", "{service=web} 7"]],
    ["count_over_time(latency[5m])", ["{service=api} 4", "{service=web} 5"]],
    ["last_over_time(latency[5m] offset 1m)", ["latency{service=api} 3.5", "latency{service=web} 7"]],
    ["abs(latency offset -1m)", ["{service=api} 4.5", "{service=web} 7"]],
    ["ceil(latency offset 1m)", ["{service=api} 4", "{service=web} 7"]],
    ["floor(latency offset -1m)", ["{service=api} -5", "{service=web} 7"]],
    ["round(latency offset 1m)", ["{service=api} 4", "{service=web} 7"]],
    ["round(latency{service='web'}, 5)", ["{service=web} 5"]],
    ["sgn(latency offset -1m)", ["{service=api} -1", "{service=web} 1"]],
    ["clamp(hits, 10, 60)", ["{level=ERROR,service=api} 10", "{level=INFO,service=api} 50", "{level=INFO,service=web} 60"]],
    ["clamp_min(latency{service='web'}, 9)", ["{service=web} 9"]],
    ["clamp_max(latency{service='web'}, time() / 100)", ["{service=web} 3"]],
    ["vector(3)", ["{} 3"]],
    ["scalar(latency{service='web'}) + 1", ["8"]],
    ["scalar(hits)", ["NaN"]],
    ["sum(hits{level='ERROR'}) / sum(hits)", [`{} ${5 / 155}`]],
    ["sum by (service) (hits) / latency", ["{service=api} NaN", `{service=web} ${100 / 7}`]],
    ["hits{level='ERROR'} / ignoring(level) hits{level='INFO'}", ["{service=api} 0.1"]],
    ["hits{level='ERROR'} / on(service) hits{level='INFO'}", ["{service=api} 0.1"]],
    ["hits > on(service) latency", []],
    ["sum by (service) (hits) and latency > 0", ["{service=web} 100"]],
    ["sum by (service) (hits) unless latency > 0", ["{service=api} 55"]],
    ["nothing or vector(0)", ["{} 0"]],
    ["sum(nothing) or vector(0)", ["{} 0"]],
    ["latency == latency", ["latency{service=web} 7"]],
  ])("%s", async (text, expected) => {
    if (text === "hits > on(service) latency") return expect(at(text)).rejects.toThrow("duplicate series");
    expect(await at(text)).toEqual([...expected].sort());
  });

  it("sorts by value", async () => {
    const of_value = (lines: string[]) => lines.map((line) => line.split(" ").at(-1));
    expect(of_value(await at("sort(hits)", undefined, true))).toEqual(["5", "50", "100"]);
    expect(of_value(await at("sort_desc(hits)", undefined, true))).toEqual(["100", "50", "5"]);
  });
});

describe("PromQL over several times", () => {
  const times_ms = [1, 2, 3].map((minute) => minute * MINUTE_MS);

  it.each<[string, string[]]>([
    ["latency", ["latency{service=api} 1.5 - 2.5", "latency{service=web} 7 7 7"]],
    ["count(latency)", ["{} 2 1 2"]],
    ["hits{level='ERROR'} > 0", ["hits{level=ERROR,service=api} 1 - 3"]],
    ["increase(hits{service='web'}[2m])", ["{level=INFO,service=web} 100 200 200"]],
    ["topk(1, hits{service='api'} or latency{service='web'})", ["hits{level=INFO,service=api} 10 20 30"]],
    ["sum_over_time(latency{service='api'}[1m])", ["{service=api} 1.5 - 2.5"]],
  ])("%s", async (text, expected) => {
    expect(await at(text, times_ms)).toEqual(expected);
  });

  it("gives samples as they lie", async () => {
    const expr = parsePromql("latency{service='api'}[3m] offset 1m") as Selector;
    expect(await rawSamples(expr, 5 * MINUTE_MS, new ListSource())).toEqual([
      { labels: { __name__: "latency", service: "api" }, times_ms: [3 * MINUTE_MS, 4 * MINUTE_MS], values: [2.5, 3.5] },
    ]);
  });
});

describe("what Ledge does not answer", () => {
  it.each<[string, number, string]>([
    ["", 0, "no expression found"],
    ["  ", 2, "no expression found"],
    ["sum(", 4, "end of input"],
    ["hits{level=}", 11, 'unexpected character or word "}"'],
    ['hits{level="a', 13, "unexpected"],
    ["hits{}}", 6, "unexpected"],
    ["hits hits", 5, "unexpected"],
    ["1 +", 3, "end of input"],
    ["{}", 0, "at least one matcher"],
    ['{a=~".*"}', 0, "at least one matcher"],
    ['hits{a=~"("}', 5, "not valid"],
    ['hits{a="\\q"}', 7, "unknown escape"],
    ['hits{__name__="x"}', 5, "given twice"],
    ["rate(hits)", 5, "expected type range vector"],
    ["rate(hits[5m:1m])", 5, "subqueries are not supported"],
    ["hits @ 100", 0, "modifier @ is not supported"],
    ["rate(sum(hits)[5m])", 5, "ranges are of plain selectors"],
    ["hits[0s]", 5, "longer than nothing"],
    ["sum(hits) offset 5m", 0, "offset stands behind a selector"],
    ["histogram_quantile(0.9, hits)", 0, "the function histogram_quantile is not supported"],
    ["quantile(0.9, hits)", 0, "the aggregation quantile is not supported"],
    ["count_values('a', hits)", 0, "the aggregation count_values is not supported"],
    ["a / on(x) group_left b", 10, "one to one"],
    ["a atan2 b", 2, "operator atan2 is not supported"],
    ["1 > 2", 2, "must use BOOL"],
    ["1 and hits", 2, "set operator"],
    ["hits + bool 1", 5, "bool modifier"],
    ["hits[5m] + 1", 0, "only scalar and instant vector"],
    ["-hits[5m]", 0, "unary expression"],
    ["1 offset 5m", 0, "offset stands behind a selector"],
    ["(hits) offset 5m", 0, "offset stands behind a selector"],
    ["hits offset 5m offset 1m", 0, "offset may not be set multiple times"],
    ["hits{service=~'a)|(?:b'}", 5, "is not valid"],
    ["1 + hits @ 5", 4, "modifier @ is not supported"],
    ["sum('a')", 4, "expected type instant vector"],
    ["topk(hits, hits)", 5, "expected type scalar"],
    ["topk(hits)", 0, "wrong number of arguments"],
    ["sum(1, hits)", 0, "wrong number of arguments"],
    ["abs()", 0, "expected 1 argument"],
    ["hits + on(a) 1", 5, "vector matching only"],
    ["constructor(hits)", 0, "unexpected"],
  ])("%s", (text, position, message) => {
    const fault = (() => {
      try {
        parsePromql(text);
        return null;
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toBeInstanceOf(PromqlError);
    expect((fault as PromqlError).message).toContain(message);
    expect((fault as PromqlError).position).toBe(position);
  });

  it("is bounded in length and depth", () => {
    expect(() => parsePromql("1".repeat(PROMQL_LENGTH_MAX + 1))).toThrow("longer than");
    const nested = (depth: number) => `${"(".repeat(depth)}1${")".repeat(depth)}`;
    expect(parsePromql(nested(PROMQL_DEPTH_MAX)).kind).toBe("number");
    expect(() => parsePromql(nested(PROMQL_DEPTH_MAX + 1))).toThrow("nested deeper");
    for (const part of [" + hits", " ^ hits", " or hits"]) {
      expect(parsePromql(`hits${part.repeat(PROMQL_DEPTH_MAX)}`).kind).toBe("binary");
      expect(() => parsePromql(`hits${part.repeat(PROMQL_DEPTH_MAX + 1)}`)).toThrow("operators in a row");
    }
    expect(() => parsePromql(`${"-".repeat(PROMQL_DEPTH_MAX * 3)}hits`)).toThrow("operators in a row");
  });

  it("tells duplicates of a result", async () => {
    await expect(at("abs({__name__=~'hits|latency', service='web'})")).resolves.toHaveLength(2);
    await expect(at("abs(hits{level='INFO'} * 0 + on(service) latency) or abs(latency * 0)")).resolves.toHaveLength(2);
    await expect(at("-{__name__=~'latency|hits',level=''} or abs(latency)")).resolves.toHaveLength(2);
  });

  it("takes selectors for match[]", () => {
    expect(parseSelector('up{a="b"}')).toEqual([
      { name: "__name__", op: "=", value: "up" },
      { name: "a", op: "=", value: "b" },
    ]);
    for (const text of ["up[5m]", "sum(up)", "1", "up offset 1m"]) expect(() => parseSelector(text)).toThrow("a selector such as");
  });
});
