import { QUERY_ROWS_MAX } from "../../limits.ts";
import type { Expression } from "./expressions/expression.ts";
import { resolveField, shortName } from "./fields.ts";
import type { Filter } from "./filters/filter.ts";
import { and } from "./filters/filter-and.ts";
import { filterFields } from "./filters/filters.ts";
import { filterHints } from "./filters/hints.ts";
import { withNeededKeys } from "./needed-keys.ts";
import type { Query } from "./parse.ts";
import type { Pipe } from "./pipes/pipe.ts";
import type { EvalPipe } from "./pipes/pipe-eval.ts";
import { expandPatterns } from "./pipes/pipe-patterns.ts";
import type { StatsPipe } from "./pipes/pipe-stats.ts";
import { expandTimeseries } from "./pipes/pipe-timeseries.ts";
import { expandTop } from "./pipes/pipe-top.ts";
import { expandUniq } from "./pipes/pipe-uniq.ts";
import type { EventStep, Plan, RowsReduction, TablePipe } from "./plan.ts";
import { addedFields, columnsRead } from "./plan-columns.ts";
import { STATS_FUNCTIONS } from "./stats/stats-functions.ts";
import { commonSpan, type TimeSpan } from "./time-span.ts";

export interface PlanOptions {
  /** The time that the query is asked about, half open, up to now where it has no end; null: all time. */
  range: TimeSpan | null;
}

/**
 * The plan of a parsed query. What stands before the first pipe that makes a table becomes filter and steps; a `limit` or `offset` there
 * that another pipe follows, and `sort`, make a table of events.
 */
export function planQuery(query: Query, options: PlanOptions = { range: null }): Plan {
  const planner = new Planner(query.filter, options);
  for (const pipe of query.pipes) planner.take(pipe);
  return withNeededKeys(planner.finish());
}

class Planner {
  readonly #options: PlanOptions;
  #filter: Filter;
  readonly #steps: EventStep[] = [];
  #reduce: Plan["reduce"] = null;
  readonly #table: TablePipe[] = [];
  /** What the last `fields` on events left, with what was computed since. */
  #shown: string[] | null = null;

  constructor(filter: Filter, options: PlanOptions) {
    this.#filter = filter;
    this.#options = options;
  }

