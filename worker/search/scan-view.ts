/**
 * Runs a scan over everything that a view shows: window frames first, then row groups of segments in the wanted order of time.
 * Each part is read in two steps: the columns that decide, then, only where something matches, those that the consumer needs.
 */
import { matchRows } from "../engine/query/query.ts";
import { unpackFrame } from "../engine/segment/frame.ts";
import type { SearchContext } from "./context.ts";
import { assertSomethingRead, type ScanEnd } from "./coverage.ts";
import { compareBounds } from "./plan.ts";
import { rowsInRange, type Scan, takeRows } from "./scan.ts";
import { scanSpread } from "./spread-segments.ts";
import type { View, WindowFrame } from "./view.ts";

/** @param hidden ascending */
export function withoutRows(rows: Uint32Array, hidden: Uint32Array): Uint32Array {
  const kept = new Uint32Array(rows.length);
  let length = 0;
  let next = 0;
  for (const row of rows) {
    while (next < hidden.length && hidden[next]! < row) next++;
    if (hidden[next] !== row) kept[length++] = row;
  }
  return kept.subarray(0, length);
}

async function scanFrame(context: SearchContext, scan: Scan, frame: WindowFrame): Promise<void> {
  if (frame.ts_max_us < scan.range.from_us || frame.ts_min_us >= scan.range.to_us || !scan.wants(frame.ts_min_us, frame.ts_max_us)) return;
  const batch = unpackFrame(frame.bytes, scan.names);
  context.cost.rows_scanned += batch.rows;
  let rows = rowsInRange(batch, matchRows(scan.filter, batch), scan.range);
  if (frame.masked) rows = withoutRows(rows, frame.masked);
  if (rows.length > 0) await takeRows(scan, batch, rows, null, async () => (scan.names === null ? batch : unpackFrame(frame.bytes)));
}

async function scanWindow(context: SearchContext, scan: Scan, view: View): Promise<void> {
  for await (const page of view.windowPages()) {
    context.cost.window_frames += page.length;
    page.sort((a, b) => compareBounds(a, b, scan.order));
    for (const frame of page) {
      context.checkAborted();
      await scanFrame(context, scan, frame);
    }
    context.moved(0);
  }
}

/**
 * Every part that matches reaches `scan.take`, unless `scan.wants` refused its times, its segment could not be read (`context.lost`) or the budget
 * was spent.
 * @throws Problem `unavailable` where nothing could be read
 */
export async function scanView(context: SearchContext, scan: Scan, view: View): Promise<ScanEnd> {
  context.beginPlan(view.rows.length);
  await scanWindow(context, scan, view);
  const end = await scanSpread(context, scan, view.rows);
  assertSomethingRead(context);
  return end;
}
