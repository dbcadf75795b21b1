/** Frames and segments to damage: every kind of column, every way of storing one, short and long, flushed and merged. */
import fc from "fast-check";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { dataset, eventsOf } from "../oracle/events.ts";
import { batchOf as batchOfEvents, type Storage } from "../query/batches.ts";
import { batchOf, frameMeta, identity, type Row, typicalRows } from "../segment/events.ts";

export interface Samples {
  frames: Uint8Array[];
  segments: Uint8Array[];
}

/** What typical rows do not have: mixed pages, several pieces of a dictionary, a value beyond a page, wide numbers, a constant. */
function awkwardRows(count: number): Row[] {
  return typicalRows(count, 5).map((row, index) => ({
    ...row,
    values: {
      ...row.values,
      "attributes.wide": index % 2 === 0 ? index * 4_503_599_627_370 : -index * 4_503_599_627_370,
      "attributes.constant": "same",
      "attributes.many": `value ${"x".repeat(30)} ${Math.floor(index / 3)}`,
      ...(index === count - 3 ? { "attributes.huge": "é".repeat(40_000) } : {}),
      ...(index % 7 === 0 ? { "attributes.sparse": index / 8 } : {}),
    },
  }));
}

/** Frames by the present writer. */
export function packSamples(seed = 1): Uint8Array[] {
  const storages: Storage[] = ["dict", "bytes", "number", "bool", "rest"];
  const random = fc.sample(dataset, { numRuns: 6, seed }).map((data, at) => {
    const storageOf = (name: string): Storage => (name.startsWith("attributes.") ? storages[(name.length + at) % 5]! : "dict");
    return batchOfEvents(eventsOf({ ...data, repeats: Math.min(data.repeats, 600) }), storageOf);
  });
  const batches = [...random, batchOf(awkwardRows(1_200)), batchOf(typicalRows(30, 2)), batchOf(typicalRows(560, 3))];
  return batches.map((batch, ordinal) => packFrame(batch, frameMeta(ordinal)));
}

/** Flushed segments of some of the frames each. */
export function flushSamples(frames: readonly Uint8Array[]): Uint8Array[] {
  const groups = [frames, frames.slice(0, 2), frames.slice(-2), frames.slice(-1)];
  return groups.map((chosen) =>
    joinBytes(
      segmentFromFrames(
        chosen.map((bytes) => ({ bytes, masked: null })),
        identity(),
      ).chunks,
    ),
  );
}

/** Merged segments of each segment. */
export async function mergeSamples(segments: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const merged: Uint8Array[] = [];
  for (const bytes of segments) {
    const input = await openSegment(bytesSource(bytes));
    for await (const { chunks } of mergeSegments([input], { identify: (day) => identity({ level: 1, day }) }))
      merged.push(joinBytes(chunks));
  }
  return merged.filter((_, at) => at % 3 === 0);
}

/** By the present writers; under `withoutChecksums` ones whose checksums are 0. */
export async function makeSamples(seed = 1): Promise<Samples> {
  const frames = packSamples(seed);
  const flushed = flushSamples(frames);
  return { frames, segments: [...flushed, ...(await mergeSamples(flushed))] };
}
