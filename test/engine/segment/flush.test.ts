import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteSource } from "../../../worker/engine/batch/byte-source.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { concatBatches } from "../../../worker/engine/batch/select.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment, type Segment, SegmentError } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { ROW_GROUP_ROWS_MAX, SEGMENT_ATTRIBUTE_COLUMNS_MAX } from "../../../worker/limits.ts";
import { rowsArbitrary } from "./arbitraries.ts";
import { batchOf, flatRows, flatRowsOf, frameMeta, identity, type Kind, type Row, typicalRows } from "./events.ts";

function framesOf(parts: readonly Row[][], kinds: Record<string, Kind>[] = []): { bytes: Uint8Array; masked: Uint32Array | null }[] {
  return parts.map((rows, ordinal) => ({
    bytes: packFrame(batchOf(rows, kinds[ordinal]), frameMeta(ordinal, rows.length * 300)),
    masked: null,
  }));
}

function flush(frames: { bytes: Uint8Array; masked: Uint32Array | null }[]): Uint8Array {
  return joinBytes(segmentFromFrames(frames, identity()).chunks);
}

async function readAll(segment: Segment): Promise<Record<string, unknown>[]> {
  const rows = [];
  for (const index of segment.groups.keys()) rows.push(...flatRows(await segment.readGroup(index, null)));
  return rows;
}

async function flushAndRead(parts: readonly Row[][], kinds: Record<string, Kind>[] = []): Promise<Record<string, unknown>[]> {
  return readAll(await openSegment(bytesSource(flush(framesOf(parts, kinds)))));
}

