/** A project's data as a search meets it, held in memory: window, segments made by the real writers, a catalog that lags, objects that vanish. */
import type { ProjectStreamRpc, ViewAnswer, ViewFrame, ViewRequest } from "../../../durable-objects/project-stream/types.ts";
import { packFrame, readFrameHeader } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import type { SegmentIdentity, SegmentRow } from "../../../worker/engine/segment/segment-row.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { ByteCache } from "../../../worker/search/byte-cache.ts";
import { type Budget, SearchContext, type SearchSources } from "../../../worker/search/context.ts";
import { type PartCaller, runPart } from "../../../worker/search/part.ts";
import { SPREAD_ALWAYS } from "../../../worker/search/spread.ts";
import { batchOf, type PlainEvent } from "./events.ts";

const PROJECT = "project1";

interface Held extends ViewFrame {
  flushed: boolean;
}

export class SearchHouse {
  now_us: number;
  readonly frames: Held[] = [];
  readonly objects = new Map<string, Uint8Array>();
  readonly alive = new Map<string, SegmentRow>();
  readonly replaced = new Map<string, SegmentRow>();
  recent: SegmentRow[] = [];
  /** Rows that the object committed and D1 does not have yet. */
  outbox: SegmentRow[] = [];
  flushed_seq = 0;
  #next_seq = 1;
  #made = 0;
  /** Reads of objects and of the catalog, for tests that count them. */
  reads = 0;
  catalog_reads = 0;
  part_calls = 0;
  /** Segments whose objects cannot be read just now. */
  readonly failing = new Set<string>();
  cache = new ByteCache(4_000_000);
  /** Called before each answer of the object or the catalog: what happens between them. */
  between: () => Promise<void> | void = () => {};
  /** Frames that one answer of the object carries at most. */
  view_frames_max = Number.POSITIVE_INFINITY;

  constructor(now_us: number) {
    this.now_us = now_us;
  }

  append(events: readonly PlainEvent[], masked: readonly number[] = [], in_journal = false): void {
    const batch = batchOf(events, ["status", "duration_ms", "retried"]);
    const seq = this.#next_seq++;
    const frame_id = seq.toString(16).padStart(32, "0");
    const bytes = packFrame(batch, { frame_id, project_id: PROJECT, shard: 0, accepted_us: this.now_us, raw_bytes: 100 * events.length });
    const { rows, raw_bytes, ts_min_us, ts_max_us, accepted_us } = readFrameHeader(bytes);
    const summary = { frame_id, rows, raw_bytes, ts_min_us, ts_max_us, accepted_us, size_bytes: bytes.length };
    const journal = in_journal ? { key: `journal/${frame_id}`, offset: 5 } : null;
    if (journal) this.objects.set(journal.key, Buffer.concat([Buffer.alloc(5), bytes, Buffer.alloc(3)]));
    const hidden = masked.length > 0 ? Uint32Array.from(masked) : null;
    this.frames.push({ ...summary, seq, masked: hidden, bytes: journal ? null : bytes, journal, flushed: false });
  }

