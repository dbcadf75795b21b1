import { columnsOf } from "./columns.ts";
import { visitFields } from "./expressions/expression-type.ts";
import { ANY_FIELD, isAttribute, isTimeField } from "./fields.ts";
import { filterFields } from "./filters/filters.ts";
import { extractedFields } from "./pipes/extract.ts";
import { pipeFields } from "./pipes/pipes.ts";
import type { EventStep, Plan, Reduction, TablePipe } from "./plan.ts";
import { STATS_FUNCTIONS } from "./stats/stats-functions.ts";

/**
 * The columns that must be read for a plan; times are always there. An attribute brings the JSON column with it; what steps compute is not read.
 * A plan without a reduction shows whole events, for which every column of the rows shown is needed besides; "all" where any may be.
 */
export function planColumns(plan: Plan): { names: ReadonlySet<string> } | "all" {
  if (plan.reduce?.kind === "rows" && plan.reduce.columns === null) return "all";
  return columnsOf([...fieldsRead(plan), ...filterFields(plan.filter)]);
}

/** Fields that steps and reduction read and no step makes. */
export function fieldsRead(plan: Plan): ReadonlySet<string> {
  const needed = new Set(plan.reduce ? reductionFields(plan.reduce) : []);
  for (const step of plan.steps.toReversed()) {
    if (step.kind === "eval") needed.delete(step.field);
    for (const field of stepFields(step)) needed.add(field);
  }
  return needed;
}

/** Whether the times of events are looked at. Where they are not, they need not be read: they are a tenth of what is stored. */
export function readsTimes(plan: Plan): boolean {
  const { filter, steps, reduce } = plan;
  if (reduce?.kind !== "stats" || planColumns(plan) === "all") return true;
  if (reduce.functions.some(({ name }) => STATS_FUNCTIONS[name]?.by_time)) return true;
  return [...pipeFields(reduce), ...steps.flatMap((step) => [...stepFields(step)]), ...filterFields(filter)].some(isTimeField);
}

function reductionFields(reduce: Reduction): string[] {
  if (reduce.kind === "stats") return pipeFields(reduce);
  return [...(reduce.columns ?? []), ...reduce.keys].map(({ field }) => field);
}

function stepFields(step: EventStep): Iterable<string> {
  if (step.kind === "where") return filterFields(step.filter);
  if (step.kind === "extract") return [step.from];
  const fields: string[] = [];
  visitFields(step.expression, (field) => fields.push(field));
  return fields;
}

/** Fields that the steps make or change; "any" where their names are known only from the events. */
export function addedFields(steps: readonly EventStep[]): ReadonlySet<string> | "any" {
  const added = new Set<string>();
  for (const step of steps) {
    const fields = step.kind === "extract" ? extractedFields(step.by) : step.kind === "eval" ? [step.field] : [];
    if (!fields) return "any";
    for (const field of fields) added.add(field);
  }
  return added;
}

/**
 * The columns of whole events that pipes on their table look at; null where they show all of them, or look into attributes, which may be arrays:
 * only whole events keep those.
 */
export function columnsRead(pipes: readonly TablePipe[]): string[] | null {
  const read = new Set<string>();
  for (const pipe of pipes) {
    if (pipe.kind === "rank" || pipe.kind === "fill") return null;
    const fields = pipeFields(pipe);
    if (pipe.kind !== "stats" && pipe.kind !== "fields" && pipe.kind !== "sort" && fields.some(mayBeArray)) return null;
    for (const field of fields) read.add(field);
    if (pipe.kind === "stats" || pipe.kind === "fields") return [...read];
  }
  return null;
}

function mayBeArray(field: string): boolean {
  return isAttribute(field) || field === ANY_FIELD;
}
