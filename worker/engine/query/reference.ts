/** The words of the language with a line of help each, for editors: pipes, functions of `stats`, functions of expressions, conditions on a value. */

import { LEVELS } from "../batch/event-batch.ts";
import type { Parameter } from "./expressions/functions/function.ts";
import { FUNCTION_GROUPS } from "./expressions/functions/functions.ts";
import { EVENT_FIELDS } from "./fields.ts";
import type { Pipe } from "./pipes/pipe.ts";
import { PIPE_NAMES } from "./pipes/pipes.ts";
import { STATS_FUNCTIONS } from "./stats/stats-functions.ts";

export interface Word {
  name: string;
  /** How it is written. */
  usage: string;
  /** One sentence. */
  doc: string;
}

const PIPES: Record<Pipe["kind"], readonly [usage: string, doc: string]> = {
  stats: ["stats count(), p99(duration_ms) by service, bucket(5m)", "One row for each group of events, with what the functions give."],
  timeseries: ["timeseries 5m count() by service", "Groups by pieces of time, with a row for pieces without events too."],
  top: ["top 5 path by service", "The most frequent values, how often each occurs, and its share."],
  uniq: ["uniq count host", "Each value once; with count, how many events have it."],
  patterns: ["patterns 20 by service", "Messages that differ in their variable parts only, counted together."],
  where: ["where duration_ms:>500", "A further condition on events, or on the rows of a table."],
  eval: ["eval seconds = duration_ms / 1000", "Computes further fields or columns from expressions."],
  extract: ['extract "user <user> from <ip>"', "Takes fields out of a text by a pattern, a regular expression, as JSON or as logfmt."],
  fields: ["fields timestamp, service, message", "Only these fields of events, or columns of a table."],
  sort: ["sort -count, service", "In the order of fields or columns; a minus before one for the highest first."],
  limit: ["limit 20", "Only the first rows, or the newest events."],
  offset: ["offset 20", "Passes over the first rows, or the newest events."],
};

const QUANTILE = "The least number that this share of the numbers does not exceed.";

const STATS: Readonly<Record<string, readonly [usage: string, doc: string]>> = {
  count: ["count()", "Events; with a field, events in which it has a value."],
  count_uniq: ["count_uniq(x)", "Distinct values."],
  sum: ["sum(x)", "The sum."],
  avg: ["avg(x)", "The mean."],
  min: ["min(x)", "The least number, or the earliest time."],
  max: ["max(x)", "The greatest number, or the latest time."],
  stddev: ["stddev(x)", "Standard deviation of a sample."],
  variance: ["variance(x)", "Variance of a sample."],
  median: ["median(x)", "The number in the middle."],
  p50: ["p50(x)", QUANTILE],
  p75: ["p75(x)", QUANTILE],
  p90: ["p90(x)", QUANTILE],
  p95: ["p95(x)", QUANTILE],
  p99: ["p99(x)", QUANTILE],
  p999: ["p999(x)", QUANTILE],
  quantile: ["quantile(0.95, x)", QUANTILE],
  histogram: ["histogram(x, 10)", "Ranges of the numbers with their counts, as JSON."],
  rate: ["rate()", "Events by second."],
  rate_sum: ["rate_sum(x)", "The sum by second."],
  first: ["first(x)", "The value in the earliest event that has one."],
  last: ["last(x)", "The value in the latest event that has one."],
  any: ["any(x)", "One of the values, whichever is found first."],
  values: ["values(x)", "Distinct values as a JSON array."],
};

/** What may stand after `field:` besides a plain value. */
const CONDITIONS: readonly Word[] = [
  { name: "*", usage: "field:*", doc: "Events that have the field." },
  { name: ">", usage: "field:>500", doc: "Greater; also >=, <, <=, != and = letter by letter." },
  { name: "[", usage: "field:[500 TO 599]", doc: "Between two values; curly brackets leave an end out, * leaves a side open." },
  { name: "(", usage: "field:(a, b)", doc: "One of these values." },
  { name: "~", usage: 'field:~"time(d )?out"', doc: "A regular expression in RE2's syntax matches somewhere in the value." },
  { name: "contains", usage: 'field:contains("text")', doc: "The text anywhere in the value, letter by letter." },
  { name: "icase", usage: 'field:icase("text")', doc: "The whole value, whatever its case." },
  { name: "words", usage: 'field:words("two words")', doc: "Whole words and phrases, as in the message." },
  {
    name: "expr",
    usage: "expr(duration_ms > 500 and status >= 500)",
    doc: "Compares fields with one another and with what is made of them.",
  },
];

function signature(name: string, parameters: readonly Parameter[]): string {
  return `${name}(${parameters.map((parameter) => (parameter.optional ? `[${parameter.name}]` : parameter.name)).join(", ")})`;
}

export interface Reference {
  /** Fields that every event may have; all others are attributes. */
  fields: readonly string[];
  levels: readonly string[];
  conditions: readonly Word[];
  pipes: readonly Word[];
  stats: readonly Word[];
  functions: readonly (Word & { group: string; example: string })[];
}

/** Everything that can be written, in the order in which it is best offered. */
export function queryReference(): Reference {
  const functions = Object.entries(FUNCTION_GROUPS).flatMap(([group, entries]) =>
    Object.entries(entries)
      .filter(([name]) => /^[a-z]/.test(name))
      .map(([name, { parameters, doc, example }]) => ({ name, usage: signature(name, parameters), doc, group, example: example[0] })),
  );
  return {
    fields: EVENT_FIELDS,
    levels: LEVELS,
    conditions: CONDITIONS,
    pipes: PIPE_NAMES.map((name) => wordOf(name, PIPES[name as Pipe["kind"]])),
    stats: Object.keys(STATS_FUNCTIONS).map((name) => wordOf(name, STATS[name])),
    functions,
  };
}

/** @throws Error for a word of the language without help: whoever adds one writes its line here */
function wordOf(name: string, help: readonly [usage: string, doc: string] | undefined): Word {
  if (!help) throw new Error(`${name} has no line of help in the reference`);
  return { name, usage: help[0], doc: help[1] };
}
