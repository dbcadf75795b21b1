import { describe, expect, it } from "vitest";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { matchRows, parseQuery } from "../../../worker/engine/query/query.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { batchOf, frameMeta, identity } from "./events.ts";

const BEGIN_US = Date.parse("2026-03-01T12:00:00Z") * 1000;

/** Times that repeat are stored as a dictionary, whole milliseconds in that unit: what is known of their range must be in ours. */
describe.each([
  ["whole milliseconds", 1_000_000],
  ["microseconds", 1_000_001],
])("conditions on times of %s", (_, step_us) => {
  const rows = Array.from({ length: 3_000 }, (_, index) => ({
    timestamp_us: BEGIN_US + (index % 60) * step_us,
    ingest_us: BEGIN_US + (index % 50) * step_us,
    values: { message: `line ${index}`, service: "shop" },
  }));
  const flushed = segmentFromFrames([{ bytes: packFrame(batchOf(rows), frameMeta()), masked: null }], identity());

  it.each([
    ["timestamp:>=2026-03-01T12:00:30Z", 1_500],
    ["timestamp:<2026-03-01T12:00:10Z", 500],
    ["ingest_ts:>=2026-03-01T12:00:40Z", 600],
    ["timestamp:>2027-01-01", 0],
  ])("%s", async (text, count) => {
    const { filter } = parseQuery(text, { now_us: BEGIN_US });
    const level_0 = await openSegment(bytesSource(joinBytes(flushed.chunks)));
    expect(matchRows(filter, await level_0.readGroup(0, new Set(["service"]))).length).toBe(count);
    for await (const { chunks } of mergeSegments([level_0], {
      identify: (day, ordinal) => identity({ level: 1, day, segment_id: `l1-${ordinal}` }),
    })) {
      const merged = await openSegment(bytesSource(joinBytes(chunks)));
      expect(matchRows(filter, await merged.readGroup(0, new Set(["service"]))).length).toBe(count);
    }
  });
});
