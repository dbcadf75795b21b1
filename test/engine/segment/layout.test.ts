/** Parts of the second version of the layout by themselves: merged and sorted dictionaries, words by page, packed facts, units of time. */
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { bytesOf } from "../../../worker/engine/batch/unify.ts";
import { wordsOf } from "../../../worker/engine/batch/words.ts";
import { ByteReader, ByteSink } from "../../../worker/engine/segment/bytes.ts";
import { encodeBytes, encodeTimes, scaleOf } from "../../../worker/engine/segment/encode-column.ts";
import { DamageError } from "../../../worker/engine/segment/errors.ts";
import { mergeFacts, readFacts, type SegmentFacts, writeFacts } from "../../../worker/engine/segment/facts.ts";
import { packFrame, readFrameHeader, unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { readDataPage } from "../../../worker/engine/segment/pages.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { decodeStrings, encodeStrings } from "../../../worker/engine/segment/strings.ts";
import { partOfHash, UnitFilter } from "../../../worker/engine/segment/unit-filter.ts";
import { UnitFilterBuilder } from "../../../worker/engine/segment/unit-filter-builder.ts";
import { reordered, sortedCodes, Utf8Source, Utf8Table } from "../../../worker/engine/segment/utf8-table.ts";
import { addWords, wordHash32 } from "../../../worker/engine/segment/words-of-pages.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { randomOf } from "../../support/random.ts";
import { batchOf, flatRows, flatRowsOf, frameMeta, identity, sorted, typicalRows } from "./events.ts";

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
const texts = fc.array(fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.stringMatching(/^[ab]{0,40}$/)), { maxLength: 200 });

describe("tables of strings", () => {
  it("number distinct values as they come", () => {
    fc.assert(
      fc.property(texts, (values) => {
        const table = new Utf8Table();
        const source = new Utf8Source(encodeStrings(values));
        const codes = values.map((_, index) => table.add(source, index));
        const distinct = [...new Set(values)];
        expect(codes).toEqual(values.map((value) => distinct.indexOf(value)));
        expect(decodeStrings(table.list())).toEqual(distinct);
      }),
    );
  });

  it("are sorted by their bytes", () => {
    fc.assert(
      fc.property(texts, (values) => {
        const distinct = [
          ...new Set([...values, ...values.map((value) => `${value}\0`), ...values.map((value) => `same beginning of all ${value}`)]),
        ];
        const list = encodeStrings(distinct);
        expect(decodeStrings(reordered(list, sortedCodes(list)))).toEqual(distinct.toSorted(byBytes));
      }),
    );
    const long = Array.from({ length: 40 }, (_, index) => "x".repeat(3000) + String((index * 17) % 40));
    const list = encodeStrings(long);
    expect(decodeStrings(reordered(list, sortedCodes(list)))).toEqual(long.toSorted(byBytes));
  });
});