  #identity(values: Partial<SegmentIdentity>): SegmentIdentity {
    const segment_id = `seg${++this.#made}`;
    const object_key = `segments/${segment_id}`;
    const identity = { segment_id, project_id: PROJECT, shard: 0, level: 0, seq_min: 0, seq_max: 0, day: null, object_key };
    return { ...identity, created_us: this.now_us, swap_id: null, ...values };
  }

  #bytesOf(frame: Held): Uint8Array {
    return frame.bytes ?? this.objects.get(frame.journal!.key)!.subarray(frame.journal!.offset, frame.journal!.offset + frame.size_bytes);
  }

  /** The oldest frames become a segment; its row is committed and waits for `exportRows`. */
  flush(count: number): void {
    const taken = this.frames.filter((frame) => !frame.flushed).slice(0, count);
    if (taken.length === 0) return;
    const identity = this.#identity({ seq_min: taken[0]!.seq, seq_max: taken.at(-1)!.seq });
    const { chunks, row } = segmentFromFrames(
      taken.map((frame) => ({ bytes: this.#bytesOf(frame), masked: frame.masked })),
      identity,
    );
    this.objects.set(row.object_key, Buffer.concat(chunks));
    for (const frame of taken) frame.flushed = true;
    this.flushed_seq = row.seq_max;
    this.recent.push(row);
    this.outbox.push(row);
  }

  exportRows(): void {
    for (const row of this.outbox) if (!this.replaced.has(row.segment_id)) this.alive.set(row.segment_id, row);
    this.outbox = [];
  }

  /** Old inputs are gone from R2 at once where `remove`: readers that planned with them must plan again. */
  async compact(inputs: readonly SegmentRow[], remove: boolean): Promise<void> {
    if (inputs.length < 2) return;
    const opened = await Promise.all(inputs.map((row) => openSegment(bytesSource(this.objects.get(row.object_key)!), row.tail_size_bytes)));
    const range = { seq_min: Math.min(...inputs.map((row) => row.seq_min)), seq_max: Math.max(...inputs.map((row) => row.seq_max)) };
    const outputs: SegmentRow[] = [];
    const level = 1 + Math.max(...inputs.map((row) => row.level));
    for await (const { chunks, row } of mergeSegments(opened, {
      identify: (day) => this.#identity({ ...range, day, level, swap_id: "swap" }),
    })) {
      this.objects.set(row.object_key, Buffer.concat(chunks));
      outputs.push(row);
    }
    for (const row of outputs) this.alive.set(row.segment_id, row);
    for (const row of inputs) {
      this.alive.delete(row.segment_id);
      this.replaced.set(row.segment_id, row);
      if (remove) this.objects.delete(row.object_key);
    }
  }

  async #view(request: ViewRequest): Promise<ViewAnswer> {
    await this.between();
    const after_seq = request.after_seq ?? this.flushed_seq;
    const held = new Set(request.held);
    const frames = this.frames.filter(
      (frame) =>
        frame.seq > after_seq &&
        frame.seq >= (request.start_seq ?? 0) &&
        frame.ts_max_us >= request.from_us &&
        frame.ts_min_us <= request.to_us,
    );
    const shown = frames.slice(0, this.view_frames_max);
    return {
      shards: 1,
      flushed_seq: after_seq,
      frames: shown.map(({ flushed: _flushed, ...frame }) => ({ ...frame, bytes: held.has(frame.seq) ? null : frame.bytes })),
      next_seq: frames[shown.length]?.seq ?? null,
      recent: [...this.recent],
    };
  }

  /** Further invocations, as the Worker has them: what travels is copied. */
  parts(): PartCaller {
    const { objects, now_us } = this.sources();
    return {
      call: async (request) => {
        this.part_calls += 1;
        const answer = await runPart({ objects, shared: null, now_us }, structuredClone(request), new ByteCache(4_000_000));
        return structuredClone(answer);
      },
      bounds: SPREAD_ALWAYS,
    };
  }

  sources(): SearchSources {
    return {
      project_id: PROJECT,
      stream: (shard) => {
        if (shard !== 0) throw new Error("one shard is shipped");
        return { view: (request) => this.#view(request) } as Pick<ProjectStreamRpc, "view">;
      },
      segments: async ({ from_us, to_us, replaced_after_seq }) => {
        await this.between();
        this.catalog_reads += 1;
        const alive = [...this.alive.values()].filter((row) => row.ts_max_us >= from_us && row.ts_min_us <= to_us);
        const late = [...this.replaced.values()].filter((row) => row.level === 0 && row.seq_min > replaced_after_seq[row.shard]!);
        return { alive, replaced_ids: new Set(late.map((row) => row.segment_id)) };
      },
      // Another isolate than the one whose searches these are rearranges segments.
      changes: () => 0,
      shared: null,
      parts: null,
      objects: {
        get: async (key, { range }) => {
          await this.between();
          this.reads += 1;
          if (this.failing.has(key)) throw new Error("the store is away");
          const bytes = this.objects.get(key);
          if (!bytes) return null;
          return { arrayBuffer: async () => new Uint8Array(bytes.subarray(range.offset, range.offset + range.length)).buffer };
        },
      },
      now_us: () => this.now_us,
      signal: null,
    };
  }

  context(budget?: Budget): SearchContext {
    return new SearchContext(this.sources(), this.cache, budget);
  }

  /** A context whose segments are searched by further invocations. */
  spreadContext(cache = new ByteCache(4_000_000)): SearchContext {
    return new SearchContext({ ...this.sources(), parts: this.parts() }, cache);
  }
}
