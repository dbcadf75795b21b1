import type { Bucket } from "../bucket.ts";
import type { FillPipe } from "../plan.ts";
import type { Scanner } from "../scanner.ts";
import { printCall } from "../stats/stats-call.ts";
import { STATS_FUNCTIONS } from "../stats/stats-functions.ts";
import { parseBucket, parseKeys, printBucket, printKey } from "../stats/stats-key.ts";
import { formatDuration_us, parseDuration_us } from "../time.ts";
import { type TimeSpan, timeStep_us } from "../time-span.ts";
import type { PipeKind } from "./pipe.ts";
import { checkNames, type GroupKey, keyFields, parseCalls, type StatsCall, type StatsPipe, statsKind } from "./pipe-stats.ts";

/** `| timeseries 5m count() by service`: as `stats … by bucket(5m), service`, with a row for pieces of time without events too. */
export interface TimeseriesPipe {
  kind: "timeseries";
  /** Null: chosen by the range of the query. */
  step: Bucket | null;
  functions: StatsCall[];
  by: GroupKey[];
}

const BUCKET = "bucket";
const DURATION = /\d+(?:\.\d+)?(?:us|ms|s|m|h|d|w)(?=[\s|]|$)/y;
const COUNT: StatsCall = { name: "count", field: null, as: "count" };

export const timeseriesKind: PipeKind<TimeseriesPipe> = {
  parse(scanner) {
    const step = parseStep(scanner);
    const grouped = scanner.takeWord("by");
    const functions = grouped || isAtEnd(scanner) ? [{ ...COUNT }] : parseCalls(scanner);
    const by = grouped || scanner.takeWord("by") ? parseKeys(scanner) : [];
    checkNames(scanner, [{ as: BUCKET }, ...by, ...functions]);
    return { kind: "timeseries", step, functions, by };
  },
  print({ step, functions, by }) {
    const size = step ? ` ${step.zone_us === 0 ? formatDuration_us(step.size_us) : printBucket(step)}` : "";
    const grouped = by.length > 0 ? ` by ${by.map(printKey).join(", ")}` : "";
    return `timeseries${size} ${functions.map(printCall).join(", ")}${grouped}`;
  },
  fields: ({ functions, by }) => [
    ...new Set(["timestamp", ...statsKind.fields({ kind: "stats", functions, by: [] }), ...by.flatMap(keyFields)]),
  ],
  columns: ({ functions, by }) => [BUCKET, ...[...by, ...functions].map(({ as }) => as)],
  table: null,
};

function parseStep(scanner: Scanner): Bucket | null {
  scanner.skipSpace();
  const position = scanner.position;
  const bucket = parseBucket(scanner);
  if (bucket) return { size_us: bucket.size_us, zone_us: bucket.zone_us };
  const duration = scanner.match(DURATION);
  if (!duration) {
    if (/\d/.test(scanner.next)) scanner.fail("a duration such as 5m, or a function");
    return null;
  }
  const size_us = parseDuration_us(duration[0]);
  if (!size_us) return scanner.fail("a duration of whole microseconds", { position });
  return { size_us, zone_us: 0 };
}

function isAtEnd(scanner: Scanner): boolean {
  scanner.skipSpace();
  return scanner.atEnd || scanner.next === "|";
}

/** As pipes of a plan. @param span the time that the query is asked about */
export function expandTimeseries({ step, functions, by }: TimeseriesPipe, span: TimeSpan | null): [StatsPipe, FillPipe] {
  const { size_us, zone_us } = step ?? { size_us: timeStep_us(span), zone_us: 0 };
  return [
    { kind: "stats", functions, by: [{ kind: "bucket", size_us, zone_us, as: BUCKET }, ...by] },
    {
      kind: "fill",
      size_us,
      zone_us,
      range: span,
      series: by.length,
      empty: functions.map(({ name }) => STATS_FUNCTIONS[name]?.empty ?? null),
    },
  ];
}
