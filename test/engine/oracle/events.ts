/** Random events that lie where engines go wrong: one small vocabulary, so that conditions often hit, and the traps of text, numbers and time. */
import fc from "fast-check";
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import { randomOf } from "../../support/random.ts";
import type { PlainEvent } from "../query/batches.ts";

const DAY_US = 86_400_000_000;
export const MIDNIGHT_US = Date.UTC(2026, 2, 1) * 1000;

export const WORDS = [
  "error",
  "Error",
  "ERROR",
  "time",
  "timeout",
  "out",
  "k",
  "K",
  "\u212a",
  "i",
  "I",
  "\u0130",
  "ı",
  "ß",
  "ẞ",
  "ss",
  "ΣΑΣ",
  "σας",
  "σασ",
  "é",
  "e\u0301",
  "É",
  "\u212b",
  "å",
  "ſ",
  "ǅ",
  "日本",
  "😀",
  "\u{10400}",
  "\u{10428}",
  "x_y",
  "a",
  "b2",
  "500",
  "x\u200by",
  "\uffff",
];
export const NUMERALS = [
  "500",
  "5.0",
  "+5",
  "005",
  ".5",
  "5.",
  "-0",
  "1e3",
  "1E3",
  "1e308",
  "1e309",
  "-3",
  "9007199254740991",
  "9007199254740992",
  "9007199254740993",
  "-9007199254740993",
  "18446744073709551615",
  "1e21",
  "1000000000000000000000",
  "NaN",
  "Infinity",
  "0x10",
  "1_000",
  " 5",
  "٥",
];
const SEPARATORS = [" ", " ", "-", ".", ": ", "/", "*", '"', "'", "\\", "\n", "\r\n", "\t", "\0", "", "|", "(", "%", "_"];
export const ATTRIBUTES = ["duration_ms", "path", "user.name", "naïve", 'a"b', "__proto__", "level", "tags", "stats", "constructor"];

export const word = fc.constantFrom(...WORDS);
export const prose = fc
  .array(fc.tuple(fc.oneof(word, word, fc.string({ maxLength: 3 })), fc.constantFrom(...SEPARATORS)), { maxLength: 5 })
  .map((pieces) => pieces.flat().join(""));
export const text = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 3, arbitrary: prose },
  { weight: 1, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom(...NUMERALS) },
  { weight: 1, arbitrary: fc.constantFrom("true", "false", "null", "[1]", "{}", '["a"]') },
);
export const number = fc.oneof(
  fc.integer({ min: -5, max: 5 }),
  fc.constantFrom(500, 0.5, -0.5, 0, -0, 1000, 0.1, 0.30000000000000004, 5e-324, 1e21, 1e308, -1.7976931348623157e308),
  fc.constantFrom(2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, 2 ** 53 + 2, 2 ** 63),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const scalar: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: text },
  { weight: 4, arbitrary: number },
  { weight: 1, arbitrary: fc.boolean() },
);
const array = fc.array(
  fc.oneof(
    scalar,
    scalar,
    fc.constant(null),
    fc.array(scalar, { maxLength: 2 }),
    scalar.map((held) => ({ held })),
  ),
  { maxLength: 3 },
);
/** Values of an attribute that is of one type in most events, as real ones are, or of any. */
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 6, arbitrary: scalar },
  { weight: 1, arbitrary: array },
  { weight: 1, arbitrary: fc.constant(null) },
);

/** Edges of five minutes, hours and days; before 1970; late by days; far ahead: within the 2^53 microseconds that ingest admits. */
export const time_us = fc
  .tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: 3 }).map((days) => MIDNIGHT_US + days * DAY_US) },
      {
        weight: 1,
        arbitrary: fc.constantFrom(0, -DAY_US, -4 * DAY_US, 4 * DAY_US, Date.UTC(2200, 0, 1) * 1000),
      },
    ),
    fc.constantFrom(0, 0, 1, 5, 12, 287).map((buckets) => buckets * 300_000_000),
    fc.oneof(fc.constantFrom(0, -1, 1, 999, 1_000, 299_999_999, -1_000_000), fc.integer({ min: 0, max: 600_000_000 })),
  )
  .map(([day_us, bucket_us, offset_us]) => day_us + bucket_us + offset_us);

/** Attributes that mostly are of one type: numbers of any size, few numbers, texts, few texts, lists. */
const mostly = (usual: fc.Arbitrary<unknown>) => fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: value });
const typical = fc.record(
  {
    duration_ms: mostly(fc.oneof(number, fc.double({ min: 0, max: 5_000, noNaN: true }))),
    stats: mostly(fc.integer({ min: -3, max: 3 })),
    path: mostly(text),
    "user.name": mostly(word),
    tags: mostly(array),
    naïve: mostly(fc.boolean()),
    level: value,
  },
  { requiredKeys: [] },
) as fc.Arbitrary<Record<string, unknown>>;

const FINGERPRINTS = [0, 1, 2 ** 53 - 1, 0x1234567890abc];

/** `ingest_us` is given by `eventsOf`: it tells the events apart. */
const event: fc.Arbitrary<PlainEvent> = fc.record({
  timestamp_us: time_us,
  ingest_us: fc.constant(0),
  fingerprint: fc.option(fc.constantFrom(...FINGERPRINTS), { nil: undefined }),
  fields: fc.record(
    {
      level: fc.constantFrom(...LEVELS),
      service: fc.oneof(word, fc.constant("")),
      environment: fc.constantFrom("prod", "dev"),
      host: text,
      message: fc.oneof({ weight: 3, arbitrary: prose }, { weight: 1, arbitrary: text }),
      trace_id: fc.constantFrom("0af7", "0AF7", "", "beef"),
      request_id: text,
    },
    { requiredKeys: [] },
  ),
  attributes: fc.oneof(
    { weight: 3, arbitrary: typical },
    { weight: 1, arbitrary: fc.dictionary(fc.constantFrom(...ATTRIBUTES), value, { maxKeys: 6 }) },
  ),
});

export interface Dataset {
  pool: PlainEvent[];
  /** Events made of the pool; 0: the pool itself. */
  repeats: number;
  seed: number;
}

/** Few events with many values, or many events with few. */
export const dataset: fc.Arbitrary<Dataset> = fc.record({
  pool: fc.array(event, { minLength: 1, maxLength: 40, size: "max" }),
  repeats: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.constantFrom(60, 700, 1_500) }),
  seed: fc.nat(1_000_000),
});

/** The events of a dataset; each has an `ingest_us` of its own, by which it is known. Repeats differ by a day, a bucket, or nothing at all. */
export function eventsOf({ pool, repeats, seed }: Dataset): PlainEvent[] {
  const random = randomOf(seed);
  const shifts_us = [0, 0, 0, 300_000_000, DAY_US, -DAY_US, 1, 7_000_000];
  const drawn = Array.from({ length: repeats }, () => {
    const base = pool[Math.floor(random() * pool.length)]!;
    return { ...base, timestamp_us: base.timestamp_us + shifts_us[Math.floor(random() * shifts_us.length)]! };
  });
  return (repeats === 0 ? pool : drawn).map((each, at) => ({ ...each, ingest_us: MIDNIGHT_US + at * 1_000_003 }));
}
