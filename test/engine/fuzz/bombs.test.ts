/** What is small on disk and vast in memory, or short and slow: refused or answered within bounds. */
import { constants, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";
import { DecodeFailure } from "../../../worker/engine/decode/types.ts";
import { matchRows, parseQuery, QuerySyntaxError } from "../../../worker/engine/query/query.ts";
import { FrameError, SegmentError } from "../../../worker/engine/segment/errors.ts";
import { unpackFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { batchOf } from "../segment/events.ts";
import { flushSamples, mergeSamples, packSamples } from "./samples.ts";
import { refuses } from "./target.ts";
import { watched, withBombs } from "./watch.ts";

const BOMB_SIZE_BYTES = 256 * 1024 * 1024;
const ALLOWANCE = { single_size_bytes: 16 * 1024 * 1024, total_size_bytes: 192 * 1024 * 1024 };
const CONTEXT = { received_us: 0, defaults: {} };

describe("a page that decompresses to far more than it says", async () => {
  const bomb = zstdCompressSync(new Uint8Array(BOMB_SIZE_BYTES), { params: { [constants.ZSTD_c_compressionLevel]: 1 } });
  const whole = packSamples();
  const flushed = flushSamples(whole);
  const frames = await withBombs(bomb, () => packSamples());
  const segments = await withBombs(bomb, async () => [...flushSamples(whole), ...(await mergeSamples(flushed))]);

  it("is not decompressed in a frame", async () => {
    for (const frame of frames) await watched(ALLOWANCE, () => refuses([FrameError], () => unpackFrame(frame)));
  });

  it("is not decompressed in a segment", async () => {
    for (const bytes of segments) {
      await watched(ALLOWANCE, async () => {
        const segment = await openSegment(bytesSource(bytes));
        await refuses([SegmentError], () => segment.readGroup(0, null));
        await refuses([SegmentError], () => segment.readGroup(0, new Set(["message"])));
      });
    }
  });
});

/** Holds the letters that the expressions need, at places where they do not help. */
const LONG = `b0 x B ${"a".repeat(100_000)}!`;

/** Each would take a backtracking matcher longer than the universe lasts. */
const EXPRESSIONS = [
  "a(a*)*b",
  "^b0 x B (a*)*$",
  "(a|a|a)*[^a!]$",
  "(a+)+$b",
  "a(a|a)*b",
  "(a|aa)+$",
  "(.*a){25}b",
  `${"a?".repeat(60)}${"a".repeat(60)}b`,
  "a([a-z]+)*[0-9]",
  "(?i)(A+A+)+B",
  "^(a?){50}a{50}$b",
  "(x+x+)+y|(a+a+)+b",
];

describe("expressions that explode", () => {
  it.each(EXPRESSIONS)("%s is matched in linear time, or refused", (expression) => {
    const batch = batchOf([{ timestamp_us: 0, ingest_us: 0, values: { message: LONG, "attributes.a": LONG } }], { message: "bytes" });
    for (const field of ["message", "a"]) {
      const { filter } = parseQuery(`${field}:~"${expression}"`, { now_us: 0 });
      expect(matchRows(filter, batch)).toHaveLength(0);
    }
  });

  it.each([
    "((((a{100}){100}){100}){100})",
    "(a{1000}){1000}",
    "a{1001}",
    "(((a|b|c|d|e|f)*){30}){30}",
    `${"(".repeat(400)}a${")*".repeat(400)}`,
    "\\pL{500}",
    "[^a]{1000}",
    "(?i)\\pL{300}",
  ])("%s is compiled within bounds, or refused", async (expression) => {
    await watched(ALLOWANCE, () => refuses([QuerySyntaxError], () => parseQuery(`message:~"${expression}"`, { now_us: 0 })));
  });
});

describe("nesting without end", () => {
  it.each([
    ["parentheses", "(".repeat(16_000)],
    ["negations", `${"-".repeat(16_000)}a`],
    ["NOT", `${"NOT ".repeat(4_000)}a`],
    ["groups of conditions", "(a OR ".repeat(2_500)],
    ["conditions", Array.from({ length: 8_000 }, () => "a").join(" ")],
    ["a list", `a:(${Array.from({ length: 8_000 }, () => "b").join(",")})`],
    ["pipes", "* | limit 1".concat(" | limit 1".repeat(1_500))],
    ["stars", "*a".repeat(8_000)],
    ["quotes", '"'.repeat(16_000)],
    ["backslashes", "\\".repeat(16_001)],
  ])("of %s is refused or read", async (_, text) => {
    await watched(ALLOWANCE, () => refuses([QuerySyntaxError], () => matchRows(parseQuery(text, { now_us: 0 }).filter, batchOf([]))));
  });

  it.each([
    ["arrays", `{"a":${"[".repeat(200_000)}`],
    ["closed arrays", `{"a":${"[".repeat(200_000)}${"]".repeat(200_000)}}`],
    ["objects", `{"a":`.repeat(100_000)],
    ["closed objects", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`],
    ["a top level", "[".repeat(500_000)],
    ["members", `{${Array.from({ length: 50_000 }, (_, at) => `"k${at}":${at}`).join(",")}}`],
    ["one name", `{${Array.from({ length: 50_000 }, () => '"k":1').join(",")}}`],
    ["a long name", `{"${"k".repeat(300_000)}":1}`],
    ["escapes", `{"a":"${"\\u0041".repeat(100_000)}"}`],
  ])("of %s in JSON is refused or read", async (_, text) => {
    for (const decode of [decodeJson, decodeText]) {
      await watched(ALLOWANCE, () => refuses([DecodeFailure], () => decode(new TextEncoder().encode(text), CONTEXT)));
    }
  });
});