describe("filters of a segment", () => {
  /** The parts of the filter of some groups of messages, each with rows a page; and how to ask it. */
  function filterOf(groups: readonly (readonly string[])[], per_page: number, kind: "bytes" | "dict") {
    const builder = new UnitFilterBuilder();
    const first_pages = [0];
    for (const rows of groups) {
      const page_rows = Array.from({ length: Math.ceil(rows.length / per_page) }, (_, page) =>
        Math.min(per_page, rows.length - page * per_page),
      );
      const codes = Uint32Array.from(rows, (_, row) => row);
      expect(addWords(builder, kind === "bytes" ? bytesOf(rows, null) : { kind, values: [...rows], codes }, page_rows)).toBe(true);
      first_pages.push(builder.units);
    }
    const parts = builder.finish()!.map((part) => UnitFilter.decode(part));
    const pagesWith = (word: string): Uint8Array => {
      const hash = wordHash32(word);
      const part = parts[partOfHash(hash, parts.length)]!;
      const pages = new Uint8Array(part.unit_count).fill(1);
      part.keep(hash, 0, pages);
      for (const [page, mark] of pages.entries()) expect(part.has(hash, page)).toBe(mark === 1);
      return pages;
    };
    return { first_pages, parts, pagesWith };
  }

  const words = fc.constantFrom("GET", "timeout", "of", "peer", "Größe", "naïve", "_x", "9", "café", "日本語", "a");
  const separators = fc.constantFrom(" ", "=", "/", ".", " - ", "");
  const message = fc
    .tuple(fc.array(fc.tuple(words, separators), { maxLength: 8 }), fc.nat(400))
    .map(([parts, number]) => `${parts.map(([word, separator]) => word + separator).join("")} ${number}`);

  it.each(["bytes", "dict"] as const)("find each ASCII word of each row on its page, in columns of %s", (kind) => {
    fc.assert(
      fc.property(fc.array(fc.array(message, { maxLength: 60 }), { maxLength: 4 }), fc.integer({ min: 1, max: 9 }), (groups, per_page) => {
        const { first_pages, pagesWith } = filterOf(groups, per_page, kind);
        for (const [group, rows] of groups.entries()) {
          for (const [row, text] of rows.entries()) {
            for (const word of wordsOf(text).filter((word) => !/[\u0080-\uffff]/.test(word))) {
              expect(pagesWith(word)[first_pages[group]! + Math.floor(row / per_page)], `${word} of ${text}`).toBe(1);
            }
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  it("say no to nearly all pages for words that are not there, from the part that would know", () => {
    const groups = Array.from({ length: 5 }, (_, group) =>
      Array.from(
        { length: 20_000 },
        (_, row) => `job ${row} of queue${row % 7} done after ${(row * 7919 + group) % 1000} ms ${group * 20_000 + row}x`,
      ),
    );
    const { parts, pagesWith } = filterOf(groups, 500, "bytes");
    expect(parts.length).toBeGreaterThan(1);
    let kept = 0;
    for (let probe = 0; probe < 200; probe++) kept += pagesWith(`absent${probe}`).reduce((sum, page) => sum + page);
    expect(kept).toBeLessThan((200 * 200) / 256 + 60);
    expect(pagesWith("job").every((page) => page === 1)).toBe(true);
    expect(pagesWith("50123x").reduce((sum, page) => sum + page)).toBeLessThan(6);
  });

  it("are left out where words were made to collide", () => {
    const rows: string[] = [];
    for (let number = 0; rows.length < 1_200; number++) {
      const word = number.toString(36);
      const hash = wordHash32(word);
      if (((hash ^ (hash >>> 15)) & 0xfff) === 77) rows.push(word);
    }
    expect(addWords(new UnitFilterBuilder(), bytesOf(rows, null), [rows.length])).toBe(false);
  });

  it("of other lengths than they say are damage", () => {
    const builder = new UnitFilterBuilder();
    addWords(builder, bytesOf(["a b c"], null), [1]);
    const [encoded] = builder.finish()!;
    expect(() => UnitFilter.decode(encoded!.subarray(0, encoded!.length - 1))).toThrow(DamageError);
  });
});

it("facts come back as they were, however they lie", () => {
  const entry = fc.record({
    bucket: fc.integer({ min: -5, max: 5 }),
    level: fc.nat(6),
    service: fc.nat(2),
    count: fc.integer({ min: 1, max: 2 ** 31 }),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 60 }), (entries) => {
      const facts: SegmentFacts = mergeFacts([
        {
          services: ["", "api", "größe"],
          bucket_us: Float64Array.from(entries, ({ bucket }) => bucket * 300_000_000),
          level: Uint8Array.from(entries, ({ level }) => level),
          service: Uint32Array.from(entries, ({ service }) => service),
          count: Uint32Array.from(entries, ({ count }) => count % 1_000_000),
        },
      ]);
      const sink = new ByteSink();
      writeFacts(sink, facts);
      expect(readFacts(new ByteReader(sink.copy()), facts.services)).toEqual(facts);
    }),
  );
});

describe("units of time", () => {
  const START_US = 1_767_225_600_000_000;

  it("are milliseconds where every time is whole ones", () => {
    expect(scaleOf(Float64Array.from([START_US, START_US + 1_000, -3_000]))).toBe(1_000);
    expect(scaleOf(Float64Array.from([START_US, START_US + 1]))).toBe(1);
  });

  it.each([
    [40, 1_000],
    [40, 1],
    [700, 1_000],
    [700, 1],
  ])("of a frame of %i rows with steps of %i microseconds come back", (rows, step) => {
    const batch = batchOf(typicalRows(rows, 5));
    for (let row = 0; row < rows; row++) {
      batch.timestamp_us[row] = START_US - ((row * 7919) % 1000) * step;
      batch.ingest_us[row] = START_US + row * step;
    }
    const frame = packFrame(batch, frameMeta(0));
    expect(
      readFrameHeader(frame)
        .columns.slice(0, 2)
        .map(({ scale }) => scale),
    ).toEqual([step, step]);
    const unpacked = unpackFrame(frame);
    expect(unpacked.timestamp_us).toEqual(batch.timestamp_us);
    expect(unpacked.ingest_us).toEqual(batch.ingest_us);
  });

  it.each([[[1_000, 1_000]], [[1_000, 1]], [[1, 1]]])("of segments follow from those of all their frames: %j", async (steps) => {
    const parts = steps.map((step, part) =>
      typicalRows(600, part).map((row, index) => ({ ...row, timestamp_us: START_US + index * step, ingest_us: START_US + index * step })),
    );
    const frames = parts.map((rows, ordinal) => ({ bytes: packFrame(batchOf(rows), frameMeta(ordinal)), masked: null }));
    const flushed = await openSegment(bytesSource(joinBytes(segmentFromFrames(frames, identity()).chunks)));
    const scale = Math.min(...steps);
    const expected = sorted(flatRowsOf(parts.flat()));
    const merged: Uint8Array[] = [];
    for await (const { chunks } of mergeSegments([flushed], { identify: () => identity({ level: 1 }) })) merged.push(joinBytes(chunks));
    for (const segment of [flushed, await openSegment(bytesSource(merged[0]!))]) {
      expect(segment.columns.slice(0, 2).map((column) => column.scale)).toEqual([scale, scale]);
      expect(sorted(flatRows(await segment.readGroup(0, null)))).toEqual(expected);
    }
  });

  it("are exact at their limits", () => {
    const sink = new ByteSink();
    const times = Float64Array.from([-9_007_199_254_740_000, 9_007_199_254_740_000]);
    encodeTimes(sink, times, scaleOf(times));
    expect(readDataPage(sink.bytes, 0, sink.length).rows).toBe(2);
  });
});

describe("pages of strings", () => {
  const pageSizes = (rows: readonly string[]): number[] => {
    const sink = new ByteSink();
    encodeBytes(sink, bytesOf(rows, null), rows.length, "thorough");
    const sizes: number[] = [];
    for (let at = 0; at < sink.length; ) {
      const page = readDataPage(sink.bytes, at, sink.length);
      sizes.push(page.values_raw_size);
      at = page.end;
    }
    return sizes;
  };

  it("are of 64 KiB where they compress, of 32 where they do not", () => {
    const plain = pageSizes(Array.from({ length: 4000 }, (_, row) => `the same words again and again, ${row}`));
    expect(Math.max(...plain)).toBeGreaterThan(60 * 1024);
    expect(Math.max(...plain)).toBeLessThanOrEqual(64 * 1024);
    const random = randomOf(3);
    const noise = pageSizes(
      Array.from({ length: 2000 }, () => Array.from({ length: 90 }, () => String.fromCharCode(33 + random() * 90)).join("")),
    );
    expect(Math.max(...noise)).toBeLessThanOrEqual(32 * 1024);
  });
});
