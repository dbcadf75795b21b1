/** Counts stored events as a metric would, by a search: for a metric that is not declared yet. */
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import type { CompiledMetric } from "../engine/windows/compile-metric.ts";
import { countedColumns, EventCounter } from "../engine/windows/count-events.ts";
import type { Pane } from "../engine/windows/deltas.ts";
import { mergePanes } from "../engine/windows/window-values.ts";
import { Problem } from "../errors.ts";
import { FUTURE_SKEW_MS_MAX, METRIC_LATENESS_MS_MAX, METRIC_PREVIEW_SIZE_BYTES_MAX, METRIC_PREVIEW_TIME_MS } from "../limits.ts";
import { type Partial, partialOf } from "./coverage.ts";
import { contextOf } from "./route-parts.ts";
import type { Part, Scan } from "./scan.ts";
import { scanView } from "./scan-view.ts";
import type { TimeRange } from "./time-range.ts";
import { withView } from "./view.ts";

export interface MetricPreview {
  panes: Pane[];
  events: number;
  /** Events that came after the lateness of their window; they are among the counted ones. */
  late: number;
  partial: Partial | null;
  stats: { took_ms: number; rows_scanned: number; bytes_read: number };
}

/** Panes are packed when so many of them wait: their states take more unpacked. */
const PARTS_PER_PACK = 8;

/** What a scan has counted. */
class PreviewCounts {
  readonly #compiled: CompiledMetric;
  readonly #range: TimeRange;
  #panes: Pane[] = [];
  #parts = 0;
  events = 0;
  late = 0;

  constructor(compiled: CompiledMetric, range: TimeRange) {
    this.#compiled = compiled;
    this.#range = range;
  }

  /** @throws Problem `invalid` where the state would be larger than a preview may be */
  add({ batch, rows }: Part): void {
    const mask = new Uint8Array(batch.rows);
    for (const row of rows) mask[row] = 1;
    const metric = { metric_id: 0, compiled: this.#compiled };
    const counter = new EventCounter([metric], { leave_late: false, from_us: this.#range.from_us });
    counter.add(batch, mask);
    const in_time = new EventCounter([metric], { leave_late: true, from_us: this.#range.from_us });
    in_time.add(batch, mask);
    const [counted] = counter.deltas();
    if (!counted) return;
    this.events += counted.events;
    this.late += in_time.deltas()[0]?.late ?? 0;
    this.#panes.push(...counted.panes.filter(({ from_us }) => from_us < this.#range.to_us));
    this.#parts += 1;
    if (this.#parts % PARTS_PER_PACK === 0) this.#pack();
  }

  panes(): Pane[] {
    this.#pack();
    return this.#panes;
  }

  #pack(): void {
    this.#panes = mergePanes(this.#compiled, this.#panes, this.#compiled.step_us);
    const size_bytes = this.#panes.reduce((sum, { bytes }) => sum + bytes.length, 0);
    if (size_bytes <= METRIC_PREVIEW_SIZE_BYTES_MAX) return;
    const expected = "fewer series, a longer step or a shorter range";
    const message = "the preview would be too large";
    throw new Problem("invalid", `${message}: ${expected} is needed`, { errors: [{ field: "metric", expected, message }] });
  }
}

/** Times of events that may be in panes of the range: where arrival decides, an event's own time may be another. */
function searchedRange({ time }: CompiledMetric, { from_us, to_us }: TimeRange): TimeRange {
  if (time === "timestamp") return { from_us, to_us };
  return { from_us: Math.max(0, from_us - METRIC_LATENESS_MS_MAX * 1_000), to_us: to_us + FUTURE_SKEW_MS_MAX * 1_000 };
}

/**
 * @param range panes that begin in it, half open
 * @throws Problem
 */
export async function previewMetric(
  c: Context<AppEnv>,
  { compiled, ...range }: { compiled: CompiledMetric } & TimeRange,
): Promise<MetricPreview> {
  const context = contextOf(c, { timeout: `${METRIC_PREVIEW_TIME_MS}ms` });
  const names = countedColumns([compiled]);
  const searched = searchedRange(compiled, range);
  const { counts, partial } = await withView(context, searched, async (view) => {
    const counts = new PreviewCounts(compiled, range);
    const scan: Scan = {
      filter: compiled.filter,
      steps: [],
      names,
      range: searched,
      order: "desc",
      wants: () => true,
      take: (part) => counts.add(part),
    };
    const end = await scanView(context, scan, view);
    return { counts, partial: partialOf(context, searched, scan.order, end) };
  });
  const { took_ms, rows_scanned, bytes_read } = context.stats();
  return { panes: counts.panes(), events: counts.events, late: counts.late, partial, stats: { took_ms, rows_scanned, bytes_read } };
}
