import { TIMESERIES_ROWS_MAX } from "../../../limits.ts";
import { formatTimestamp_us } from "../../batch/record.ts";
import { bucketStart_us } from "../bucket.ts";
import type { FillPipe } from "../plan.ts";
import { compareCells, type Table, type TableValue } from "../table.ts";
import { parseTime_us } from "../time.ts";

/**
 * A row for every piece of time and series. A table that would get more than TIMESERIES_ROWS_MAX rows stays as it is: its pieces without events
 * are missing.
 */
export function fillTable(pipe: FillPipe, table: Table): Table {
  const series = new Map<string, TableValue[]>(pipe.series === 0 ? [["[]", []]] : []);
  const known = new Map<string, TableValue[]>();
  let first_us = pipe.range ? bucketStart_us(pipe.range.from_us, pipe) : Number.POSITIVE_INFINITY;
  let end_us = pipe.range ? pipe.range.to_us : Number.NEGATIVE_INFINITY;
  for (const row of table.rows) {
    const values = row.slice(1, 1 + pipe.series);
    const id = JSON.stringify(values);
    series.set(id, values);
    const start_us = parseTime_us(String(row[0]), Number.NaN) ?? Number.NaN;
    known.set(`${start_us}${id}`, row);
    first_us = Math.min(first_us, start_us);
    end_us = Math.max(end_us, start_us + 1);
  }
  const pieces = Math.ceil((end_us - first_us) / pipe.size_us);
  if (!(pieces * series.size <= TIMESERIES_ROWS_MAX)) return table;
  const ordered = [...series].sort(([, left], [, right]) => compareSeries(left, right));
  const rows: TableValue[][] = [];
  for (let start_us = first_us; start_us < end_us; start_us += pipe.size_us) {
    const time = formatTimestamp_us(start_us);
    for (const [id, values] of ordered) rows.push(known.get(`${start_us}${id}`) ?? [time, ...values, ...pipe.empty]);
  }
  return { ...table, rows };
}

/** In the order of groups. */
function compareSeries(left: readonly TableValue[], right: readonly TableValue[]): number {
  for (let at = 0; at < left.length; at++) {
    const difference = compareCells(left[at] ?? null, right[at] ?? null);
    if (difference !== 0) return difference;
  }
  return 0;
}
