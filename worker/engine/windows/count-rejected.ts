import type { EventBatch } from "../batch/event-batch.ts";
import { BUILT_INS, REASON_FIELD, REJECTED_FIELD, REJECTED_ID } from "./built-in.ts";
import { compileMetric } from "./compile-metric.ts";
import { EventCounter } from "./count-events.ts";
import { packDeltas } from "./deltas.ts";

/** What the built-in metric of refused records counts of these, packed. @param by_reason how many records */
export function rejectedDeltas(by_reason: ReadonlyMap<string, number>, at_us: number): Uint8Array {
  const { metric_id, definition } = BUILT_INS.find((built_in) => built_in.metric_id === REJECTED_ID)!;
  const counter = new EventCounter([{ metric_id, compiled: compileMetric(definition) }], { leave_late: false });
  counter.add(batchOf(by_reason, at_us), null);
  return packDeltas(counter.deltas());
}

function batchOf(by_reason: ReadonlyMap<string, number>, at_us: number): EventBatch {
  const rows = by_reason.size;
  const times_us = new Float64Array(rows).fill(at_us);
  return {
    rows,
    timestamp_us: times_us,
    ingest_us: times_us,
    columns: new Map([
      [
        `attributes.${REASON_FIELD}`,
        { kind: "dict", values: [...by_reason.keys()], codes: Uint32Array.from({ length: rows }, (_, row) => row) },
      ],
      [`attributes.${REJECTED_FIELD}`, { kind: "int64", values: Float64Array.from(by_reason.values()), present: null }],
    ]),
    rest: null,
  };
}
