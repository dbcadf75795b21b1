import type { EventBatch } from "../../batch/event-batch.ts";
import { hasEveryValue } from "../column-values.ts";
import { isAttribute } from "../fields.ts";
import { isEveryRow } from "../filters/mask.ts";
import type { Spans } from "./group-rows.ts";
import { countRange, countRows } from "./short-codes.ts";

/** How often each number of a field occurs in each span of rows: what functions take that do not mind in which order numbers come. */
export interface NumberTally {
  /** Distinct numbers; some may occur in no row. */
  values: Float64Array;
  /** The counts of span i are `counts[i * width ..]`, by the place of the number; the last of a span is of rows without one. */
  counts: Uint32Array;
  width: number;
}

/** Null where the field is not stored as codes of few numbers: then going through the rows costs less. */
export function numberTally(batch: EventBatch, field: string, { order, starts, groups }: Spans): NumberTally | null {
  const column = batch.columns.get(field);
  if ((column?.kind !== "int64" && column?.kind !== "double") || !column.dictionary || field === "fingerprint") return null;
  if (isAttribute(field) && batch.rest && !hasEveryValue(column)) return null;
  const { dictionary } = column;
  const width = dictionary.values.length + 1;
  const codes = width * groups.length <= order.length ? dictionary.shortCodes?.() : null;
  if (!codes) return null;
  const counts = new Uint32Array(width * groups.length);
  const in_order = isEveryRow(order, codes.length);
  for (let span = 0; span < groups.length; span++) {
    const own = counts.subarray(span * width, (span + 1) * width);
    if (in_order) countRange(codes, starts[span]!, starts[span + 1]!, own);
    else countRows(codes, order, starts[span]!, starts[span + 1]!, own);
  }
  return { values: dictionary.values, counts, width };
}
