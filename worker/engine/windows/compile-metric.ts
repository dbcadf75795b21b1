import {
  METRIC_AGGREGATIONS_MAX,
  METRIC_DESCRIPTION_LENGTH_MAX,
  METRIC_GROUP_FIELDS_MAX,
  METRIC_LATENESS_MS_MAX,
  METRIC_NAME_LENGTH_MAX,
  METRIC_SERIES_DEFAULT,
  METRIC_SERIES_MAX,
  METRIC_STEP_MS_MIN,
  METRIC_WINDOW_MS_MAX,
  METRIC_WINDOW_STEPS_MAX,
} from "../../limits.ts";
import type { Expression } from "../query/expressions/expression.ts";
import { expressionType, visitFields } from "../query/expressions/expression-type.ts";
import { parseExpression } from "../query/expressions/parse-expression.ts";
import { KEYWORDS, printExpression } from "../query/expressions/print-expression.ts";
import { ANY_FIELD, isAttribute, isTimeField, resolveField, shortName } from "../query/fields.ts";
import type { Filter } from "../query/filters/filter.ts";
import { parseQuery, printQuery } from "../query/parse.ts";
import type { StatsCall, StatsPipe } from "../query/pipes/pipe-stats.ts";
import type { EventStep } from "../query/plan.ts";
import { planQuery } from "../query/plan-query.ts";
import { Scanner } from "../query/scanner.ts";
import { defaultName, parseCall, printCall } from "../query/stats/stats-call.ts";
import { QuerySyntaxError } from "../query/syntax-error.ts";
import { formatDuration_us, parseDuration_us } from "../query/time.ts";
import { type MetricDefinition, MetricError, type MetricInput, type MetricTime } from "./definition.ts";

/** A definition made ready for counting and reading. */
export interface CompiledMetric {
  definition: MetricDefinition;
  time: MetricTime;
  filter: Filter;
  steps: EventStep[];
  /** What is counted of each pane: the aggregations in their order, by the group-by fields. */
  pipe: StatsPipe;
  value: Expression;
  size_us: number;
  step_us: number;
  lateness_us: number;
  series_max: number;
}

const NAME = /^[a-z][a-z0-9_]*$/;
const BUILT_IN_PREFIX = "ledge_";
/** Functions of `stats` whose partial results are numbers or sketches of bounded size. */
const FUNCTIONS: ReadonlySet<string> = new Set([
  ...["count", "count_uniq", "rate", "rate_sum", "sum", "avg", "min", "max", "stddev", "variance"],
  ...["median", "p50", "p75", "p90", "p95", "p99", "p999", "quantile"],
]);
const EVENT_PIPES: ReadonlySet<string> = new Set(["where", "eval", "extract"]);
const MINUTE_US = 60_000_000;
const HOUR_US = 60 * MINUTE_US;
const DAY_US = 24 * HOUR_US;

/**
 * What a user wrote as a definition in its normal form, everything that was left out filled in.
 * @param built_in whether the name may be one of Ledge's own
 * @throws MetricError
 */
export function normalMetric(input: MetricInput, built_in = false): MetricDefinition {
  const { name, description = "", unit = "", group_by = [], series_max = METRIC_SERIES_DEFAULT } = input;
  if (!NAME.test(name) || name.length > METRIC_NAME_LENGTH_MAX)
    throw new MetricError("name", name, `a name of lower case letters, digits and _, at most ${METRIC_NAME_LENGTH_MAX}, a letter first`);
  if (!built_in && name.startsWith(BUILT_IN_PREFIX))
    throw new MetricError("name", name, `a name that does not begin with ${BUILT_IN_PREFIX}`);
  if (description.length > METRIC_DESCRIPTION_LENGTH_MAX)
    throw new MetricError("description", description, `at most ${METRIC_DESCRIPTION_LENGTH_MAX} characters`);
  if (unit.length > METRIC_NAME_LENGTH_MAX) throw new MetricError("unit", unit, `at most ${METRIC_NAME_LENGTH_MAX} characters`);
  if (!Number.isInteger(series_max) || series_max < 1 || series_max > METRIC_SERIES_MAX)
    throw new MetricError("series_max", series_max, `a whole number from 1 to ${METRIC_SERIES_MAX}`);
  const { aggregations, value } = normalValues(input);
  const window = normalWindow(input.window);
  return {
    name,
    description,
    unit,
    query: printQuery(parsed("query", input.query ?? "*", () => eventQuery(input.query ?? "*"))),
    time: input.time ?? "timestamp",
    aggregations,
    value,
    group_by: normalKeys(group_by),
    series_max,
    window,
    lateness: normalLateness(input.lateness ?? "5m"),
  };
}

