import { describe, expect, it } from "vitest";
import { formatFingerprint, formatTimestamp_us, recordAt } from "../../../worker/engine/batch/record.ts";
import { batchOf, bytesColumn } from "../query/batches.ts";

describe("formatTimestamp_us", () => {
  it.each([
    [0, "1970-01-01T00:00:00.000000Z"],
    [1, "1970-01-01T00:00:00.000001Z"],
    [-1, "1969-12-31T23:59:59.999999Z"],
    [1_772_366_400_123_456, "2026-03-01T12:00:00.123456Z"],
    [1_772_366_400_000_000, "2026-03-01T12:00:00.000000Z"],
  ])("%i is %s", (time_us, text) => {
    expect(formatTimestamp_us(time_us)).toBe(text);
  });
});

describe("formatFingerprint", () => {
  it("has 14 digits", () => {
    expect(formatFingerprint(0)).toBe("00000000000000");
    expect(formatFingerprint(2 ** 53 - 1)).toBe("1fffffffffffff");
  });
});

describe("recordAt", () => {
  it("shows what there is and leaves out what is not", () => {
    const event = {
      timestamp_us: 1,
      ingest_us: 2,
      fingerprint: 10,
      fields: { message: "m" },
      attributes: { n: 1, tags: ["a", null], none: null },
    };
    expect(recordAt(batchOf([event, { ...event, fingerprint: undefined, fields: {}, attributes: {} }]), 0)).toEqual({
      timestamp: "1970-01-01T00:00:00.000001Z",
      ingest_ts: "1970-01-01T00:00:00.000002Z",
      message: "m",
      fingerprint: "0000000000000a",
      attributes: { n: 1, tags: ["a", null] },
    });
  });

  it("takes an attribute from the rest where its column has nothing", () => {
    const batch = batchOf([
      { timestamp_us: 0, ingest_us: 0, fields: {}, attributes: { a: "text" } },
      { timestamp_us: 0, ingest_us: 0, fields: {}, attributes: {} },
    ]);
    batch.rest = bytesColumn(['{"a":"shadowed"}', '{"a":7}']);
    expect([0, 1].map((row) => recordAt(batch, row).attributes)).toEqual([{ a: "text" }, { a: 7 }]);
  });
});
