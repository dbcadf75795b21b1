import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { rowHash } from "../../../worker/engine/batch/identity.ts";
import { timesOf } from "../../../worker/engine/batch/pages.ts";
import type { Order, Position } from "../../../worker/search/cursor.ts";
import { RowOf } from "../../../worker/search/known-rows.ts";
import { type FoundEvent, TopEvents } from "../../../worker/search/top-events.ts";
import { batchOf, type PlainEvent } from "../../support/search/events.ts";

const PLENTY = 1e9;

function event(timestamp_us: number, message: string): PlainEvent {
  return { timestamp_us, ingest_us: 0, message, attributes: {} };
}

interface Identified {
  timestamp_us: number;
  hash: string;
  copy: number;
}

/** All events in order, copies numbered. */
function oracle(batches: readonly PlainEvent[][], order: Order): Identified[] {
  const direction = order === "asc" ? 1 : -1;
  const all: { timestamp_us: number; hash: string }[] = [];
  for (const events of batches) {
    const batch = batchOf(events, []);
    for (const [row, { timestamp_us }] of events.entries()) all.push({ timestamp_us, hash: rowHash(batch, row) });
  }
  all.sort((a, b) => (a.timestamp_us - b.timestamp_us || (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)) * direction);
  let copy = 0;
  return all.map(({ timestamp_us, hash }, index) => {
    const before = all[index - 1];
    copy = before && before.timestamp_us === timestamp_us && before.hash === hash ? copy + 1 : 0;
    return { timestamp_us, hash, copy };
  });
}

function pageOf(batches: readonly PlainEvent[][], order: Order, limit: number, after: Position | null, size_bytes_max = PLENTY) {
  const top = new TopEvents({ order, limit, after, size_bytes_max });
  for (const events of batches) {
    const times = events.map(({ timestamp_us }) => timestamp_us);
    if (events.length === 0 || !top.wants(Math.min(...times), Math.max(...times))) continue;
    const batch = batchOf(events, []);
    addAll(top, batch, top.candidates(batch, Uint32Array.from(events.keys())));
  }
  return top.result();
}

const identify = ({ timestamp_us, hash, copy }: FoundEvent): Identified => ({ timestamp_us, hash, copy });

const someBatches = fc.array(
  fc.array(
    fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom("a", "b", "c")).map(([time, message]) => event(time, message)),
    { maxLength: 25 },
  ),
  { maxLength: 6 },
);
const someOrder = fc.constantFrom<Order>("asc", "desc");

function addAll(top: TopEvents, batch: EventBatch, rows: Uint32Array): void {
  top.add(rows, timesOf(batch, rows), (row) => new RowOf(batch, batch, row));
}

describe("TopEvents", { timeout: 30_000 }, () => {
  it("pages through everything once and in order, whatever the order of the parts and the length of pages", () => {
    fc.assert(
      fc.property(someBatches, someOrder, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (batches, order, limits) => {
        const seen: Identified[] = [];
        let after: Position | null = null;
        for (let page = 0; page < 500; page++) {
          const limit: number = limits.next().value;
          const result = pageOf(batches, order, limit, after);
          expect(result.events.length).toBeLessThanOrEqual(limit);
          if (result.more) expect(result.events.length).toBe(limit);
          seen.push(...result.events.map(identify));
          after = result.last;
          if (!result.more) break;
        }
        expect(seen).toEqual(oracle(batches, order));
      }),
      { numRuns: 300 },
    );
  });

  it("shows the same when parts are cut and joined in another way between pages", () => {
    fc.assert(
      fc.property(
        someBatches,
        someOrder,
        fc.integer({ min: 1, max: 7 }),
        fc.integer({ min: 1, max: 9 }),
        (batches, order, limit, width) => {
          const flat = batches.flat();
          const seen: Identified[] = [];
          let after: Position | null = null;
          for (let page = 0; page < 500; page++) {
            const parts = [];
            for (let from = 0; from < flat.length; from += width + (page % 3)) parts.push(flat.slice(from, from + width + (page % 3)));
            const result = pageOf(page % 2 === 0 ? parts : parts.toReversed(), order, limit, after);
            seen.push(...result.events.map(identify));
            after = result.last;
            if (!result.more) break;
          }
          expect(seen).toEqual(oracle(batches, order));
        },
      ),
    );
  });

  it("ends a page early where events are large, and loses none by it", () => {
    fc.assert(
      fc.property(someBatches, someOrder, fc.integer({ min: 1, max: 3_000 }), (batches, order, size_bytes_max) => {
        const seen: Identified[] = [];
        let after: Position | null = null;
        for (let page = 0; page < 500; page++) {
          const result = pageOf(batches, order, 5, after, size_bytes_max);
          seen.push(...result.events.map(identify));
          after = result.last;
          if (!result.more) break;
          expect(result.events.length).toBeGreaterThan(0);
        }
        expect(seen).toEqual(oracle(batches, order));
      }),
    );
  });

  it("refuses times that cannot enter any more", () => {
    const top = new TopEvents({ order: "desc", limit: 2, after: null, size_bytes_max: PLENTY });
    const batch = batchOf([event(10, "a"), event(9, "b"), event(8, "c")], []);
    expect(top.wants(0, 5)).toBe(true);
    addAll(top, batch, Uint32Array.of(0, 1, 2));
    expect(top.wants(0, 7)).toBe(false);
    expect(top.wants(0, 8)).toBe(true);
  });
});
