import fc from "fast-check";
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import { PAGED_ROWS_MIN } from "../../../worker/engine/segment/frame.ts";
import type { Row } from "./events.ts";

const value = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.constantFrom("a", "b", "", "ÄÖ", "𝒳"),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
);

/** Columns of one type each, with gaps. */
export const rowsArbitrary = fc
  .record({
    count: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: PAGED_ROWS_MIN, max: PAGED_ROWS_MIN + 90 })),
    columns: fc.dictionary(
      fc.constantFrom("message", "host", "level", "trace_id", "attributes.a", "attributes.b.c", "attributes.ü"),
      fc.array(value, { minLength: 1, maxLength: 12 }),
    ),
    gaps: fc.integer({ min: 1, max: 9 }),
    seed: fc.integer(),
    rest: fc.dictionary(fc.oneof(fc.string({ maxLength: 8 }), fc.constantFrom("a", "b.c")), fc.jsonValue({ maxDepth: 1 }), {
      maxKeys: 3,
      noNullPrototype: true,
    }),
  })
  .map(({ count, columns, gaps, seed, rest }) =>
    Array.from({ length: count }, (_, index): Row => {
      const values: Row["values"] = {};
      for (const [ordinal, [name, pool]] of Object.entries(columns).entries()) {
        const type = name.startsWith("attributes.") ? typeof pool[0] : "string";
        const usable = pool.filter((candidate) => typeof candidate === type).map((candidate) => (Object.is(candidate, -0) ? 0 : candidate));
        const pick = Math.abs(Math.imul(index + 1, seed | 1) + ordinal) % (usable.length + (index % gaps === 0 ? 1 : 0));
        if (usable[pick] !== undefined) values[name] = name === "level" ? LEVELS[index % LEVELS.length]! : usable[pick];
      }
      return {
        timestamp_us: 1e15 + ((index * seed) % 1e9),
        ingest_us: 1e15 + index,
        values,
        ...(index % 5 === 0 ? { rest: besides(values, rest) } : {}),
      };
    }),
  );

/** A row has an attribute in its column or in its rest, never in both. */
function besides(values: Row["values"], rest: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(rest).filter(([name]) => values[`attributes.${name}`] === undefined));
}
