/** Files of every version that was ever written must open for ever, and hold exactly the events they were made of. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../worker/engine/batch/words.ts";
import { readFrameHeader, splitFrames, unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment } from "../../../worker/engine/segment/read.ts";
import { GOLDEN_FRAMES } from "../../golden/segment/rows.ts";
import { flatRows, flatRowsOf, frameMeta, identity, sorted } from "./events.ts";

const FOLDER = join(import.meta.dirname, "../../golden/segment");

async function golden(version: string, name: string): Promise<Uint8Array> {
  return new Uint8Array(await readFile(join(FOLDER, version, name)));
}

async function rowsOf(segment: Segment): Promise<Record<string, unknown>[]> {
  const rows = [];
  for (const group of segment.groups.keys()) rows.push(...flatRows(await segment.readGroup(group, null)));
  return rows;
}

describe.each(["v1", "v2"])("golden files of %s", (version) => {
  it("frames", async () => {
    const frames = splitFrames(await golden(version, "frames.bin"));
    expect(frames.map((frame) => flatRows(unpackFrame(frame)))).toEqual(GOLDEN_FRAMES.map(flatRowsOf));
    for (const [ordinal, frame] of frames.entries()) {
      const rows = GOLDEN_FRAMES[ordinal]!;
      expect(readFrameHeader(frame)).toMatchObject({ ...frameMeta(ordinal, rows.length * 300), rows: rows.length });
    }
  });

  it("a flushed segment", async () => {
    const segment = await openSegment(bytesSource(await golden(version, "level-0.parquet")));
    expect(await rowsOf(segment)).toEqual(GOLDEN_FRAMES.flatMap(flatRowsOf));
    expect(segment.row).toMatchObject({
      ...identity(),
      rows: 600,
      raw_bytes: 180_000,
      services: ["api", "größe", "worker"],
      level_mask: 0b1011100,
    });
  });

  it("a compacted segment", async () => {
    const segment = await openSegment(bytesSource(await golden(version, "level-1-2026-01-01.parquet")));
    const rows = await rowsOf(segment);
    expect(sorted(rows)).toEqual(sorted(GOLDEN_FRAMES.flatMap(flatRowsOf)));
    expect(segment.row).toMatchObject({ level: 1, day: "2026-01-01", swap_id: "golden", rows: 600 });
    expect(segment.facts().count.reduce((sum, count) => sum + count)).toBe(600);
    for (const row of rows) {
      expect(segment.mayContainWords(0, wordsOf(row.message as string))).toBe(true);
      expect(segment.mayContainValue(0, "trace_id", row.trace_id as string)).toBe(true);
    }
    expect(segment.mayContainValue(0, "trace_id", "no such trace")).toBe(false);
    expect(segment.mayContainWords(0, ["no_such_word"])).toBe(false);
  });
});