describe("a flush", () => {
  it.each([
    ["one event", [1]],
    ["short frames", [1, 5, 30, 2]],
    ["long frames", [1000, 600]],
    ["short and long frames by turns", [3, 800, 2, 1, 900, 512, 7]],
  ])("of %s keeps every value in the order of arrival", async (_, counts) => {
    const parts = counts.map((count, ordinal) => typicalRows(count, ordinal + 1));
    expect(await flushAndRead(parts)).toEqual(flatRowsOf(parts.flat()));
  });

  it("describes its segment in a row that the footer repeats", async () => {
    const parts = [typicalRows(900, 1), typicalRows(20, 2)];
    const { chunks, row } = segmentFromFrames(framesOf(parts), identity());
    const bytes = joinBytes(chunks);
    expect(row).toMatchObject({
      ...identity(),
      rows: 920,
      raw_bytes: 276_000,
      size_bytes: bytes.length,
      services: ["api", "auth", "billing", "search"],
    });
    const times = parts.flat().map(({ timestamp_us }) => timestamp_us);
    expect([row.ts_min_us, row.ts_max_us]).toEqual([Math.min(...times), Math.max(...times)]);
    expect(row.level_mask).toBe(0b1011110);
    expect((await openSegment(bytesSource(bytes), row.tail_size_bytes)).row).toEqual(row);
    expect((await openSegment(bytesSource(bytes))).row).toEqual(row);
  });

  it("leaves out masked rows", async () => {
    const parts = [typicalRows(600, 1), typicalRows(10, 2), typicalRows(700, 3)];
    const frames = framesOf(parts);
    frames[0]!.masked = Uint32Array.from([0, 17, 599]);
    frames[1]!.masked = Uint32Array.from(parts[1]!.keys());
    const segment = await openSegment(bytesSource(flush(frames)));
    const kept = [...parts[0]!.filter((_, row) => ![0, 17, 599].includes(row)), ...parts[2]!];
    expect(await readAll(segment)).toEqual(flatRowsOf(kept));
    expect(segment.row).toMatchObject({ rows: 1297, raw_bytes: 597 * 300 + 700 * 300 });
  });

  it("of nothing but masked rows is an empty segment", async () => {
    const frames = framesOf([typicalRows(5)]);
    frames[0]!.masked = Uint32Array.from([0, 1, 2, 3, 4]);
    const segment = await openSegment(bytesSource(flush(frames)));
    expect([segment.row.rows, segment.groups]).toEqual([0, []]);
  });

  it("cuts row groups at the borders of frames", async () => {
    const parts = Array.from({ length: 15 }, (_, ordinal) => typicalRows(5000, ordinal));
    const segment = await openSegment(bytesSource(flush(framesOf(parts))));
    expect(segment.groups.map(({ rows }) => rows)).toEqual([65_000, 10_000]);
    expect(segment.groups.every(({ rows }) => rows <= ROW_GROUP_ROWS_MAX)).toBe(true);
    const first = await segment.readGroup(1, new Set(["message"]));
    expect(flatRows(first)[0]).toMatchObject({ message: parts[13]![0]!.values.message });
  });

  it("cuts shorter row groups of large events", async () => {
    const frames = [0, 1, 2].map((ordinal) => ({
      bytes: packFrame(batchOf(typicalRows(40, ordinal)), frameMeta(ordinal, 12 * 1024 * 1024)),
      masked: null,
    }));
    expect((await openSegment(bytesSource(flush(frames)))).groups.map(({ rows }) => rows)).toEqual([80, 40]);
  });

  it("takes a string column that is a dictionary here and bytes there", async () => {
    const parts = [typicalRows(600, 1), typicalRows(600, 2), typicalRows(9, 3), typicalRows(600, 4)];
    const kinds: Record<string, Kind>[] = [{ message: "dict" }, { message: "bytes" }, { message: "bytes" }, { message: "dict" }];
    expect(await flushAndRead(parts, kinds)).toEqual(flatRowsOf(parts.flat()));
  });

  it("takes a column that is missing in some frames", async () => {
    const without = (rows: Row[]): Row[] => rows.map((row) => ({ ...row, values: { message: "m", "attributes.x": "y" } }));
    const parts = [
      without(typicalRows(600, 1)),
      typicalRows(600, 2),
      without(typicalRows(5, 3)),
      typicalRows(5, 4),
      without(typicalRows(600, 5)),
    ];
    expect(await flushAndRead(parts)).toEqual(flatRowsOf(parts.flat()));
  });

  it("makes whole numbers and fractions one column of doubles", async () => {
    const part = (count: number, value: (index: number) => number): Row[] =>
      typicalRows(count).map((row, index) => ({ ...row, values: { "attributes.n": value(index) } }));
    const parts = [part(600, (index) => index * 977), part(600, (index) => index + 0.5), part(5, (index) => index)];
    const segment = await openSegment(bytesSource(flush(framesOf(parts))));
    expect(segment.columns).toContainEqual(expect.objectContaining({ name: "attributes.n", kind: "double", nulls: 0 }));
    expect(await readAll(segment)).toEqual(flatRowsOf(parts.flat()));
  });

  it("keeps the type that most rows have and moves other values to the rest", async () => {
    const part = (count: number, value: string | number | boolean, rest?: Row["rest"]): Row[] =>
      typicalRows(count).map((row) => ({
        timestamp_us: row.timestamp_us,
        ingest_us: row.ingest_us,
        values: { "attributes.v": value },
        rest,
      }));
    const parts = [part(600, 7, { other: [1] }), part(700, "seven"), part(20, true), part(3, 7.5, {})];
    const segment = await openSegment(bytesSource(flush(framesOf(parts))));
    expect(segment.columns.find(({ name }) => name === "attributes.v")).toMatchObject({ kind: "dict", nulls: 623 });
    expect(await readAll(segment)).toEqual(flatRowsOf(parts.flat()));
  });

  it("bounds attribute columns and folds the rarest", async () => {
    const wide = (from: number, count: number): Row[] =>
      typicalRows(count).map((row) => ({
        ...row,
        values: Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`attributes.a${from + index}`, from + index])),
      }));
    const parts = [wide(0, 700), wide(40, 600), wide(80, 550), wide(120, 4)];
    const segment = await openSegment(bytesSource(flush(framesOf(parts))));
    const names = segment.columns.map(({ name }) => name).filter((name) => name.startsWith("attributes."));
    expect(names).toHaveLength(SEGMENT_ATTRIBUTE_COLUMNS_MAX);
    expect(names).toContain("attributes.a119");
    expect(await readAll(segment)).toEqual(flatRowsOf(parts.flat()));
  });

  it("of any frames keeps every value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowsArbitrary, { minLength: 1, maxLength: 4 }), async (parts) => {
        const batches = parts.map((rows) => batchOf(rows));
        const frames = batches.map((batch, ordinal) => ({ bytes: packFrame(batch, frameMeta(ordinal)), masked: null }));
        const read = await readAll(await openSegment(bytesSource(flush(frames))));
        expect(read).toEqual(batches.flatMap((batch) => flatRows(batch)));
        expect(flatRows(concatBatches(batches))).toEqual(read);
      }),
      { numRuns: 50 },
    );
  }, 30_000);
});

