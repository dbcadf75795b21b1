import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import { EventWriter } from "../../../worker/engine/decode/event-writer.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { DecodeFailure } from "../../../worker/engine/decode/types.ts";
import { addRecord, parseExactJson } from "../../../worker/engine/normalize/flatten.ts";
import { CUT_MARK } from "../../../worker/limits.ts";
import { CONTEXT, jsonRecords, records, utf8 } from "./records.ts";

const TIMEOUT_MS = 60_000;
const writer = new EventWriter();

/** The slow and plain way: JSON.parse, then value by value. */
function reference(texts: string[]): EventRecord[] {
  writer.begin(CONTEXT);
  for (const text of texts) {
    writer.draft.begin(new Uint8Array(0));
    addRecord(writer.draft, parseExactJson(text) as object);
    writer.commit(text.length);
  }
  writer.finish();
  return records({ batches: writer.batches, accepted: writer.accepted, rejected: 0, errors: [] });
}

/** A name that comes twice is marked; JSON.parse keeps the last value and tells nothing. */
function withoutMark({ attributes: { [CUT_MARK]: _mark, ...attributes }, ...record }: EventRecord): EventRecord {
  return { ...record, attributes };
}

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 12 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom("info", "ERROR", "NOTICE", "30", "2026-02-03T04:05:06.7Z", "1770091506789", "", "\u0000", "\\", '"', "\ud800", "é😀"),
);
const number = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer(),
  fc.bigInt().map(Number),
  fc.constantFrom(0, -0, 1e21, 30, 9, 1e-7, 2 ** 53, 1_770_091_506),
);
const name = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      "message",
      "msg",
      "level",
      "severity",
      "time",
      "@timestamp",
      "service",
      "host",
      "name",
      "trace_id",
      "event_id",
      "log",
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom("a", "b", "c", "attributes", "resource", "x y", "__proto__") },
  { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) },
);
const { value } = fc.letrec<{ value: unknown; object: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text,
    number,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    tie("object"),
  ),
  object: fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
}));
const event = fc.dictionary(name, value, { minKeys: 1, maxKeys: 7, noNullPrototype: true });
/** As many writers of JSON would write it: compact or with white space, escaped or not. */
const style = fc.constantFrom(
  (object: unknown) => JSON.stringify(object),
  (object: unknown) => JSON.stringify(object, null, 1).replaceAll("\n", "\t\r "),
  (object: unknown) =>
    JSON.stringify(object).replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
);

function outcome(json: string): { accepted: number; rejected: number } {
  try {
    return decodeJson(utf8(json), CONTEXT);
  } catch (error) {
    expect(error).toBeInstanceOf(DecodeFailure);
    return { accepted: 0, rejected: 1 };
  }
}

describe("the scanner", () => {
  it(
    "makes of any events what JSON.parse and plain code make of them",
    () => {
      fc.assert(
        fc.property(fc.array(fc.tuple(event, style), { minLength: 1, maxLength: 12 }), (events) => {
          const texts = events.map(([object, write]) => write(object));
          expect(jsonRecords(texts.join("\n"))).toEqual(reference(texts));
          expect(jsonRecords(`[${texts.join(",")}]`)).toEqual(reference(texts));
        }),
        { numRuns: 400 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "makes of lines that resemble each other what JSON.parse and plain code make of them",
    () => {
      const names = ["time", "level", "msg", "service", "a", "b", "a.b", "n", "status", "", "x\\y", "été"];
      const orders = fc.array(fc.shuffledSubarray(names, { minLength: 2 }), { minLength: 1, maxLength: 3 });
      const blank = fc.constantFrom("", "", "", " ", "\t ");
      const line = fc.record({
        order: fc.nat(),
        kept: fc.array(fc.boolean(), { minLength: names.length, maxLength: names.length }),
        // One more than there are names: one of them may come twice.
        values: fc.array(fc.oneof(text, number, value), { minLength: names.length + 1, maxLength: names.length + 1 }),
        twice: fc.option(fc.nat({ max: names.length - 1 }), { nil: undefined, freq: 5 }),
        blanks: fc.array(blank, { minLength: 4, maxLength: 4 }),
      });
      fc.assert(
        fc.property(orders, fc.array(line, { minLength: 5, maxLength: 40 }), (known, lines) => {
          const texts = lines.map(({ order, kept, values, twice, blanks }) => {
            const [before = "", after = "", colon = "", end = ""] = blanks;
            const members = known[order % known.length]!.filter((_, index) => kept[index] || index === 0);
            // An object under a name that comes twice leaves its members behind.
            const shown = twice === undefined ? values : values.map((item) => (typeof item === "object" ? "x" : item));
            const doubled = twice === undefined ? members : [...members, members[twice % members.length]!];
            const written = doubled.map(
              (key, index) => `${before}${JSON.stringify(key)}${colon}:${after}${JSON.stringify(shown[index])}${end}`,
            );
            return `{${written.join(",")}}`;
          });
          expect(jsonRecords(texts.join("\n")).map(withoutMark)).toEqual(reference(texts).map(withoutMark));
        }),
        { numRuns: 300 },
      );
    },
    TIMEOUT_MS,
  );

  it("finds the end of a text at any place of a word, whatever stands before it", () => {
    const odd = ["", "\\", '\\"', "\\u00e9", "\\n", "é", "€", "😀", "~", "\u007f", "!", "#", "["];
    for (let before = 0; before < 10; before++) {
      for (const mark of odd) {
        for (let after = 0; after < 10; after++) {
          const raw = `${"a".repeat(before)}${mark === "\\" ? "\\\\" : mark}${" ".repeat(after)}`;
          const json = `{"x":"${raw}","y":"${"b".repeat(after)}"}`;
          const { x, y } = JSON.parse(json) as { x: string; y: string };
          expect([json, jsonRecords(json)[0]!.attributes]).toEqual([json, { x, y }]);
          for (const bad of [`{"x":"${raw}\u0007"}`, `{"x":"${raw}`, `{"x":"${raw}\n"}`, `{"x":"${raw}\\`]) {
            expect([bad, outcome(bad).accepted]).toEqual([bad, 0]);
          }
        }
      }
    }
  });

  it(
    "takes exactly the objects that JSON.parse takes",
    () => {
      const pieces = fc.constantFrom(
        '{"a":',
        "{",
        "}",
        '"b"',
        ":",
        ",",
        "[",
        "]",
        "1",
        "-",
        ".5",
        "e3",
        "true",
        "null",
        '"\\u00',
        '41"',
        '"',
        "\\",
        " ",
        "é",
        "0",
      );
      fc.assert(
        fc.property(fc.array(pieces, { maxLength: 10 }), (parts) => {
          const json = `{"x":${parts.join("")}}`;
          let expected: unknown = null;
          try {
            expected = JSON.parse(json);
          } catch (error) {
            expect(error).toBeInstanceOf(SyntaxError);
          }
          const { accepted, rejected } = outcome(json);
          expect([json, accepted === 1 && rejected === 0]).toEqual([json, expected !== null]);
        }),
        { numRuns: 2000 },
      );
    },
    TIMEOUT_MS,
  );
});
