/** What one search works with: the project's data behind small seams, the clock, the client's patience, and the account of what it cost. */
import type { ProjectStreamRpc } from "../../durable-objects/project-stream/types.ts";
import type { CatalogRequest } from "../catalog/segments.ts";
import { Problem } from "../errors.ts";
import { READS_IN_FLIGHT_MAX, SEARCH_CACHE_SIZE_BYTES_MAX } from "../limits.ts";
import { ByteCache } from "./byte-cache.ts";
import { Gate } from "./gate.ts";
import type { CatalogState } from "./plan.ts";

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
}

export interface SearchStats {
  took_ms: number;
  segments: { considered: number; skipped: number; read: number };
  window_frames: number;
  bytes_read: number;
  reads: number;
  rows_scanned: number;
}

/** Kept between searches of an isolate: window frames, footers, pages. Keys carry the project or a segment's unique object key. */
const isolateCache = new ByteCache(SEARCH_CACHE_SIZE_BYTES_MAX);

export class SearchContext {
  readonly sources: SearchSources;
  readonly cache: ByteCache;
  readonly reads = new Gate(READS_IN_FLIGHT_MAX);
  /** Whole row groups are decoded one at a time: they are what memory is spent on. */
  readonly heavy = new Gate(1);
  readonly started_us: number;
  cost: Cost = emptyCost();

  constructor(sources: SearchSources, cache: ByteCache = isolateCache) {
    this.sources = sources;
    this.cache = cache;
    this.started_us = sources.now_us();
  }

  /** Called between steps; the steps themselves are short. */
  checkAborted(): void {
    if (this.sources.signal?.aborted) throw new Problem("unavailable", "The client closed the connection.");
  }

  /** Segments are counted anew when a plan is made again; bytes and rows were spent and stay counted. */
  beginPlan(considered: number): void {
    this.cost.segments_considered = considered;
    this.cost.segments_skipped = 0;
    this.cost.segments_read = 0;
    this.cost.window_frames = 0;
  }

  stats(): SearchStats {
    const { segments_considered, segments_skipped, segments_read, window_frames, bytes_read, reads, rows_scanned } = this.cost;
    return {
      took_ms: Math.max(0, Math.round((this.sources.now_us() - this.started_us) / 100) / 10),
      segments: { considered: segments_considered, skipped: segments_skipped, read: segments_read },
      window_frames,
      bytes_read,
      reads,
      rows_scanned,
    };
  }
}

function emptyCost(): Cost {
  return { segments_considered: 0, segments_skipped: 0, segments_read: 0, window_frames: 0, bytes_read: 0, reads: 0, rows_scanned: 0 };
}
