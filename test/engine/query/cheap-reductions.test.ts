/** Reductions of columns as segments store them, in their cheap forms, say what they say of plain arrays. */
import { beforeAll, describe, expect, it } from "vitest";
import type { EventBatch, NumberColumn } from "../../../worker/engine/batch/event-batch.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { matchRows, parseQuery, planColumns, planQuery, readsTimes, reducerFor, runTable } from "../../../worker/engine/query/query.ts";
import { numberTally } from "../../../worker/engine/query/stats/number-tally.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { plainBatch } from "../../../worker/engine/segment/lazy-batch.ts";
import { bytesSource, openSegment, type Segment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { ByteCache } from "../../../worker/search/byte-cache.ts";
import { randomOf } from "../../support/random.ts";
import { frameMeta, identity } from "../segment/events.ts";
import { batchOf, type PlainEvent } from "./batches.ts";

const DAY_US = 1_760_000_000_000_000;
const EVENTS = 20_000;

const QUERIES = [
  "* | stats count() by path",
  "path:* | top 10 path",
  "path:* host:* | stats count(), max(duration_ms) by path, host",
  "path:* status:>200 | stats count() by path, status",
  "* | stats count() by host, level",
  "* | stats count() by status",
  "status:* | stats count() by status, service",
  "* | stats count_uniq(user_id)",
  "* | stats count_uniq(user_id), count_uniq(status) by service",
  "* | stats count_uniq(user_id) by path",
  "level:ERROR | stats count_uniq(user_id), p99(duration_ms) by service",
  "* | stats p50(duration_ms), p99(duration_ms), sum(duration_ms), min(duration_ms), max(duration_ms) by service",
  "* | stats p50(ratio), sum(ratio), avg(ratio), count(ratio) by service",
  "* | stats p50(size), sum(size), max(size) by service",
  "* | stats sum(status), avg(status), count(status), stddev(status) by service",
  "* | stats histogram(duration_ms), p50(duration_ms) by host",
  "* | stats count() where (path:*), sum(duration_ms) where (level:ERROR) by service",
  "service:s3 | stats p99(duration_ms), count() by path",
];

function events(): PlainEvent[] {
  const random = randomOf(7);
  const below = (most: number) => Math.floor(random() * random() * most);
  return Array.from({ length: EVENTS }, (_, n): PlainEvent => {
    const has_path = random() < 0.8;
    return {
      timestamp_us: DAY_US + n * 1_000,
      ingest_us: DAY_US + n,
      fields: { service: `s${below(6)}`, level: random() < 0.1 ? "ERROR" : "INFO", host: `h${below(40)}`, message: `m${n % 50}` },
      attributes: {
        path: has_path ? `/p/${below(300)}` : null,
        status: has_path ? [200, 201, 404, 500][below(4)]! : null,
        user_id: random() < 0.9 ? `u${below(4_000)}` : null,
        duration_ms: (below(900) - 20) * 1_009,
        size: below(5_000),
        ratio: random() < 0.9 ? below(500) / 8 - 3 : null,
      },
    };
  });
}

const NUMBERS = new Set(["attributes.status", "attributes.duration_ms", "attributes.size", "attributes.ratio"]);

/** Flushed, and merged, in files. */
async function files(): Promise<Uint8Array[]> {
  const all = events();
  const frames = [];
  for (let at = 0; at < all.length; at += 2_500) {
    const batch = batchOf(all.slice(at, at + 2_500), (name) => (NUMBERS.has(name) ? "number" : "dict"));
    frames.push({ bytes: packFrame(batch, frameMeta(frames.length)), masked: null });
  }
  const flushed = joinBytes(segmentFromFrames(frames, identity({ object_key: "flushed" })).chunks);
  const made = [flushed];
  const options = { identify: (day: string, n: number) => identity({ object_key: `merged-${day}-${n}`, level: 1, day }) };
  for await (const { chunks } of mergeSegments([await openSegment(bytesSource(flushed))], options)) made.push(joinBytes(chunks));
  return made;
}

/** @param plain whether columns are made into plain arrays first */
async function answer(segment: Segment, query: string, plain: boolean): Promise<unknown> {
  const plan = planQuery(parseQuery(query, { now_us: 0 }));
  const columns = planColumns(plan);
  if (columns === "all") throw new Error("a question of columns");
  const reducer = reducerFor(plan.reduce!);
  for (const group of segment.groups.keys()) {
    const read = await segment.readGroup(group, columns.names, { times: plain || readsTimes(plan) });
    const batch = plain ? plainBatch(read) : read;
    reducer.add(batch, matchRows(plan.filter, batch));
  }
  return runTable(plan, reducer.result());
}

describe("reductions of stored columns", () => {
  let stored: Uint8Array[];

  beforeAll(async () => {
    stored = await files();
  });

  it.each(QUERIES)("%s", async (query) => {
    for (const file of stored) {
      const expected = await answer(await openSegment(bytesSource(file)), query, true);
      const none = await openSegment(bytesSource(file));
      expect(await answer(none, query, false)).toEqual(expected);
      // Asked again of what is kept by then, of all of it or of a part.
      for (const size_bytes of [2_000, 100_000, 50_000_000]) {
        const kept = await openSegment(bytesSource(file), undefined, new ByteCache(size_bytes));
        for (let round = 0; round < 3; round++) expect(await answer(kept, query, false)).toEqual(expected);
      }
    }
  });

  it("are of few numbers where numbers are stored as codes", async () => {
    const segment = await openSegment(bytesSource(stored[1]!));
    const batch: EventBatch = await segment.readGroup(0, new Set(["attributes.duration_ms", "attributes.status"]));
    const rows = matchRows(parseQuery("*", { now_us: 0 }).filter, batch);
    const spans = { order: rows, starts: Uint32Array.of(0, 100, batch.rows), groups: Uint32Array.of(0, 1) };
    const { values } = batch.columns.get("attributes.duration_ms") as NumberColumn;
    const tally = numberTally(batch, "attributes.duration_ms", spans)!;
    const counted = (span: number) =>
      Array.from(tally.values, (value, code) => [value, tally.counts[span * tally.width + code]!] as const)
        .filter(([, count]) => count > 0)
        .sort(([left], [right]) => left - right);
    const expected = (from: number, to: number) => {
      const counts = new Map<number, number>();
      for (const value of values.subarray(from, to)) counts.set(value, (counts.get(value) ?? 0) + 1);
      return [...counts].sort(([left], [right]) => left - right);
    };
    expect(counted(0)).toEqual(expected(0, 100));
    expect(counted(1)).toEqual(expected(100, batch.rows));
    const status = numberTally(batch, "attributes.status", spans)!;
    const { present } = batch.columns.get("attributes.status") as NumberColumn;
    expect(status.counts[2 * status.width - 1]).toBe(present!.subarray(100).filter((mark) => mark === 0).length);
  });

  it("do not look at times that they did not ask for", async () => {
    const segment = await openSegment(bytesSource(stored[0]!));
    const batch = await segment.readGroup(0, new Set(["service"]), { times: false });
    expect(() => batch.timestamp_us).toThrow("not asked for");
    const whole = await segment.readGroup(0, null, { known: batch });
    expect(whole.timestamp_us.length).toBe(whole.rows);
    for (const query of [
      "* | stats first(host)",
      "* | stats count() by bucket(1m)",
      "* | stats max(timestamp)",
      "timestamp:>2020-01-01 | stats count()",
    ])
      expect(readsTimes(planQuery(parseQuery(query, { now_us: 0 })))).toBe(true);
    for (const query of QUERIES) expect(readsTimes(planQuery(parseQuery(query, { now_us: 0 })))).toBe(false);
  });
});
