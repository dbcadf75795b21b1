/** Row groups read lazily: whatever is touched, in whatever order, with or without a memory of what was decoded, says the same. */
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { Column, DictColumn, EventBatch } from "../../../worker/engine/batch/event-batch.ts";
import { rowHash } from "../../../worker/engine/batch/identity.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { ingestAt, timeAt, timesOf } from "../../../worker/engine/batch/pages.ts";
import { cellAt, recordAt } from "../../../worker/engine/batch/record.ts";
import { concatBatches, selectRows } from "../../../worker/engine/batch/select.ts";
import { type Filter, filterColumns, filterHints, matchRows } from "../../../worker/engine/query/query.ts";
import type { DecodedCache } from "../../../worker/engine/segment/decoded-cache.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { plainBatch } from "../../../worker/engine/segment/lazy-batch.ts";
import { bytesSource, openSegment, type Segment, SegmentError } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { randomOf } from "../../support/random.ts";
import { event, filter } from "../query/arbitraries.ts";
import { batchOf, type PlainEvent, type Storage } from "../query/batches.ts";
import { frameMeta, identity } from "./events.ts";

const DAY_US = 1_760_000_000_000_000;
const STORAGES: Storage[] = ["dict", "bytes", "number", "bool", "rest"];

/** Forgets, as a memory under pressure does: each entry is there on some asks. */
class ForgetfulCache implements DecodedCache {
  readonly #entries = new Map<string, unknown>();
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = randomOf(seed);
  }

  get<T>(key: string): T | undefined {
    if (this.#random() < 0.2) this.#entries.delete(key);
    return this.#entries.get(key) as T | undefined;
  }

  set(key: string, value: unknown): void {
    if (this.#random() < 0.8) this.#entries.set(key, value);
  }

  admits(): boolean {
    return this.#random() < 0.8;
  }
}

/** Events drawn from a few, many enough for several pages; some messages with a word of their own, so that they are no dictionary. */
function manyEvents(pool: readonly PlainEvent[], count: number, seed: number): PlainEvent[] {
  const random = randomOf(seed);
  return Array.from({ length: count }, (_, index) => {
    const drawn = pool[Math.floor(random() * pool.length)]!;
    const fields = { ...drawn.fields };
    if (fields.message !== undefined && seed % 2 === 0) fields.message = `${fields.message} n${index} padding${"-".repeat(index % 90)}`;
    if (seed % 3 === 0) fields.trace_id = `trace-${Math.floor(index / 3)}-${"0123456789".repeat(4)}`;
    return { ...drawn, fields, timestamp_us: DAY_US + Math.floor(random() * 1e9), ingest_us: DAY_US + index };
  });
}

/** A way of storing each column, drawn by name. */
function drawnStorage(seed: number): (name: string) => Storage {
  return (name) => {
    if (["level", "service", "host"].includes(name)) return "dict";
    return STORAGES[Math.floor(randomOf(seed + name.length * 31 + name.charCodeAt(name.length - 1))() * STORAGES.length)]!;
  };
}

function frameOf(
  events: readonly PlainEvent[],
  storageOf: (name: string) => Storage,
  ordinal: number,
): { bytes: Uint8Array; masked: null } {
  return { bytes: packFrame(batchOf(events, storageOf), frameMeta(ordinal)), masked: null };
}

/** One flushed segment and the merged ones of the same events, as bytes. */
async function segmentsOf(events: readonly PlainEvent[], seed: number, storage = drawnStorage): Promise<Uint8Array[]> {
  const frames = [];
  for (let at = 0; at < events.length; at += 1_300) frames.push(frameOf(events.slice(at, at + 1_300), storage(seed + at), frames.length));
  const flushed = joinBytes(segmentFromFrames(frames, identity({ object_key: `flushed-${seed}` })).chunks);
  const files = [flushed];
  const options = { identify: (day: string, n: number) => identity({ object_key: `merged-${seed}-${day}-${n}`, level: 1, day }) };
  for await (const { chunks } of mergeSegments([await openSegment(bytesSource(flushed))], options)) files.push(joinBytes(chunks));
  return files;
}

const dataset = fc.record({
  pool: fc.array(event, { minLength: 1, maxLength: 12 }),
  count: fc.constantFrom(1, 40, 700, 9_000),
  seed: fc.nat(1000),
});

describe("a row group read lazily", () => {
  it("matches what it matches decoded, however it is asked", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, fc.array(filter, { minLength: 2, maxLength: 6 }), async ({ pool, count, seed }, filters) => {
        for (const file of await segmentsOf(manyEvents(pool, count, seed), seed)) {
          const cache = seed % 4 === 0 ? undefined : new ForgetfulCache(seed);
          const segment = await openSegment(bytesSource(file), undefined, cache);
          if (seed % 5 > 0) await segment.loadFilters([...segment.groups.keys()]);
          for (const group of segment.groups.keys()) {
            const whole = plainBatch(await segment.readGroup(group, null));
            for (const condition of filters) await checkFilter(segment, group, whole, condition);
          }
        }
      }),
      { numRuns: 40, interruptAfterTimeLimit: 8_000 },
    );
  });
});

