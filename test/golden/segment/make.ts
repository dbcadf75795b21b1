/**
 * Writes the golden files of the present version. Run it once, when a version is made, never to make a failing test pass:
 * `node test/golden/segment/make.ts v1`
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { batchOf, frameMeta, identity } from "../../engine/segment/events.ts";
import { GOLDEN_FRAMES } from "./rows.ts";

const folder = join(import.meta.dirname, process.argv[2] ?? "new");
await mkdir(folder, { recursive: true });
const frames = GOLDEN_FRAMES.map((rows, ordinal) => packFrame(batchOf(rows), frameMeta(ordinal, rows.length * 300)));
await writeFile(join(folder, "frames.bin"), joinBytes(frames));
const flushed = segmentFromFrames(
  frames.map((bytes) => ({ bytes, masked: null })),
  identity(),
);
const level_0 = joinBytes(flushed.chunks);
await writeFile(join(folder, "level-0.parquet"), level_0);
const input = await openSegment(bytesSource(level_0));
const merged = mergeSegments([input], { identify: (day) => identity({ segment_id: `l1-${day}`, level: 1, day, swap_id: "golden" }) });
for await (const { chunks, row } of merged) await writeFile(join(folder, `level-1-${row.day}.parquet`), joinBytes(chunks));
