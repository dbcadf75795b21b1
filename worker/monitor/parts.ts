/** What the room needs of others, by its shape: `worker/app.ts` brings them together. */
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import type { CompiledMetric } from "../engine/windows/compile-metric.ts";
import type { Pane } from "../engine/windows/deltas.ts";

export interface PreviewRequest {
  compiled: CompiledMetric;
  /** Panes of time that begin in this span, half open. */
  from_us: number;
  to_us: number;
}

export interface PreviewAnswer {
  panes: Pane[];
  events: number;
  /** Events that live counting would have left out, since they came after the lateness of their window. */
  late: number;
  /** Why not all events were looked at; null where all were. */
  partial: { reason: "time" | "bytes" | "segments"; detail: string; covered_from: string; covered_to: string } | null;
  /** What the search cost. */
  stats: { took_ms: number; rows_scanned: number; bytes_read: number };
}

export interface MonitorParts {
  /** Counts the events of the project that asks as a metric would, by a search. @throws Problem */
  preview(c: Context<AppEnv>, request: PreviewRequest): Promise<PreviewAnswer>;
}
