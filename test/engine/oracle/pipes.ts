/** Random `stats` pipes and what follows them. */
import fc from "fast-check";
import type { Expression } from "../../../worker/engine/query/expressions/expression.ts";
import type { GroupKey, Pipe, StatsCall, StatsPipe } from "../../../worker/engine/query/query.ts";
import { computedField } from "../../../worker/engine/query/stats/stats-source.ts";
import { ATTRIBUTES } from "./events.ts";
import { numbers, texts } from "./expressions.ts";
import { filter } from "./filters.ts";

const MINUTE_US = 60_000_000;

const field = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom("service", "level", "host", "environment", "trace_id", "request_id", "fingerprint") },
  { weight: 4, arbitrary: fc.constantFrom(...ATTRIBUTES.map((name) => `attributes.${name}`)) },
  { weight: 1, arbitrary: fc.constantFrom("message", "attributes.absent", "timestamp", "source") },
);
const numeric = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("attributes.duration_ms", "attributes.stats") },
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
export const key: fc.Arbitrary<GroupKey> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("field" as const), field, as: fc.constant("") }) },
  { weight: 2, arbitrary: bucket },
  { weight: 1, arbitrary: texts.map(computedKey) },
);

/** Functions of numbers, tried as often as the rest together. */
const NUMERIC = ["sum", "avg", "min", "max", "variance", "stddev", "median", "p75", "p90", "p95", "p99", "p999", "histogram"];
const OF_ANY = ["count", "count_uniq", "first", "last", "any", "values"];
const no_time = (name: string) => name !== "timestamp" && name !== "ingest_ts";

const call: fc.Arbitrary<StatsCall> = fc.oneof(
  fc.constant({ name: "count", field: null, as: "" }),
  { weight: 2, arbitrary: fc.record({ name: fc.constantFrom(...OF_ANY), field, as: fc.constant("") }) },
  { weight: 3, arbitrary: fc.record({ name: fc.constantFrom(...NUMERIC), field: numeric.filter(no_time), as: fc.constant("") }) },
  fc.record({ name: fc.constantFrom("min", "max"), field: fc.constantFrom("timestamp", "ingest_ts"), as: fc.constant("") }),
  fc
    .tuple(fc.constantFrom(0, 0.05, 0.25, 0.333, 0.5, 0.95, 0.999, 1), numeric.filter(no_time))
    .map(([share, name]) => ({ name: "quantile", field: name, parameters: [share], as: "" })),
  fc
    .tuple(fc.constantFrom(1, 3, 10), numeric.filter(no_time))
    .map(([most, name]) => ({ name: "histogram", field: name, parameters: [most], as: "" })),
  fc.tuple(fc.constantFrom("sum", "min", "max", "p90", "count"), numbers).map(([name, x]) => computed(name, x)),
);

/** Of an expression that is no field: its column has a name that no event has. */
function computed(name: string, x: Expression): StatsCall {
  const expression = { kind: "call" as const, name: "+", args: [x, { kind: "literal" as const, value: 0 }] };
  return { name, field: computedField(expression), expression, as: "" };
}

function computedKey(value: Expression): GroupKey {
  const expression = { kind: "call" as const, name: "to_string", args: [value] };
  return { kind: "field", field: computedField(expression), expression, as: "" };
}

const conditional = fc
  .tuple(call, fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: filter }))
  .map(([each, where]) => (where ? { ...each, where } : each));

/** With names of its own for each column. */
export const stats: fc.Arbitrary<StatsPipe> = fc
  .tuple(fc.array(key, { maxLength: 3 }), fc.array(conditional, { minLength: 1, maxLength: 4 }))
  .map(([by, functions]) => ({
    kind: "stats" as const,
    functions: functions.map((each, at) => ({ ...each, as: `f${at}` })),
    by: by.map((each, at) => ({ ...each, as: `k${at}` })),
  }));

/** Pipes on the table of a `stats`. */
export function after(pipe: StatsPipe): fc.Arbitrary<Pipe[]> {
  // What is not exact to the last digit, or any of several, is nothing to sort by.
  const loose = ["variance", "stddev", "any", "histogram"];
  const names = [...pipe.by, ...pipe.functions.filter(({ name }) => !loose.includes(name))].map(({ as }) => as);
  if (names.length === 0) return fc.constant([]);
  const sort = fc
    .uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 })
    .chain((columns) => fc.tuple(...columns.map((column) => fc.record({ column: fc.constant(column), descending: fc.boolean() }))))
    .map((keys) => ({ kind: "sort" as const, keys }));
  const limit = fc.constantFrom(0, 1, 3, 100).map((count) => ({ kind: "limit" as const, count }));
  const offset = fc.constantFrom(0, 1, 2).map((count) => ({ kind: "offset" as const, count }));
  return fc.array(fc.oneof(sort, limit, offset), { maxLength: 3 }) as fc.Arbitrary<Pipe[]>;
}