async function checkFilter(segment: Segment, group: number, whole: EventBatch, condition: Filter): Promise<void> {
  const expected = matchRows(condition, whole);
  const { needed } = filterHints(condition);
  if (!segment.mayContain(group, needed)) {
    expect([...expected]).toEqual([]);
    return;
  }
  const columns = filterColumns(condition);
  const names = columns === "all" ? null : columns.names;
  const batch = await segment.readGroup(group, names, { needed });
  const rows = matchRows(condition, batch);
  expect([...rows]).toEqual([...expected]);
  expect([...timesOf(batch, rows)]).toEqual(Array.from(rows, (row) => whole.timestamp_us[row]));
  const shown = rows.filter((_, index) => index % Math.ceil(rows.length / 5) === 0);
  const full = await segment.readGroup(group, null, { rows: shown, known: batch });
  for (const row of shown) {
    expect(recordAt(full, row)).toEqual(recordAt(whole, row));
    expect(rowHash(full, row)).toBe(rowHash(whole, row));
    expect([timeAt(full, row), ingestAt(full, row)]).toEqual([whole.timestamp_us[row], whole.ingest_us[row]]);
  }
  if (shown.length === 0) return;
  const selected = concatBatches([selectRows(full, shown), selectRows(full, shown.slice(0, 1))]);
  for (const [index, row] of shown.entries()) expect(recordAt(selected, index)).toEqual(recordAt(whole, row));
}

