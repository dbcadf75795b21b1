/** Readers of frames and segments, given damaged ones. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FrameError, SegmentError } from "../../../worker/engine/segment/errors.ts";
import { frameEventIds, readFrameHeader, splitFrames, unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { flatRows, identity } from "../segment/events.ts";
import type { Chance } from "./chance.ts";
import { checkBatch } from "./check-batch.ts";
import { mutateBytes } from "./mutate.ts";
import { makeSamples, type Samples } from "./samples.ts";
import { refuses, type Target } from "./target.ts";
import { watched, withoutChecksums } from "./watch.ts";

/** For damaged files of at most some hundred kilobytes. */
const ALLOWANCE = { single_size_bytes: 16 * 1024 * 1024, total_size_bytes: 192 * 1024 * 1024 };
const GOLDEN = join(import.meta.dirname, "../../golden/segment");

/** Files of every version that was ever written. */
async function goldenSamples(): Promise<Samples> {
  const folders = (await readdir(GOLDEN, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  const samples: Samples = { frames: [], segments: [] };
  for (const { name: version } of folders) {
    for (const name of await readdir(join(GOLDEN, version))) {
      const bytes = new Uint8Array(await readFile(join(GOLDEN, version, name)));
      if (name === "frames.bin") samples.frames.push(...splitFrames(bytes));
      else samples.segments.push(bytes);
    }
  }
  return samples;
}

/** Targets that keep their checksums: whatever is read of a damaged file is what was written. Then those behind the checksums. */
export async function bytesTargets(): Promise<Target[]> {
  const [fresh, golden] = [await makeSamples(), await goldenSamples()];
  const kept = { frames: [...fresh.frames, ...golden.frames], segments: [...fresh.segments, ...golden.segments] };
  const bare = await withoutChecksums(() => makeSamples(2));
  const known_frames = new Set(kept.frames.map((frame) => rowsText(flatRows(unpackFrame(frame)))));
  const known_groups = new Set<string>();
  for (const bytes of kept.segments) for (const text of await groupTexts(await openSegment(bytesSource(bytes)))) known_groups.add(text);
  const behind = (work: (chance: Chance) => Promise<void>) => (chance: Chance) => withoutChecksums(() => work(chance));
  return [
    { name: "frames", run: (chance) => fuzzFrames(kept, chance, known_frames) },
    { name: "frames behind checksums", run: behind((chance) => fuzzFrames(bare, chance, null)) },
    { name: "frames back to back", run: (chance) => fuzzSplit(kept, chance) },
    { name: "a flush of frames behind checksums", run: behind((chance) => fuzzFlush(bare, chance)) },
    { name: "segments", run: (chance) => fuzzSegment(kept, chance, known_groups) },
    { name: "segments behind checksums", run: behind((chance) => fuzzSegment(bare, chance, null)) },
    { name: "a merge of segments behind checksums", run: behind((chance) => fuzzMerge(bare, chance)) },
    { name: "noise", run: fuzzNoise },
  ];
}

function rowsText(rows: readonly Record<string, unknown>[]): string {
  return JSON.stringify(rows);
}

async function groupTexts(segment: Segment): Promise<string[]> {
  const texts: string[] = [];
  for (const group of segment.groups.keys()) texts.push(rowsText(flatRows(await segment.readGroup(group, null))));
  return texts;
}

async function fuzzFrames({ frames }: Samples, chance: Chance, known: ReadonlySet<string> | null): Promise<void> {
  const bytes = mutateBytes(chance.pick(frames), chance.pick(frames), chance);
  await watched(ALLOWANCE, async () => {
    await refuses([FrameError], () => readFrameHeader(bytes));
    await refuses([FrameError], () => frameEventIds(bytes));
    await refuses([FrameError], () => checkBatch(unpackFrame(bytes, new Set(["message", "attributes"]))));
    let rows: string | null = null;
    await refuses([FrameError], () => {
      const batch = unpackFrame(bytes);
      checkBatch(batch);
      if (known) rows = rowsText(flatRows(batch));
    });
    if (known && rows !== null && !known.has(rows)) throw new Error("a damaged frame was read as if it were whole");
  });
}

async function fuzzSplit({ frames }: Samples, chance: Chance): Promise<void> {
  const whole = Buffer.concat(Array.from({ length: 1 + chance.below(4) }, () => chance.pick(frames)));
  const bytes = mutateBytes(whole, chance.pick(frames), chance);
  await watched(ALLOWANCE, () =>
    refuses([FrameError], () => {
      const parts = splitFrames(bytes);
      const size = parts.reduce((sum, part) => sum + part.length, 0);
      if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes are in frames`);
    }),
  );
}

async function fuzzFlush({ frames }: Samples, chance: Chance): Promise<void> {
  const damaged = mutateBytes(chance.pick(frames), chance.pick(frames), chance);
  const parts = [damaged, ...Array.from({ length: chance.below(3) }, () => chance.pick(frames))];
  await watched(ALLOWANCE, () =>
    refuses([FrameError], () =>
      segmentFromFrames(
        parts.map((bytes) => ({ bytes, masked: null })),
        identity(),
      ),
    ),
  );
}

async function fuzzSegment({ segments }: Samples, chance: Chance, known: ReadonlySet<string> | null): Promise<void> {
  const bytes = mutateBytes(chance.pick(segments), chance.pick(segments), chance);
  const tail_size = chance.oneIn(2) ? undefined : chance.below(bytes.length + 1_000);
  await watched(ALLOWANCE, () =>
    refuses([SegmentError], async () => {
      const segment = await openSegment(bytesSource(bytes), tail_size);
      segment.facts();
      for (const group of [...segment.groups.keys()].slice(0, 4))
        await refuses([SegmentError], () => fuzzGroup(segment, group, chance, known));
    }),
  );
}

async function fuzzGroup(segment: Segment, group: number, chance: Chance, known: ReadonlySet<string> | null): Promise<void> {
  await refuses([SegmentError], () => segment.loadFilters([group]));
  segment.mayContainWords(group, ["user", "zz"]);
  segment.mayContainValue(group, "trace_id", "0af7");
  const rows = Uint32Array.from({ length: 10 }, () => chance.below(700)).sort();
  await refuses([SegmentError], async () => checkBatch(await segment.readGroup(group, null, { rows })));
  await refuses([SegmentError], async () => checkBatch(await segment.readGroup(group, new Set(["message"]), { words: ["user"] })));
  await refuses([SegmentError], () => segment.readTimes(group));
  const batch = await segment.readGroup(group, null);
  checkBatch(batch);
  if (known && !known.has(rowsText(flatRows(batch)))) throw new Error("a damaged segment was read as if it were whole");
}

async function fuzzMerge({ segments }: Samples, chance: Chance): Promise<void> {
  const bytes = mutateBytes(chance.pick(segments), chance.pick(segments), chance);
  await watched(ALLOWANCE, () =>
    refuses([SegmentError], async () => {
      const inputs = [await openSegment(bytesSource(bytes)), await openSegment(bytesSource(chance.pick(segments)))];
      for await (const { chunks } of mergeSegments(inputs, { identify: (day) => identity({ level: 1, day }) }))
        if (chunks.length === 0) return;
    }),
  );
}

async function fuzzNoise(chance: Chance): Promise<void> {
  const bytes = Uint8Array.from({ length: chance.below(chance.oneIn(10) ? 100_000 : 300) }, () => chance.below(256));
  if (chance.oneIn(2)) bytes.set([0x4c, 0x47, 0x46, 0x01, bytes.length & 255, bytes.length >> 8].slice(0, bytes.length));
  await watched(ALLOWANCE, async () => {
    await refuses([FrameError], () => splitFrames(bytes));
    await refuses([FrameError], () => unpackFrame(bytes));
    await refuses([SegmentError], () => openSegment(bytesSource(bytes)));
  });
}