/**
 * Makes a definition ready.
 * @throws MetricError where it is not in normal form, as one of another version of Ledge may be
 */
export function compileMetric(definition: MetricDefinition): CompiledMetric {
  const { filter, steps } = parsed("query", definition.query, () => planQuery(eventQuery(definition.query)));
  const size_us = duration("window.size", definition.window.size);
  const functions = Object.entries(definition.aggregations).map(([as, text]) => ({ ...callOf(as, text), as }));
  const by = definition.group_by.map((name) => ({ kind: "field" as const, field: resolveField(name), as: name }));
  return {
    definition,
    time: definition.time,
    filter,
    steps: [...steps, ...computedSteps(functions)],
    pipe: { kind: "stats", functions, by },
    value: expressionOf(definition.value),
    size_us,
    step_us: duration("window.step", definition.window.step),
    lateness_us: duration("lateness", definition.lateness, true),
    series_max: definition.series_max,
  };
}

/** Whether what was counted of one definition is what would be counted of the other: their states may go on as they are. */
export function countsAlike(left: MetricDefinition, right: MetricDefinition): boolean {
  return JSON.stringify(countingOf(left)) === JSON.stringify(countingOf(right));
}

/** Names of aggregations do not matter, their order and what they count do. */
function countingOf(definition: MetricDefinition): unknown {
  const { query, time, group_by, series_max, window, aggregations } = definition;
  return [query, time, group_by, series_max, window.step, Object.values(aggregations)];
}

/** The columns that functions of expressions read are made by a step. */
function computedSteps(functions: readonly StatsCall[]): EventStep[] {
  const made = new Map<string, Expression>();
  for (const { field, expression } of functions) if (expression && field !== null) made.set(field, expression);
  return [...made].map(([field, expression]) => ({ kind: "eval", field, expression }));
}

function parsed<T>(field: string, text: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof QuerySyntaxError)) throw error;
    throw new MetricError(field, text, error.expected, { message: `${field}: ${error.message}`, position: error.position });
  }
}

function eventQuery(text: string) {
  const query = parseQuery(text, { now_us: 0 });
  const other = query.pipes.find(({ kind }) => !EVENT_PIPES.has(kind));
  if (other) throw new MetricError("query", text, `a filter, and pipes ${[...EVENT_PIPES].join(", ")}; not ${other.kind}`);
  return query;
}

function normalValues(input: MetricInput): Pick<MetricDefinition, "aggregations" | "value"> {
  const names = Object.keys(input.aggregations);
  if (names.length === 0 || names.length > METRIC_AGGREGATIONS_MAX)
    throw new MetricError("aggregations", input.aggregations, `1 to ${METRIC_AGGREGATIONS_MAX} aggregations by name`);
  const aggregations: Record<string, string> = {};
  for (const name of names) {
    if (!NAME.test(name) || name.length > METRIC_NAME_LENGTH_MAX || !isAttribute(resolveField(name)) || KEYWORDS.has(name))
      throw new MetricError(`aggregations.${name}`, name, "a name of lower case letters, digits and _ that is no field's and no keyword");
    const call = callOf(name, input.aggregations[name]!);
    aggregations[name] = printCall(call);
  }
  const text = input.value ?? (names.length === 1 ? names[0]! : "");
  if (text === "") throw new MetricError("value", input.value, `an expression over ${names.join(", ")}`);
  const value = parsed("value", text, () => expressionOf(text));
  visitFields(value, (field) => {
    const name = shortName(field);
    if (!names.includes(name)) throw new MetricError("value", text, `names of aggregations (${names.join(", ")}), not ${name}`);
  });
  if (!["number", "any", "null"].includes(expressionType(value))) throw new MetricError("value", text, "an expression that gives a number");
  return { aggregations, value: printExpression(value) };
}

