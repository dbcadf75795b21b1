/** Random `stats` pipes and what follows them. */
import fc from "fast-check";
import type { GroupKey, Pipe, StatsCall, StatsPipe } from "../../../worker/engine/query/query.ts";
import { ATTRIBUTES } from "./events.ts";

const MINUTE_US = 60_000_000;

const field = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("service", "level", "host", "environment", "trace_id", "request_id", "fingerprint") },
  { weight: 4, arbitrary: fc.constantFrom(...ATTRIBUTES.map((name) => `attributes.${name}`)) },
  { weight: 1, arbitrary: fc.constantFrom("message", "attributes.absent", "timestamp", "source") },
);
const numeric = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...ATTRIBUTES.map((name) => `attributes.${name}`)) },
  { weight: 1, arbitrary: fc.constantFrom("host", "request_id", "timestamp", "ingest_ts", "attributes.absent", "message") },
);

const bucket = fc.record({
  kind: fc.constant("bucket" as const),
  size_us: fc.constantFrom(
    1,
    7_000_000,
    5 * MINUTE_US,
    60 * MINUTE_US,
    24 * 60 * MINUTE_US,
    7 * 24 * 60 * MINUTE_US,
    14 * 24 * 60 * MINUTE_US,
  ),
  zone_us: fc.constantFrom(0, 0, 0, 120 * MINUTE_US, -330 * MINUTE_US, 14 * 60 * MINUTE_US),
  as: fc.constant(""),
});
const key: fc.Arbitrary<GroupKey> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("field" as const), field, as: fc.constant("") }) },
  { weight: 2, arbitrary: bucket },
);

/** Functions of numbers and how often they are tried. */
const NUMERIC = ["sum", "avg", "min", "max"];
const call: fc.Arbitrary<StatsCall> = fc.oneof(
  fc.constant({ name: "count", field: null, as: "" }),
  field.map((name) => ({ name: "count", field: name, as: "" })),
  { weight: 3, arbitrary: fc.record({ name: fc.constantFrom(...NUMERIC), field: numeric, as: fc.constant("") }) },
);

/** With names of its own for each column. */
export const stats: fc.Arbitrary<StatsPipe> = fc
  .tuple(fc.array(key, { maxLength: 3 }), fc.array(call, { minLength: 1, maxLength: 4 }))
  .map(([by, functions]) => ({
    kind: "stats" as const,
    functions: functions.map((each, at) => ({ ...each, as: `f${at}` })),
    by: by.map((each, at) => ({ ...each, as: `k${at}` })),
  }));

/** Pipes on the table of a `stats`. */
export function after(pipe: StatsPipe): fc.Arbitrary<Pipe[]> {
  const names = [...pipe.by, ...pipe.functions].map(({ as }) => as);
  const sort = fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 })
    .chain((columns) => fc.tuple(...columns.map((column) => fc.record({ column: fc.constant(column), descending: fc.boolean() }))))
    .map((keys) => ({ kind: "sort" as const, keys }));
  const limit = fc.constantFrom(0, 1, 3, 100).map((count) => ({ kind: "limit" as const, count }));
  const offset = fc.constantFrom(0, 1, 2).map((count) => ({ kind: "offset" as const, count }));
  return fc.array(fc.oneof(sort, limit, offset), { maxLength: 3 }) as fc.Arbitrary<Pipe[]>;
}
