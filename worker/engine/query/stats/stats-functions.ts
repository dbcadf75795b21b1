import {
  STATS_GROUPS_MAX,
  STATS_HISTOGRAM_RANGES_DEFAULT,
  STATS_HISTOGRAM_RANGES_MAX,
  STATS_STATES_SIZE_BYTES_MAX,
} from "../../../limits.ts";
import { formatTimestamp_us } from "../../batch/record.ts";
import { isTimeField } from "../fields.ts";
import type { TableValue } from "../table.ts";
import { AnyState } from "./any-state.ts";
import { CountState } from "./count-state.ts";
import { DistinctState } from "./distinct-state.ts";
import { EdgeState } from "./edge-state.ts";
import { ExtremesState } from "./extremes-state.ts";
import { MomentsState } from "./moments-state.ts";
import { NumbersState } from "./numbers-state.ts";
import type { ShownCall, StateKind, StatFunction, StatState } from "./stat.ts";
import { SumState } from "./sum-state.ts";
import { ValuesState } from "./values-state.ts";

/** How much of its values a group keeps, however many groups there are; without it the groups share what a query may hold. */
export interface StateBounds {
  /** Numbers that a quantile is taken of exactly. */
  quantile_values_max: number;
  /** Distinct values that are counted exactly. */
  distinct_max: number;
}

/**
 * A fresh state; the field is null for the count of events only.
 * @param sharers states of this kind that share what a query may hold, itself included
 */
export function createState(kind: StateKind, field: string | null, bounds: StateBounds | null = null, sharers = 1): StatState {
  if (kind === "count") return new CountState(field);
  if (field === null) throw new Error(`the state ${kind} needs a field`);
  switch (kind) {
    case "sum":
      return new SumState(field);
    case "extremes":
      return new ExtremesState(field);
    case "moments":
      return new MomentsState(field);
    case "numbers":
      return new NumbersState(field, bounds?.quantile_values_max, sharers);
    case "distinct":
      return new DistinctState(field, bounds?.distinct_max, sharers);
    case "first":
      return new EdgeState(field, -1);
    case "last":
      return new EdgeState(field, 1);
    case "any":
      return new AnyState(field);
    case "values":
      return new ValuesState(field);
  }
}

/** What a state takes of memory for a group that has little, in bytes: objects and the least of what its bounds let it hold. */
const GROUP_SIZE_BYTES: Readonly<Record<StateKind, number>> = {
  count: 8,
  sum: 160,
  extremes: 16,
  moments: 24,
  numbers: 896,
  distinct: 896,
  first: 128,
  last: 128,
  any: 64,
  values: 896,
};

/** Groups that a `stats` with states of these kinds may have. */
export function groupsMax(kinds: readonly StateKind[]): number {
  const size_bytes = kinds.reduce((sum, kind) => sum + GROUP_SIZE_BYTES[kind], 0);
  return Math.min(STATS_GROUPS_MAX, Math.floor(STATS_STATES_SIZE_BYTES_MAX / Math.max(1, size_bytes)));
}

type Show<S> = (state: S, group: number, call: ShownCall) => TableValue;

function of<S extends StatState>(state: StateKind, show: Show<S>, details: Partial<StatFunction> = {}): StatFunction {
  return { field: "needed", state, show: show as Show<StatState>, ...details };
}

function quantile(share: number): StatFunction {
  return of<NumbersState>("numbers", (state, group, { groups }) => state.quantileOf(group, share, groups), { numbers_only: true });
}

/** A value of the call's field: times as texts. */
function shown(value: TableValue, { field }: ShownCall): TableValue {
  return typeof value === "number" && field !== null && isTimeField(field) ? formatTimestamp_us(value) : value;
}

function root(value: number | null): number | null {
  return value === null ? null : Math.sqrt(value);
}

/** Per second; null where the time is not known or none. */
function perSecond(count: number | null, seconds: number | undefined): number | null {
  return count === null || seconds === undefined || !(seconds > 0) || !Number.isFinite(seconds) ? null : count / seconds;
}

const SHARE = {
  place: "before",
  optional: false,
  expected: "a share from 0 to 1, such as 0.95",
  valid: (value: number) => value >= 0 && value <= 1,
} as const;

const RANGES = {
  place: "after",
  optional: true,
  expected: `how many ranges at most, from 1 to ${STATS_HISTOGRAM_RANGES_MAX}`,
  valid: (value: number) => Number.isInteger(value) && value >= 1 && value <= STATS_HISTOGRAM_RANGES_MAX,
} as const;

/** Every function of `stats` by its name. */
export const STATS_FUNCTIONS: Readonly<Record<string, StatFunction>> = {
  count: of<CountState>("count", (state, group) => state.countOf(group), { field: "optional", empty: 0 }),
  count_uniq: of<DistinctState>("distinct", (state, group, { groups }) => state.countOf(group, groups), { empty: 0 }),
  sum: of<SumState>("sum", (state, group) => state.sumOf(group)),
  avg: of<SumState>("sum", (state, group) => {
    const sum = state.sumOf(group);
    return sum === null ? null : sum / state.countOf(group);
  }),
  min: of<ExtremesState>("extremes", (state, group, call) => shown(state.leastOf(group), call)),
  max: of<ExtremesState>("extremes", (state, group, call) => shown(state.mostOf(group), call)),
  stddev: of<MomentsState>("moments", (state, group) => root(state.varianceOf(group)), { numbers_only: true }),
  variance: of<MomentsState>("moments", (state, group) => state.varianceOf(group), { numbers_only: true }),
  median: quantile(0.5),
  p50: quantile(0.5),
  p75: quantile(0.75),
  p90: quantile(0.9),
  p95: quantile(0.95),
  p99: quantile(0.99),
  p999: quantile(0.999),
  quantile: of<NumbersState>("numbers", (state, group, { parameters, groups }) => state.quantileOf(group, parameters[0]!, groups), {
    numbers_only: true,
    parameters: SHARE,
  }),
  histogram: of<NumbersState>(
    "numbers",
    (state, group, { parameters }) => {
      const ranges = state.histogramOf(group, parameters[0] ?? STATS_HISTOGRAM_RANGES_DEFAULT);
      return ranges && JSON.stringify(ranges);
    },
    { numbers_only: true, parameters: RANGES },
  ),
  rate: of<CountState>("count", (state, group, { seconds }) => perSecond(state.countOf(group), seconds), {
    field: "none",
    empty: 0,
    per_second: true,
  }),
  rate_sum: of<SumState>("sum", (state, group, { seconds }) => perSecond(state.sumOf(group), seconds), { per_second: true }),
  first: of<EdgeState>("first", (state, group, { groups }) => state.valueOf(group, groups), { by_time: true }),
  last: of<EdgeState>("last", (state, group, { groups }) => state.valueOf(group, groups), { by_time: true }),
  any: of<AnyState>("any", (state, group, call) => shown(state.valueOf(group, call.groups), call)),
  values: of<ValuesState>("values", (state, group, { groups }) => state.textOf(group, groups)),
};
