/** The query language, as the rest of Ledge uses it (docs/query-language.md). */

export { filterColumns, queryColumns, REST_COLUMN, shownColumns } from "./columns.ts";
export { ANY_FIELD, attributeName, isAttribute, isTimeField, KNOWN_FIELD_NAMES, resolveField, shortName } from "./fields.ts";
export type { Filter } from "./filters/filter.ts";
export { ALL } from "./filters/filter-all.ts";
export { and } from "./filters/filter-and.ts";
export { not } from "./filters/filter-not.ts";
export { or } from "./filters/filter-or.ts";
export { applyFilter, filterFields, matchRows, printFilter } from "./filters/filters.ts";
export { type FilterHints, filterHints } from "./filters/hints.ts";
export { type FilterParameters, filterFromParameters } from "./filters/parameters.ts";
export { levelOf } from "./levels.ts";
export { type Mark, marksOf } from "./marks.ts";
export { type Misspelt, misspeltFields } from "./misspelt.ts";
export { parseQuery, printQuery, type Query, wholeFilter } from "./parse.ts";
export type { Pipe } from "./pipes/pipe.ts";
export type { GroupKey, StatsCall, StatsPipe } from "./pipes/pipe-stats.ts";
export { applyPipes, runTable } from "./pipes/run-table.ts";
export type { EventStep, Plan, Reduction, RowsReduction, TablePipe } from "./plan.ts";
export { planColumns } from "./plan-columns.ts";
export { eventWindow, planHints } from "./plan-events.ts";
export { type PlanOptions, planQuery } from "./plan-query.ts";
export { queryReference, type Reference, type Word } from "./reference.ts";
export { type Reducer, type ReducerOptions, reducerFor } from "./stats/reducer.ts";
export { type SerializedStats, StatsState, statsFor } from "./stats/stats-state.ts";
export { QuerySyntaxError } from "./syntax-error.ts";
export { compareCells, type Table, type TableValue } from "./table.ts";
export { formatDuration_us, parseDuration_us, parseTime_us } from "./time.ts";