function callOf(name: string, text: string): StatsCall {
  const field = `aggregations.${name}`;
  const call = parsed(field, text, () => {
    const scanner = new Scanner(text.toWellFormed(), 0);
    const found = parseCall(scanner);
    scanner.skipSpace();
    if (!scanner.atEnd) scanner.fail("the end of the aggregation");
    return { ...found, as: defaultName(found) };
  });
  if (!FUNCTIONS.has(call.name)) throw new MetricError(field, text, `one of the functions ${[...FUNCTIONS].join(", ")}`);
  if (call.field !== null && isTimeField(call.field) && (call.name === "min" || call.name === "max"))
    throw new MetricError(field, text, "a field of numbers");
  if (call.field === ANY_FIELD) throw new MetricError(field, text, "one field");
  return call;
}

function expressionOf(text: string): Expression {
  const scanner = new Scanner(text.toWellFormed(), 0);
  const expression = parseExpression(scanner);
  scanner.skipSpace();
  if (!scanner.atEnd) scanner.fail("an operator or the end of the expression");
  return expression;
}

function normalKeys(group_by: readonly string[]): string[] {
  if (group_by.length > METRIC_GROUP_FIELDS_MAX) throw new MetricError("group_by", group_by, `at most ${METRIC_GROUP_FIELDS_MAX} fields`);
  const names = group_by.map((name, index) => {
    if (name === "" || name === ANY_FIELD || name === "timestamp" || name === "ingest_ts" || name.length > METRIC_NAME_LENGTH_MAX)
      throw new MetricError(`group_by.${index}`, name, "the name of a field that tells series apart");
    return shortName(resolveField(name));
  });
  if (new Set(names).size !== names.length) throw new MetricError("group_by", group_by, "each field once");
  return names;
}

function normalWindow(window: MetricInput["window"]): MetricDefinition["window"] {
  const size_us = duration("window.size", window.size);
  if (size_us > METRIC_WINDOW_MS_MAX * 1000)
    throw new MetricError("window.size", window.size, `a duration of at most ${formatDuration_us(METRIC_WINDOW_MS_MAX * 1000)}`);
  if (window.kind === "tumbling" && window.step !== undefined && duration("window.step", window.step) !== size_us)
    throw new MetricError("window.step", window.step, `${window.size}, as its size: tumbling windows follow one another`);
  const step = window.kind === "tumbling" ? window.size : (window.step ?? window.size);
  const step_us = duration("window.step", step);
  if (step_us < METRIC_STEP_MS_MIN * 1000 || !isPiece(step_us))
    throw new MetricError(
      "window.step",
      step,
      `a duration of at least ${formatDuration_us(METRIC_STEP_MS_MIN * 1000)} that divides a minute, or a multiple of a minute that divides an hour, or of an hour that divides a day`,
    );
  if (size_us % step_us !== 0 || size_us / step_us > METRIC_WINDOW_STEPS_MAX)
    throw new MetricError("window.size", window.size, `a multiple of the step, at most ${METRIC_WINDOW_STEPS_MAX} of them`);
  return { kind: window.kind, size: formatDuration_us(size_us), step: formatDuration_us(step_us) };
}

/** Pieces of time of this length fit into minutes, hours and days without rest. */
function isPiece(step_us: number): boolean {
  if (step_us <= MINUTE_US) return MINUTE_US % step_us === 0;
  if (step_us <= HOUR_US) return step_us % MINUTE_US === 0 && HOUR_US % step_us === 0;
  return step_us % HOUR_US === 0 && DAY_US % step_us === 0;
}

function normalLateness(text: string): string {
  const lateness_us = duration("lateness", text, true);
  if (lateness_us > METRIC_LATENESS_MS_MAX * 1000)
    throw new MetricError("lateness", text, `a duration of at most ${formatDuration_us(METRIC_LATENESS_MS_MAX * 1000)}`);
  return lateness_us === 0 ? "0s" : formatDuration_us(lateness_us);
}

function duration(field: string, text: string, zero = false): number {
  const duration_us = parseDuration_us(text);
  if (duration_us === null || (duration_us === 0 && !zero)) throw new MetricError(field, text, "a duration such as 5m");
  return duration_us;
}
