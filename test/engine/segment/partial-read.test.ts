import { describe, expect, it } from "vitest";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { matchRows, parseQuery } from "../../../worker/engine/query/query.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment } from "../../../worker/engine/segment/read.ts";
import type { SegmentIdentity } from "../../../worker/engine/segment/segment-row.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";

const START_MS = Date.UTC(2026, 0, 10);
const EVENTS = 20_000;

function identity(segment_id: string, level: number, day: string | null): SegmentIdentity {
  return {
    segment_id,
    project_id: "p",
    shard: 0,
    level,
    seq_min: 1,
    seq_max: 1,
    day,
    object_key: segment_id,
    created_us: 0,
    swap_id: null,
  };
}

/** Messages of thousands of templates, so that a word stands in few pages; columns of every kind, some with nulls. */
function line(n: number): string {
  const optional = n % 3 === 0 ? { ratio: n / 7, ok: n % 2 === 0, note: `note ${n % 11}` } : {};
  const message = `word${n % 4000} happened to user ${n} after ${n % 97} tries`;
  return JSON.stringify({
    time: START_MS + n,
    service: `s${n % 5}`,
    message,
    trace_id: `trace${n >> 2}`,
    size: n * 3,
    ...optional,
    list: [n],
  });
}

async function sortedSegment(): Promise<Segment> {
  const lines = Array.from({ length: EVENTS }, (_, n) => line(n)).join("\n");
  const { batches } = decodeJson(new TextEncoder().encode(lines), { received_us: START_MS * 1000, defaults: {} });
  const frames = batches.map(({ batch }, n) => {
    const frame_id = n.toString(16).padStart(32, "0");
    return { bytes: packFrame(batch, { frame_id, project_id: "p", shard: 0, accepted_us: 0, raw_bytes: 0 }), masked: null };
  });
  const flushed = await openSegment(bytesSource(joinBytes(segmentFromFrames(frames, identity("flushed", 0, null)).chunks)));
  for await (const { chunks } of mergeSegments([flushed], { identify: (day, n) => identity(`${day}-${n}`, 1, day) })) {
    const segment = await openSegment(bytesSource(joinBytes(chunks)));
    await segment.loadFilters([0]);
    return segment;
  }
  throw new Error("no output");
}

describe("a part of a row group", () => {
  it("is true in the asked rows, whatever their columns are", async () => {
    const segment = await sortedSegment();
    const whole = await segment.readGroup(0, null);
    for (const rows of [[0], [EVENTS - 1], [17, 18, 9_000, 19_999], []]) {
      const part = await segment.readGroup(0, null, { rows: Uint32Array.from(rows) });
      for (const row of rows) expect(recordAt(part, row)).toEqual(recordAt(whole, row));
      expect(part.timestamp_us).toEqual(whole.timestamp_us);
    }
  });

  it("leaves pages undecoded that hold none of them", async () => {
    const segment = await sortedSegment();
    const message = (await segment.readGroup(0, null, { rows: Uint32Array.of(3) })).columns.get("message");
    const present = message?.kind === "bytes" ? message.present : null;
    expect(present?.[3]).toBe(1);
    expect(present?.filter((mark) => mark === 1).length).toBeLessThan(EVENTS / 4);
  });

  it("has every row that a search for words can match, and few others", async () => {
    const segment = await sortedSegment();
    const whole = await segment.readGroup(0, null);
    for (const words of [["word17"], ["word3999", "tries"], ["user", "12345"], ["nowhere"]]) {
      const { filter } = parseQuery(words.join(" "), { now_us: 0 });
      const part = await segment.readGroup(0, new Set(["message"]), { words });
      expect([...matchRows(filter, part)]).toEqual([...matchRows(filter, whole)]);
      const message = part.columns.get("message");
      const present = message?.kind === "bytes" ? message.present : null;
      expect(present?.filter((mark) => mark === 1).length).toBeLessThan(EVENTS / 2);
    }
  });
});
