import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareOrder, eventId, parseEventId, RowHasher, recordHash, rowHash } from "../../../worker/engine/batch/identity.ts";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { event, shadow, storage } from "../query/arbitraries.ts";
import { batchOf, type PlainEvent } from "../query/batches.ts";

const time_us = fc.oneof(fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }), fc.integer({ min: -3, max: 3 }), fc.constant(2 ** 53 - 1));
const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(16).padStart(16, "0"));
const identity = fc.record({ timestamp_us: time_us, hash, copy: fc.oneof(fc.constant(0), fc.nat(1000)) });

describe("rowHash", () => {
  it("is the same however the event is stored, and from its record", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 4 }), storage, storage, shadow, (events, one, other, below) => {
        const [left, right] = [batchOf(events, one, below), batchOf(events, other)];
        for (const row of events.keys()) {
          expect(rowHash(left, row)).toBe(rowHash(right, row));
          expect(rowHash(left, row)).toBe(recordHash(recordAt(right, row)));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("differs where anything but the fingerprint does", () => {
    const base: PlainEvent = { timestamp_us: 5, ingest_us: 6, fields: { message: "m", service: "s" }, attributes: { a: 1 } };
    const others: PlainEvent[] = [
      { ...base, timestamp_us: 6 },
      { ...base, timestamp_us: 6, ingest_us: 5 },
      { ...base, ingest_us: 7 },
      { ...base, fields: { message: "s", service: "m" } },
      { ...base, fields: { message: "m" } },
      { ...base, fields: { message: "m", service: "s", host: "" } },
      { ...base, attributes: { a: "1" } },
      { ...base, attributes: { a: true } },
      { ...base, attributes: { a: false } },
      { ...base, attributes: { a: [1] } },
      { ...base, attributes: { a: "[1]" } },
      { ...base, attributes: { b: 1 } },
      { ...base, attributes: {} },
      { ...base, attributes: { a: 1, b: "" } },
    ];
    const hashes = [base, ...others].map((each) => rowHash(batchOf([each]), 0));
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(rowHash(batchOf([{ ...base, fingerprint: 9 }]), 0)).toBe(hashes[0]);
  });

  it("does not collide among many events that differ little", () => {
    const events = Array.from({ length: 20_000 }, (_, index): PlainEvent => {
      const fields = { message: `user ${index % 1000} did ${Math.floor(index / 1000)}` };
      return { timestamp_us: 1, ingest_us: 1, fields, attributes: {} };
    });
    const hasher = new RowHasher(batchOf(events, () => "bytes"));
    const hashes = events.map((_, row) => hasher.hash(row));
    expect(new Set(hashes).size).toBe(events.length);
    const distinct = new Set(hashes.map((each) => each.slice(8))).size;
    expect(distinct).toBeGreaterThan(events.length - 10);
  });

  it("keeps the order of arrival among events of one moment", () => {
    const at = (ingest_us: number) =>
      rowHash(batchOf([{ timestamp_us: 1, ingest_us, fields: { message: `m${ingest_us}` }, attributes: {} }]), 0);
    const hashes = Array.from({ length: 300 }, (_, index) => at(1_772_366_400_500_000 + index));
    expect([...hashes].sort()).toEqual(hashes);
  });

  it("stays what it was: ids live in bookmarks and cursors", () => {
    const stored: PlainEvent = {
      timestamp_us: 1_772_366_400_000_001,
      ingest_us: 1_772_366_400_500_000,
      fields: { level: "ERROR", service: "api", message: "Verbindung zurückgesetzt", trace_id: "0af7651916cd43dd8448eb211c80319c" },
      attributes: { status: 500, ratio: 0.25, ok: false, tags: ["a", { b: null }], "user.name": "zoë" },
    };
    expect(rowHash(batchOf([stored]), 0)).toBe("5b6b120bcef30644");
    expect(eventId(stored.timestamp_us, rowHash(batchOf([stored]), 0), 0)).toBe("hjbymtty4015ptrj1f7f61j4");
  });
});

describe("eventId", () => {
  it("is read back to the identity it was made from, and is safe in URLs", () => {
    fc.assert(
      fc.property(identity, ({ timestamp_us, hash, copy }) => {
        const id = eventId(timestamp_us, hash, copy);
        expect(encodeURIComponent(id)).toBe(id);
        expect(parseEventId(id)).toEqual({ timestamp_us, hash, copy });
      }),
    );
  });

  it("sorts as the events do, by time and hash", () => {
    fc.assert(
      fc.property(identity, identity, (left, right) => {
        const [a, b] = [left, right].map((each) => eventId(each.timestamp_us, each.hash, 0)) as [string, string];
        const order = compareOrder({ ...left, copy: 0 }, { ...right, copy: 0 });
        expect(Math.sign(order)).toBe(a < b ? -1 : a > b ? 1 : 0);
      }),
    );
  });

  it.each([
    "",
    "abc",
    "0".repeat(23),
    "0".repeat(25),
    `${"0".repeat(24)}-0`,
    `${"0".repeat(24)}-`,
    `${"0".repeat(24)}-1234567890`,
    `i${"0".repeat(23)}`,
    `${"0".repeat(11)}z${"0".repeat(12)}`,
  ])("%j is none", (text) => {
    expect(parseEventId(text)).toBeNull();
  });
});

describe("compareOrder", () => {
  it("puts copies of one event one behind the other", () => {
    const at = (timestamp_us: number, hash: string, copy: number) => ({ timestamp_us, hash, copy });
    const sorted = [at(1, "b", 0), at(2, "a", 0), at(2, "a", 1), at(2, "a", 10), at(2, "b", 0)];
    expect([...sorted].reverse().sort(compareOrder)).toEqual(sorted);
  });
});