describe("a segment of many pages", () => {
  const EVENTS = 20_000;
  const ids = (n: number): string => `id-${n}-${"x".repeat(n % 60)}`;
  let file: Uint8Array;

  beforeAll(async () => {
    const events = Array.from({ length: EVENTS }, (_, n): PlainEvent => {
      const fields = { service: `s${n % 5}`, message: `word${n % 4000} of ${n}`, trace_id: ids(n % 7_000) };
      return {
        timestamp_us: DAY_US + n * 1000,
        ingest_us: DAY_US + n,
        fields,
        attributes: { size: n % 3 === 0 ? null : ((n * 7_919) % 13) * 125 },
      };
    });
    const storage = () => (name: string) => (name === "attributes.size" ? "number" : name === "service" ? "dict" : "bytes");
    file = (await segmentsOf(events, 1, storage))[1]!;
  });

  /** Keeps what was read. */
  function counting(bytes: Uint8Array): { source: ReturnType<typeof bytesSource>; read: { size_bytes: number } } {
    const plain = bytesSource(bytes);
    const read = { size_bytes: 0 };
    const readOne = (offset: number, length: number) => {
      read.size_bytes += length;
      return plain.read(offset, length);
    };
    return {
      read,
      source: {
        size_bytes: plain.size_bytes,
        read: readOne,
        readMany: (ranges) => Promise.all(ranges.map(({ offset, size_bytes }) => readOne(offset, size_bytes))),
      },
    };
  }

  it("finds values of a dictionary of many pieces, each at its code, and no others", async () => {
    const segment = await openSegment(bytesSource(file));
    const column = (await segment.readGroup(0, new Set(["trace_id"]))).columns.get("trace_id") as DictColumn;
    const known = (await segment.readGroup(0, new Set(["trace_id"]))).columns.get("trace_id") as DictColumn;
    expect(column.value_count).toBe(7_000);
    const { values } = known;
    for (let code = 0; code < values.length; code += 13) {
      expect(Buffer.from(column.valueBytes!(code)).toString()).toBe(values[code]);
      expect(column.codeOf!(Buffer.from(values[code]!))).toBe(code);
    }
    for (const absent of ["", "id-", "d-5-", "id-7001-x", "x".repeat(40)]) expect(column.codeOf!(Buffer.from(absent))).toBe(0xffffffff);
  });

  it("fetches the pages alone that may have a rare word", async () => {
    const { source, read } = counting(file);
    const segment = await openSegment(source);
    await segment.loadFilters([0]);
    read.size_bytes = 0;
    await segment.readGroup(0, new Set(["message"]));
    const whole = read.size_bytes;
    read.size_bytes = 0;
    const needed = [{ words: ["word77"], values: {} }];
    const batch = await segment.readGroup(0, new Set(["message"]), { needed });
    expect(matchRows({ kind: "phrase", field: "message", parts: ["word77"] }, batch)).toHaveLength(EVENTS / 4000);
    expect(read.size_bytes).toBeLessThan(whole / 2);
  });

  it("takes the columns of a batch from before as they are", async () => {
    const { source, read } = counting(file);
    const segment = await openSegment(source);
    const known = await segment.readGroup(0, new Set(["service", "message"]));
    read.size_bytes = 0;
    const batch = await segment.readGroup(0, new Set(["service"]), { known });
    expect(read.size_bytes).toBe(0);
    expect([...batch.columns.keys()]).toEqual([...known.columns.keys()]);
    for (const name of ["service", "message"]) expect(batch.columns.get(name)).toBe(known.columns.get(name));
  });

  it("tells the runs of a sorted column", async () => {
    const segment = await openSegment(bytesSource(file));
    const { runs, codes } = (await segment.readGroup(0, new Set(["service"]))).columns.get("service") as DictColumn;
    expect(runs!.codes).toHaveLength(5);
    for (const [run, start] of runs!.starts.entries()) {
      const end = runs!.starts[run + 1] ?? EVENTS;
      expect(new Set(codes.subarray(start, end))).toEqual(new Set([runs!.codes[run]]));
    }
  });

  it("answers from what it kept when the same is asked again", async () => {
    const cache = new Map<string, unknown>();
    const segment = await openSegment(bytesSource(file), undefined, {
      get: <T>(key: string) => cache.get(key) as T | undefined,
      set: (key, value) => cache.set(key, value),
    });
    const ask = async () => matchRows(SLOW, await segment.readGroup(0, new Set(["attributes.size"])));
    const first = await ask();
    const kept = new Map(cache);
    expect(kept.size).toBeGreaterThan(0);
    expect(await ask()).toEqual(first);
    for (const [key, value] of cache) expect(kept.get(key)).toBe(value);
  });

  it("is refused where a page that is touched is damaged, and only there", async () => {
    const segment = await openSegment(bytesSource(file));
    const sound = await segment.readGroup(0, null);
    const names = [...sound.columns.keys()];
    const random = randomOf(7);
    let refused = 0;
    for (let round = 0; round < 60; round++) {
      const damaged = file.slice();
      damaged[4 + Math.floor(random() * (file.length * 0.5))]! ^= 1 + Math.floor(random() * 255);
      const batch = await (await openSegment(bytesSource(damaged))).readGroup(0, null);
      for (const name of names) {
        try {
          touch(batch.columns.get(name)!);
        } catch (error) {
          expect(error).toBeInstanceOf(SegmentError);
          refused++;
          continue;
        }
        for (let row = 0; row < EVENTS; row += 997) {
          expect(cellAt(batch.columns.get(name)!, row)).toBe(cellAt(sound.columns.get(name)!, row));
        }
      }
    }
    expect(refused).toBeGreaterThan(30);
  });
});

const SLOW: Filter = {
  kind: "compare",
  field: "attributes.size",
  operator: ">",
  operand: { kind: "number", text: "1400" },
};

/** Everything that a column has to say. */
function touch(column: Column): void {
  if (column.kind === "dict") void [column.values.length, column.codes.length];
  else if (column.kind === "bytes") void [column.bytes.length, column.offsets.length, column.present];
  else void [column.values.length, column.present];
}