/** A source that notes what was read. */
function countingSource(bytes: Uint8Array): ByteSource & { reads: { offset: number; length: number }[] } {
  const source = bytesSource(bytes);
  const reads: { offset: number; length: number }[] = [];
  return {
    size_bytes: source.size_bytes,
    reads,
    read(offset, length) {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
  };
}

describe("a reader", () => {
  const bytes = flush(framesOf(Array.from({ length: 6 }, (_, ordinal) => typicalRows(5000, ordinal + 1))));

  it("opens a segment with one read where the tail's length is known", async () => {
    const { row } = await openSegment(bytesSource(bytes));
    const source = countingSource(bytes);
    await openSegment(source, row.tail_size_bytes);
    expect(source.reads).toEqual([{ offset: bytes.length - row.tail_size_bytes, length: row.tail_size_bytes }]);
  });

  it("reads only the columns that are asked for, near ones together", async () => {
    const source = countingSource(bytes);
    const segment = await openSegment(source);
    source.reads.length = 0;
    await segment.readGroup(0, new Set(["level", "service", "attributes.status"]));
    expect(source.reads.length).toBeLessThanOrEqual(2);
    expect(source.reads.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length / 4);
    source.reads.length = 0;
    await segment.readGroup(0, null);
    expect(source.reads).toHaveLength(1);
    expect(await segment.readTimes(0)).toEqual((await segment.readGroup(0, new Set())).timestamp_us);
  });

  it("counts facts by five minutes, level and service", async () => {
    const rows = Array.from({ length: 6 }, (_, ordinal) => typicalRows(5000, ordinal + 1)).flat();
    const facts = (await openSegment(bytesSource(bytes))).facts();
    const expected = new Map<string, number>();
    for (const { timestamp_us, values } of rows) {
      const key = `${Math.floor(timestamp_us / 300e6) * 300e6} ${values.level ?? "-"} ${values.service}`;
      expected.set(key, (expected.get(key) ?? 0) + 1);
    }
    const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "-"];
    const counted = Array.from(facts.count, (count, index) => [
      `${facts.bucket_us[index]} ${levels[facts.level[index]!]} ${facts.services[facts.service[index]!]}`,
      count,
    ]);
    expect(new Map(counted as [string, number][])).toEqual(expected);
  });

  it("refuses what was damaged, wherever it was", async () => {
    const small = flush(framesOf([typicalRows(600), typicalRows(3)]));
    const expected = await readAll(await openSegment(bytesSource(small)));
    await fc.assert(
      fc.asyncProperty(fc.nat(small.length - 1), fc.integer({ min: 1, max: 255 }), async (place, change) => {
        const damaged = small.slice();
        damaged[place]! ^= change;
        const read = await openSegment(bytesSource(damaged))
          .then(readAll)
          .catch((error: unknown) => error);
        // Bytes that only other readers look at may differ; events never do.
        if (read instanceof Error) expect(read).toBeInstanceOf(SegmentError);
        else expect(read).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  }, 30_000);

  it("refuses what was cut", async () => {
    for (let size = 0; size < bytes.length; size += 977) {
      await expect(openSegment(bytesSource(bytes.subarray(0, size)))).rejects.toThrow(SegmentError);
    }
  });
});