  take(pipe: Pipe): void {
    for (const part of expand(pipe, this.#span())) this.#takeOne(part);
  }

  finish(): Plan {
    if (this.#reduce?.kind === "rows") this.#bound(this.#reduce);
    else if (this.#reduce === null && this.#shown) this.#table.push({ kind: "fields", fields: this.#shown });
    return { filter: this.#filter, steps: this.#steps, reduce: this.#reduce, table: this.#table };
  }

  /** What the request and the filter's conditions on `timestamp` leave. */
  #span(): TimeSpan | null {
    const { min_us, max_us } = filterHints(this.#filter).time;
    const asked = this.#options.range ?? { from_us: Number.NEGATIVE_INFINITY, to_us: Number.POSITIVE_INFINITY };
    return commonSpan(asked, { from_us: min_us, to_us: max_us + 1 });
  }

  #takeOne(pipe: TablePipe): void {
    if (this.#reduce !== null) this.#table.push(pipe);
    else if (pipe.kind === "limit" || pipe.kind === "offset") this.#table.push(pipe);
    else if (pipe.kind === "fields") this.#shown = pipe.fields;
    else if (pipe.kind === "sort")
      this.#startRows(pipe.keys.map(({ column, descending }) => ({ field: resolveField(column), descending })));
    else if (this.#table.length > 0) {
      this.#startRows([]);
      this.#table.push(pipe);
    } else if (pipe.kind === "stats") this.#reduce = pipe;
    else for (const step of stepsOf(pipe)) this.#addStep(step);
  }

  /** From here on the events are rows of a table: those that an earlier `limit` left, else all of them up to the bound. */
  #startRows(keys: RowsReduction["keys"]): void {
    const columns = this.#shown?.map((field) => ({ field, as: shortName(field) })) ?? null;
    if (this.#table.length === 0) {
      this.#reduce = { kind: "rows", columns, keys, limit: QUERY_ROWS_MAX };
      return;
    }
    this.#reduce = { kind: "rows", columns, keys: [{ field: "timestamp", descending: true }], limit: QUERY_ROWS_MAX };
    const sorted = keys.map(({ field, descending }) => ({ column: shortName(field), descending }));
    if (sorted.length > 0) this.#table.push({ kind: "sort", keys: sorted });
  }

  /** A condition on what events were stored with belongs to the filter: it can spare reading them. */
  #addStep(step: EventStep): void {
    const added = addedFields(this.#steps);
    if (step.kind === "where" && added !== "any" && [...filterFields(step.filter)].every((field) => field !== "_any" && !added.has(field)))
      this.#filter = and([this.#filter, step.filter]);
    else if (step.kind === "where" && this.#steps.length === 0) this.#filter = and([this.#filter, step.filter]);
    else this.#steps.push(step);
    const made = addedFields([step]);
    if (this.#shown) this.#shown = made === "any" ? null : [...new Set([...this.#shown, ...made])];
  }

  /** Only as many rows, and only the columns, as the pipes after it look at. */
  #bound(rows: RowsReduction): void {
    rows.limit = rowsNeeded(this.#table);
    if (rows.columns) return;
    const columns = columnsRead(this.#table);
    if (columns) rows.columns = columns.map((field) => ({ field, as: shortName(field) }));
  }
}

/** A pipe as those that a plan has. @param span the time that the query is asked about, null where it is open */
function expand(pipe: Pipe, span: TimeSpan | null): TablePipe[] {
  switch (pipe.kind) {
    case "stats":
      return [...computedColumns(pipe), timed(pipe, span)];
    case "top":
      return expandTop(pipe).flatMap((part) => expandPart(part, span));
    case "uniq":
      return expandUniq(pipe).flatMap((part) => expandPart(part, span));
    case "timeseries":
      return expandTimeseries(pipe, span).flatMap((part) => expandPart(part, span));
    case "patterns":
      return expandPatterns(pipe).flatMap((part) => expandPart(part, span));
    default:
      return [pipe];
  }
}

function expandPart(part: TablePipe, span: TimeSpan | null): TablePipe[] {
  return part.kind === "stats" ? expand(part, span) : [part];
}

/** Functions by second are told how long the time of a group is: its piece of time, or all of the query's. */
function timed(pipe: StatsPipe, span: TimeSpan | null): StatsPipe {
  const bucket = pipe.by.find((key) => key.kind === "bucket");
  const time_us = bucket ? bucket.size_us : span ? span.to_us - span.from_us : 0;
  if (time_us === 0) return pipe;
  const functions = pipe.functions.map((call) => (STATS_FUNCTIONS[call.name]?.per_second ? { ...call, seconds: time_us / 1e6 } : call));
  return { ...pipe, functions };
}

function stepsOf(pipe: TablePipe): EventStep[] {
  switch (pipe.kind) {
    case "where":
    case "extract":
      return [pipe];
    case "eval":
      return pipe.items.map((item) => ({ kind: "eval", ...item }));
    default:
      throw new Error(`${pipe.kind} is no step on events`);
  }
}

/** The pipes that make the columns which a `stats` takes expressions for. */
function computedColumns({ functions, by }: StatsPipe): EvalPipe[] {
  const items = new Map<string, Expression>();
  for (const item of [...functions, ...by]) {
    if ("expression" in item && item.expression && item.field !== null) items.set(item.field, item.expression);
  }
  return items.size === 0 ? [] : [{ kind: "eval", items: [...items].map(([field, expression]) => ({ field, expression })) }];
}

/** How many rows the `limit` and `offset` leave at most, counted from the first. */
function rowsNeeded(pipes: readonly TablePipe[]): number {
  let skipped = 0;
  let most = QUERY_ROWS_MAX;
  for (const pipe of pipes) {
    if (pipe.kind === "offset") skipped += pipe.count;
    else if (pipe.kind === "limit") most = Math.min(most, skipped + pipe.count);
    else if (pipe.kind !== "fields") break;
  }
  return most;
}
