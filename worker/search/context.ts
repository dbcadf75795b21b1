/** What one search works with: the project's data behind small seams, the clock, the client's patience, its budget, and the account of what it cost. */
import type { ProjectStreamRpc } from "../../durable-objects/project-stream/types.ts";
import type { CatalogRequest } from "../catalog/segments.ts";
import type { EventRecord } from "../engine/batch/event-batch.ts";
import type { Table } from "../engine/query/query.ts";
import { Problem } from "../errors.ts";
import { READS_IN_FLIGHT_MAX, SEARCH_READ_SIZE_BYTES_MAX, SEARCH_TIME_MS_MAX } from "../limits.ts";
import type { ByteCache } from "./byte-cache.ts";
import type { LostSegment } from "./coverage.ts";
import { Gate } from "./gate.ts";
import type { PartCaller } from "./part.ts";
import type { CatalogState } from "./plan.ts";
import type { SharedRanges } from "./shared-ranges.ts";

/** Ranged reads of stored objects; null where the object is gone. */
export interface ObjectStore {
  get(key: string, options: { range: { offset: number; length: number } }): Promise<{ arrayBuffer(): Promise<ArrayBuffer> } | null>;
}

export interface SearchSources {
  /** From the authenticated key, never from the request. */
  project_id: string;
  stream(shard: number): Pick<ProjectStreamRpc, "view">;
  segments(request: CatalogRequest): Promise<CatalogState>;
  /** How often this isolate has written to the project's catalog. */
  changes(): number;
  objects: ObjectStore;
  /** Ranges that other isolates of the place have read; null where there is no such memory. */
  shared: SharedRanges | null;
  /** Further invocations of this Worker that search some of the segments; null where there are none. */
  parts: PartCaller | null;
  now_us(): number;
  /** Aborted when the client is gone. */
  signal: AbortSignal | null;
}

export interface Cost {
  segments_considered: number;
  segments_skipped: number;
  segments_read: number;
  window_frames: number;
  bytes_read: number;
  reads: number;
  rows_scanned: number;
  /** Further invocations that took part. */
  parts: number;
}

export interface SearchStats {
  took_ms: number;
  segments: { considered: number; skipped: number; read: number };
  window_frames: number;
  bytes_read: number;
  reads: number;
  rows_scanned: number;
  parts: number;
}

/** What a search may take until it answers with what it has. */
export interface Budget {
  time_ms: number;
  size_bytes: number;
}

export const BUDGET: Budget = { time_ms: SEARCH_TIME_MS_MAX, size_bytes: SEARCH_READ_SIZE_BYTES_MAX };

/** For files of any length: their reader sets the pace. */
export const NO_BUDGET: Budget = { time_ms: Number.POSITIVE_INFINITY, size_bytes: Number.POSITIVE_INFINITY };

/** The part of its budget that a search has used up. */
export type Spent = "time" | "bytes";

/** Is told after each piece of work. */
export interface Watcher {
  moved(): void;
}

/** What a search that goes on has found. */
export type Intermediate = { table: Table } | { events: EventRecord[] };

export class SearchContext {
  readonly sources: SearchSources;
  readonly cache: ByteCache;
  readonly budget: Budget;
  readonly reads = new Gate(READS_IN_FLIGHT_MAX);
  /** Whole row groups are decoded one at a time: they are what memory is spent on. */
  readonly heavy = new Gate(1);
  readonly started_us: number;
  cost: Cost = emptyCost();
  /** Segments of the present plan that cannot be read. */
  lost: LostSegment[] = [];
  /** What happened to the last of them here. */
  lost_cause: unknown = null;
  /** Objects that were missing in an earlier plan: where the next one names them too, they are lost. */
  readonly missing = new Set<string>();
  /** Segments that are done with, of `segments_considered`. */
  segments_done = 0;
  watcher: Watcher | null = null;
  /** What was found so far, for those who watch. */
  intermediate: (() => Intermediate) | null = null;

  constructor(sources: SearchSources, cache: ByteCache, budget: Budget = BUDGET) {
    this.sources = sources;
    this.cache = cache;
    this.budget = budget;
    this.started_us = sources.now_us();
  }

  /** Called between steps; the steps themselves are short. */
  checkAborted(): void {
    if (this.sources.signal?.aborted) throw new Problem("unavailable", "The client closed the connection.");
  }

  /** What is used up, or used so many times, or null while the search may go on. */
  spent(times = 1): Spent | null {
    if (this.sources.now_us() - this.started_us > this.budget.time_ms * times * 1_000) return "time";
    return this.cost.bytes_read > this.budget.size_bytes * times ? "bytes" : null;
  }

  /** What is left of the budget, for a part of the work. */
  left(): Budget {
    const used_ms = (this.sources.now_us() - this.started_us) / 1_000;
    return { time_ms: Math.max(0, this.budget.time_ms - used_ms), size_bytes: Math.max(0, this.budget.size_bytes - this.cost.bytes_read) };
  }

  /** Segments are counted anew when a plan is made again; bytes and rows were spent and stay counted. */
  beginPlan(considered: number): void {
    this.cost.segments_considered = considered;
    this.cost.segments_skipped = 0;
    this.cost.segments_read = 0;
    this.cost.window_frames = 0;
    this.lost = [];
    this.segments_done = 0;
  }

  /** A piece of work is done. */
  moved(segments: number): void {
    this.segments_done += segments;
    this.watcher?.moved();
  }

  stats(): SearchStats {
    const { segments_considered, segments_skipped, segments_read, window_frames, bytes_read, reads, rows_scanned, parts } = this.cost;
    return {
      took_ms: Math.max(0, Math.round((this.sources.now_us() - this.started_us) / 100) / 10),
      segments: { considered: segments_considered, skipped: segments_skipped, read: segments_read },
      window_frames,
      bytes_read,
      reads,
      rows_scanned,
      parts,
    };
  }
}

export function emptyCost(): Cost {
  return {
    segments_considered: 0,
    segments_skipped: 0,
    segments_read: 0,
    window_frames: 0,
    bytes_read: 0,
    reads: 0,
    rows_scanned: 0,
    parts: 0,
  };
}
