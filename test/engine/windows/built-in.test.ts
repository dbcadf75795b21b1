import { describe, expect, it } from "vitest";
import { withMeasures } from "../../../worker/catalog/count-frames.ts";
import { BUILT_INS } from "../../../worker/engine/windows/built-in.ts";
import { compileMetric } from "../../../worker/engine/windows/compile-metric.ts";
import { EventCounter } from "../../../worker/engine/windows/count-events.ts";
import { windowSeries } from "../../../worker/engine/windows/window-values.ts";
import { batchOf, type PlainEvent } from "../query/batches.ts";
import { MINUTE_US, NOON_US } from "./support.ts";

const EVENTS: PlainEvent[] = [
  { timestamp_us: NOON_US - 2_000_000, ingest_us: NOON_US, fields: { service: "api", level: "ERROR" }, attributes: {} },
  { timestamp_us: NOON_US - 500_000, ingest_us: NOON_US, fields: { service: "api", level: "FATAL" }, attributes: {} },
  { timestamp_us: NOON_US, ingest_us: NOON_US, fields: { service: "web", level: "INFO" }, attributes: {} },
];

function valuesOf(name: string): unknown {
  const { metric_id, definition } = BUILT_INS.find((each) => each.definition.name === name)!;
  const compiled = compileMetric(definition);
  const counter = new EventCounter([{ metric_id, compiled }], { leave_late: true });
  counter.add(withMeasures(batchOf(EVENTS), [{ rows: EVENTS.length, raw_bytes: 1_000 }]), null);
  const request = { ends_us: [NOON_US + MINUTE_US], window_us: MINUTE_US };
  const series = windowSeries(compiled, counter.deltas()[0]!.panes, MINUTE_US, request);
  return series.map(({ labels, points }) => [...Object.values(labels), points[0]!.value]);
}

describe("built-in metrics", () => {
  it("have the same way of counting where they have the same number", () => {
    for (const { metric_id, definition } of BUILT_INS) {
      const { aggregations, group_by, query } = BUILT_INS.find((each) => each.metric_id === metric_id)!.definition;
      expect({ aggregations, group_by, query }).toEqual({
        aggregations: definition.aggregations,
        group_by: definition.group_by,
        query: definition.query,
      });
    }
  });

  it.each([
    [
      "ledge_events",
      [
        ["api", "ERROR", 1],
        ["api", "FATAL", 1],
        ["web", "INFO", 1],
      ],
    ],
    [
      "ledge_bytes",
      [
        ["api", "ERROR", 333],
        ["api", "FATAL", 333],
        ["web", "INFO", 334],
      ],
    ],
    [
      "ledge_errors",
      [
        ["api", "ERROR", 1],
        ["api", "FATAL", 1],
        ["web", "INFO", 0],
      ],
    ],
    [
      "ledge_ingest_lag_seconds",
      [
        ["api", 2],
        ["web", 0],
      ],
    ],
  ])("%s", (name, expected) => {
    expect(valuesOf(name)).toEqual(expected);
  });
});
