/** A definition while it is written. */
import type { Schemas } from "../api/client.ts";
import { type MetricInput, metricFromQuery, splitList } from "./from-query.ts";

export type Metric = Schemas["Metric"];

interface Aggregation {
  /** For the list on the page. */
  id: number;
  name: string;
  text: string;
}

const LATENESS_DEFAULT = "5m";

export class MetricForm {
  name = $state("");
  description = $state("");
  unit = $state("");
  query = $state("");
  aggregations = $state<Aggregation[]>([]);
  value = $state("");
  groups = $state("");
  kind = $state<"tumbling" | "sliding">("tumbling");
  size = $state("1m");
  step = $state("1m");
  lateness = $state(LATENESS_DEFAULT);
  time = $state<"timestamp" | "ingest_ts">("timestamp");
  series_max = $state("");
  #next = 0;

  static fromQuery(query: string): MetricForm {
    return new MetricForm(metricFromQuery(query));
  }

  static fromMetric(metric: Metric): MetricForm {
    return new MetricForm(metric);
  }

  private constructor(input: MetricInput | Metric) {
    this.name = input.name;
    this.description = input.description ?? "";
    this.unit = input.unit ?? "";
    this.query = input.query ?? "";
    for (const [name, text] of Object.entries(input.aggregations)) this.add(name, text);
    this.value = input.value ?? "";
    this.groups = (input.group_by ?? []).join(", ");
    this.kind = input.window.kind;
    this.size = input.window.size;
    this.step = input.window.step ?? input.window.size;
    this.lateness = input.lateness ?? LATENESS_DEFAULT;
    this.time = input.time ?? "timestamp";
    this.series_max = input.series_max === undefined ? "" : String(input.series_max);
  }

  add(name = "", text = ""): void {
    this.aggregations.push({ id: this.#next++, name, text });
  }

  remove(id: number): void {
    this.aggregations = this.aggregations.filter((one) => one.id !== id);
  }

  /** As the service takes it. @param name a stand-in while none is given, for the preview */
  input(name = this.name.trim()): MetricInput {
    const aggregations = Object.fromEntries(
      this.aggregations.filter((one) => one.name.trim() !== "").map((one) => [one.name.trim(), one.text.trim()]),
    );
    const first = Object.keys(aggregations)[0];
    return {
      name,
      description: this.description.trim(),
      unit: this.unit.trim(),
      query: this.query.trim(),
      time: this.time,
      aggregations,
      value: this.value.trim() || (first ?? ""),
      group_by: splitList(this.groups),
      ...(this.series_max.trim() === "" ? {} : { series_max: Number(this.series_max) }),
      window: { kind: this.kind, size: this.size.trim(), ...(this.kind === "sliding" ? { step: this.step.trim() } : {}) },
      lateness: this.lateness.trim(),
    };
  }
}
