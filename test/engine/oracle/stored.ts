/** The same events in every form in which the engine meets them: in memory, in frames, in flushed and in merged segments. */
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { type Filter, filterColumns, filterHints, matchRows } from "../../../worker/engine/query/query.ts";
import type { DecodedCache } from "../../../worker/engine/segment/decoded-cache.ts";
import { type FrameMeta, packFrame, unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment } from "../../../worker/engine/segment/read.ts";
import type { SegmentIdentity } from "../../../worker/engine/segment/segment-row.ts";
import { type FlushFrame, segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { narrowedRange, skipGroup, skipSegment } from "../../../worker/search/plan.ts";
import { randomOf } from "../../support/random.ts";
import { batchOf, type PlainEvent, type Storage } from "../query/batches.ts";

/** Rows of one batch that match. */
export interface Part {
  batch: EventBatch;
  rows: Uint32Array;
}

/** One form of the events. */
export interface Stored {
  form: string;
  /** Every batch, read anew each time. */
  batches(): Promise<EventBatch[]>;
  /**
   * @param names columns to read besides the times; null for all
   * @param times false: they are not read, where that can be spared
   */
  parts(filter: Filter, names: ReadonlySet<string> | null, times?: boolean): Promise<Part[]>;
}

const ALL_TIME = { from_us: Number.NEGATIVE_INFINITY, to_us: Number.POSITIVE_INFINITY };
const DICTIONARY_FIELDS = new Set(["level", "service", "environment", "host", "source"]);
const STORAGES: readonly Storage[] = ["dict", "bytes", "number", "bool", "rest"];

/** A way of storing each column, the same for a name wherever it is asked. */
function storages(seed: number): (name: string) => Storage {
  return (name) => {
    if (DICTIONARY_FIELDS.has(name)) return "dict";
    const hash = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) >>> 0, seed);
    return STORAGES[Math.floor(randomOf(hash)() * STORAGES.length)]!;
  };
}

function meta(ordinal: number): FrameMeta {
  return { frame_id: ordinal.toString(16).padStart(32, "0"), project_id: "p", shard: 0, accepted_us: 0, raw_bytes: 100 };
}

let made = 0;
function identity(values: Partial<SegmentIdentity> = {}): SegmentIdentity {
  const segment_id = `segment-${++made}`;
  const fixed = { project_id: "p", shard: 0, level: 0, seq_min: 1, seq_max: 1, day: null, created_us: 0, swap_id: null };
  return { ...fixed, segment_id, object_key: segment_id, ...values };
}

/** Cut into pieces, of which some are long enough for pages and most are not. */
function cut(events: readonly PlainEvent[], random: () => number): PlainEvent[][] {
  const pieces: PlainEvent[][] = [];
  for (let at = 0; at < events.length; ) {
    const size = random() < 0.4 ? 600 : 1 + Math.floor(random() * 50);
    pieces.push(events.slice(at, at + size));
    at += size;
  }
  return pieces;
}

/** A frame, perhaps with rows that are hidden: copies of the first with an `ingest_us` that no event has. */
function flushFrame(events: readonly PlainEvent[], ordinal: number, random: () => number): FlushFrame {
  const storageOf = storages(Math.floor(random() * 1e9));
  if (random() < 0.8) return { bytes: packFrame(batchOf(events, storageOf), meta(ordinal)), masked: null };
  const hidden = { ...events[0]!, ingest_us: -1 };
  const rows = [hidden, ...events, hidden];
  return { bytes: packFrame(batchOf(rows, storageOf), meta(ordinal)), masked: Uint32Array.of(0, rows.length - 1) };
}

/** A cache that forgets one thing in four at once, and all of it now and then. */
function forgetful(random: () => number): DecodedCache {
  const known = new Map<string, unknown>();
  return {
    get: <T>(key: string) => known.get(key) as T | undefined,
    set(key, value) {
      if (random() < 0.02) known.clear();
      if (random() < 0.75) known.set(key, value);
    },
    admits: () => random() < 0.75,
  };
}

async function flushed(frames: readonly FlushFrame[]): Promise<Segment> {
  return openSegment(bytesSource(joinBytes(segmentFromFrames(frames, identity()).chunks)));
}

async function merged(inputs: readonly Segment[], level: number, cache?: DecodedCache): Promise<Segment[]> {
  const outputs: Segment[] = [];
  for await (const { chunks, row } of mergeSegments(inputs, { identify: (day) => identity({ day, level }) })) {
    outputs.push(await openSegment(bytesSource(joinBytes(chunks)), row.tail_size_bytes, cache));
  }
  return outputs;
}

function ofBatches(form: string, batches: (names: ReadonlySet<string> | null) => EventBatch[]): Stored {
  return {
    form,
    batches: async () => batches(null),
    parts: async (filter, names) => batches(names).map((batch) => ({ batch, rows: matchRows(filter, batch) })),
  };
}

/** Reads as a search does: what hints can leave out is left out, and what does not decide is read of the rows that match. */
function ofSegments(form: string, segments: readonly Segment[]): Stored {
  return {
    form,
    async batches() {
      const read: EventBatch[] = [];
      for (const segment of segments) for (const group of segment.groups.keys()) read.push(await segment.readGroup(group, null));
      return read;
    },
    async parts(filter, names, times = true) {
      const hints = filterHints(filter);
      const range = narrowedRange(ALL_TIME, hints);
      const columns = filterColumns(filter);
      const deciding = columns === "all" ? null : columns.names;
      const parts: Part[] = [];
      for (const segment of segments) {
        if (skipSegment(segment.row, hints, range) !== null) continue;
        await segment.loadFilters([...segment.groups.keys()]);
        for (const group of segment.groups.keys()) {
          if (skipGroup(segment, group, hints, range) !== null) continue;
          const decided = await segment.readGroup(group, deciding, { needed: hints.needed, times });
          const rows = matchRows(filter, decided);
          parts.push({ batch: await segment.readGroup(group, names, { rows, known: decided, times }), rows });
        }
      }
      return parts;
    },
  };
}

/** All forms of the events, chosen by a seed. */
export async function storedForms(events: readonly PlainEvent[], seed: number): Promise<Stored[]> {
  const random = randomOf(seed);
  const batch = batchOf(events, storages(seed));
  const frames = cut(events, random).map((piece, ordinal) => flushFrame(piece, ordinal, random));
  const plain = cut(events, random).map((piece, ordinal) => packFrame(batchOf(piece, storages(Math.floor(random() * 1e9))), meta(ordinal)));
  const middle = Math.ceil(frames.length / 2);
  const halves = [await flushed(frames.slice(0, middle)), ...(frames.length > 1 ? [await flushed(frames.slice(middle))] : [])];
  const once = await merged(halves, 1);
  const again = await merged([...(await merged(halves.slice(0, 1), 1)), ...halves.slice(1)], 2, forgetful(randomOf(seed)));
  return [
    ofBatches("in memory", () => [batch]),
    ofBatches("in frames", (names) => plain.map((bytes) => unpackFrame(bytes, names))),
    ofSegments("in one flushed segment", [await flushed(frames)]),
    ofSegments("in flushed segments", halves),
    ofSegments("in merged segments", once),
    ofSegments("in segments merged again, with a cache", again),
  ];
}
