import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import {
  FrameError,
  frameEventIds,
  PAGED_ROWS_MIN,
  packFrame,
  readFrameHeader,
  splitFrames,
  unpackFrame,
} from "../../../worker/engine/segment/frame.ts";
import { rowsArbitrary } from "./arbitraries.ts";
import { batchOf, flatRows, flatRowsOf, frameMeta, type Row, typicalRows } from "./events.ts";

describe("frames", () => {
  it.each([1, 2, 10, 100, PAGED_ROWS_MIN - 1, PAGED_ROWS_MIN, 1000, 5000])("of %i rows give back every value", (count) => {
    const rows = typicalRows(count, count);
    const frame = packFrame(batchOf(rows), frameMeta(count));
    expect(flatRows(unpackFrame(frame))).toEqual(flatRowsOf(rows));
  });

  it("say in their header what they are", () => {
    const rows = typicalRows(700);
    const header = readFrameHeader(packFrame(batchOf(rows), frameMeta(7, 12_345)));
    expect(header).toMatchObject({
      ...frameMeta(7, 12_345),
      rows: 700,
      ts_min_us: rows[0]!.timestamp_us,
      ts_max_us: rows.at(-1)!.timestamp_us,
    });
    expect(header.columns.map(({ name, kind }) => [name, kind])).toEqual(
      expect.arrayContaining([
        ["timestamp", "int64"],
        ["service", "dict"],
        ["message", "bytes"],
        ["attributes.duration_ms", "double"],
        ["attributes.cached", "bool"],
        ["attributes", "bytes"],
      ]),
    );
  });

  it("give only the columns that are asked for", () => {
    const frame = packFrame(batchOf(typicalRows(600)), frameMeta());
    const batch = unpackFrame(frame, new Set(["level", "attributes"]));
    expect([...batch.columns.keys()]).toEqual(["level"]);
    expect(batch.rest).not.toBeNull();
    expect(unpackFrame(frame, new Set()).rest).toBeNull();
    expect(unpackFrame(frame, new Set()).timestamp_us).toHaveLength(600);
  });

  it("are found again back to back, and their headers at an offset", () => {
    const frames = [3, 800, 1].map((count, ordinal) => packFrame(batchOf(typicalRows(count)), frameMeta(ordinal)));
    const joined = joinBytes(frames);
    expect(splitFrames(joined)).toEqual(frames);
    expect(readFrameHeader(joined, frames[0]!.length)).toEqual(readFrameHeader(frames[1]!));
  });

  it("are small for one event and for a thousand", () => {
    const row = typicalRows(1);
    expect(packFrame(batchOf(row), frameMeta()).length).toBeLessThan(320);
    expect(packFrame(batchOf(typicalRows(1000)), frameMeta()).length).toBeLessThan(1000 * 40);
  });

  it("know the rows with an event id of the client, and the hash does not depend on how the column is kept", () => {
    const rows: Row[] = typicalRows(900).map((row, index) =>
      index % 3 === 0 ? { ...row, values: { ...row.values, event_id: `id-${index % 90}` } } : row,
    );
    const as_dict = frameEventIds(packFrame(batchOf(rows, { event_id: "dict" }), frameMeta()))!;
    const as_bytes = frameEventIds(packFrame(batchOf(rows, { event_id: "bytes" }), frameMeta()))!;
    expect(as_dict).toEqual(as_bytes);
    expect([...as_dict.rows]).toEqual(rows.flatMap((_, index) => (index % 3 === 0 ? [index] : [])));
    const hashes = new Set(Array.from(as_dict.rows, (_, index) => as_dict.hashes.subarray(index * 12, index * 12 + 12).join()));
    expect(hashes.size).toBe(30);
    expect(frameEventIds(packFrame(batchOf(typicalRows(5)), frameMeta()))).toBeNull();
  });

  it("hold values far larger than a page", () => {
    const random = Array.from({ length: 60_000 }, (_, index) => String.fromCharCode(33 + ((index * index * 7919) % 90))).join("");
    const sizes = [40_960, 81_920, 163_840, 262_144, 32_768, 33_000, 1];
    const rows: Row[] = typicalRows(520).map((row, index) => ({
      ...row,
      values: { ...row.values, message: index < sizes.length ? random.repeat(5).slice(0, sizes[index]!) : `m${index}` },
    }));
    const frame = packFrame(batchOf(rows), frameMeta());
    expect(flatRows(unpackFrame(frame))).toEqual(flatRowsOf(rows));
  });

  it("hold the extremes of numbers and times", () => {
    const numbers = [0, 1, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 52, -(2 ** 52), 2 ** 31, -(2 ** 31)];
    const doubles = [-0, 5e-324, 1.7976931348623157e308, -1e-7, 0.1];
    for (const count of [20, 600]) {
      const rows: Row[] = Array.from({ length: count }, (_, index) => ({
        timestamp_us: index % 2 === 0 ? index : 253_402_300_799_999_000 / 100,
        ingest_us: index * 1_000_000_007,
        values: {
          "attributes.n": numbers[index % numbers.length]! + 0,
          "attributes.few": numbers[index % 3]! + 0,
          "attributes.d": doubles[index % doubles.length]! + (index > 9 ? index : 0),
          "attributes.z": index % 2 === 0 ? -0 : 0.5,
        },
      }));
      expect(flatRows(unpackFrame(packFrame(batchOf(rows), frameMeta())))).toEqual(flatRowsOf(rows));
    }
  });
});

describe("any frame", () => {
  it("gives back what was packed", () => {
    fc.assert(
      fc.property(rowsArbitrary, (rows) => {
        const batch = batchOf(rows);
        expect(flatRows(unpackFrame(packFrame(batch, frameMeta())))).toEqual(flatRows(batch));
      }),
      { numRuns: 150 },
    );
  });

  it("that was damaged is refused", () => {
    const frames = [3, 700].map((count) => packFrame(batchOf(typicalRows(count)), frameMeta()));
    fc.assert(
      fc.property(fc.constantFrom(...frames), fc.nat(), fc.integer({ min: 1, max: 255 }), (frame, place, change) => {
        const damaged = frame.slice();
        damaged[place % frame.length]! ^= change;
        expect(() => unpackFrame(damaged)).toThrow(FrameError);
        expect(() => readFrameHeader(damaged)).toThrow(FrameError);
      }),
      { numRuns: 500 },
    );
  });

  it("that was cut is refused", () => {
    const frame = packFrame(batchOf(typicalRows(30)), frameMeta());
    for (let size = 0; size < frame.length; size++) {
      expect(() => unpackFrame(frame.subarray(0, size)), `${size} bytes`).toThrow(FrameError);
      if (size > 0) expect(() => splitFrames(frame.subarray(0, size)), `${size} bytes`).toThrow(FrameError);
    }
    expect(() => splitFrames(joinBytes([frame, new Uint8Array(3)]))).toThrow(FrameError);
    expect(splitFrames(new Uint8Array(0))).toEqual([]);
  });
});
