/** Gathers the table of a plan: partial results of all parts, merged. What facts can count is not read. */
import {
  filterHints,
  type Plan,
  planColumns,
  type Reducer,
  readsTimes,
  reducerFor,
  runTable,
  type StatsPipe,
  type Table,
} from "../engine/query/query.ts";
import type { SearchContext } from "./context.ts";
import { type CountedFacts, FactCounts, factQuestion, factTable } from "./facts.ts";
import { narrowedRange } from "./plan.ts";
import type { Part, Scan } from "./scan.ts";
import { SortedEvents } from "./sorted-events.ts";
import { READ_SHARE } from "./spread.ts";
import type { TimeRange } from "./time-range.ts";

/** Plain data: what a reducer serialized, or counts that facts could give. */
type TableState = { reducer: unknown } | { counted: CountedFacts };

export class TableGatherer {
  readonly scan: Scan;
  readonly #plan: Plan;
  /** Counts by level, service and time need no reducer. */
  readonly #result: { reducer: Reducer } | { facts: FactCounts };

  /** @param plan one with a reduction */
  constructor(context: SearchContext, plan: Plan, range: TimeRange) {
    const { filter, steps, reduce } = plan;
    if (!reduce) throw new Error("a plan without a reduction has no table");
    this.#plan = plan;
    const question = factQuestion(plan);
    const facts = question && new FactCounts(question);
    const sorted = reduce.kind === "rows" && reduce.columns === null ? new SortedEvents(reduce, filter, steps) : null;
    const reducer = sorted ?? reducerFor(reduce);
    this.#result = facts ? { facts } : { reducer };
    const columns = planColumns(plan);
    const names = sorted ? sorted.names : columns === "all" ? null : columns.names;
    this.scan = {
      filter,
      steps,
      names,
      times: readsTimes(plan),
      range: narrowedRange(range, filterHints(filter)),
      order: "desc",
      wants: () => true,
      take: (part: Part) => (sorted ? context.heavy.run(() => sorted.take(part)) : (facts ?? reducer).add(part.batch, part.rows)),
      spread: {
        work: { kind: "table", plan, range },
        read_share: readShare(names, question !== null),
        segments_first: 0,
        merge: (state) => this.#merge(state as TableState),
      },
    };
    if (facts) {
      this.scan.takeRow = (row, within) => facts.takeRow(row, within);
      this.scan.takeIndex = (index, row, within) => facts.take(index.facts(), row, within);
    }
  }

  #merge(state: TableState): void {
    if ("facts" in this.#result && "counted" in state) this.#result.facts.merge(state.counted);
    else if ("reducer" in this.#result && "reducer" in state) this.#result.reducer.merge(state.reducer);
    else throw new Error("a share of a search answered another question");
  }

  serialize(): TableState {
    const result = this.#result;
    return "facts" in result ? { counted: result.facts.counted() } : { reducer: result.reducer.serialize() };
  }

  /** The table of what was gathered so far. */
  table(): Table {
    const result = this.#result;
    const reduced = "facts" in result ? factTable(result.facts.counted(), this.#plan.reduce as StatsPipe) : result.reducer.result();
    return runTable(this.#plan, reduced);
  }
}

function readShare(names: ReadonlySet<string> | null, by_facts: boolean): number {
  if (by_facts) return 0;
  if (names === null) return READ_SHARE.events;
  return names.has("message") ? READ_SHARE.messages : READ_SHARE.columns;
}
