/** Gathers the table of a plan: partial results of all parts, merged. What facts can count is not read. */
import {
  filterHints,
  type Plan,
  planColumns,
  type Reducer,
  reducerFor,
  runTable,
  type StatsPipe,
  type Table,
} from "../engine/query/query.ts";
import type { SearchContext } from "./context.ts";
import { type CountedFacts, FactCounts, factQuestion, withFacts } from "./facts.ts";
import { narrowedRange } from "./plan.ts";
import type { Part, Scan } from "./scan.ts";
import { SortedEvents } from "./sorted-events.ts";
import { READ_SHARE } from "./spread.ts";
import type { TimeRange } from "./time-range.ts";

interface TableState {
  reducer: unknown;
  facts: CountedFacts | null;
}

export class TableGatherer {
  readonly scan: Scan;
  readonly #plan: Plan;
  readonly #reducer: Reducer;
  readonly #facts: FactCounts | null;

  /** @param plan one with a reduction */
  constructor(context: SearchContext, plan: Plan, range: TimeRange) {
    const { filter, steps, reduce } = plan;
    if (!reduce) throw new Error("a plan without a reduction has no table");
    this.#plan = plan;
    const question = factQuestion(plan);
    const facts = question && new FactCounts(question);
    this.#facts = facts;
    const sorted = reduce.kind === "rows" && reduce.columns === null ? new SortedEvents(reduce, filter, steps) : null;
    this.#reducer = sorted ?? reducerFor(reduce);
    const columns = planColumns(plan);
    const names = sorted ? sorted.names : columns === "all" ? null : columns.names;
    this.scan = {
      filter,
      steps,
      names,
      range: narrowedRange(range, filterHints(filter)),
      order: "desc",
      wants: () => true,
      take: (part: Part) => (sorted ? context.heavy.run(() => sorted.take(part)) : this.#reducer.add(part.batch, part.rows)),
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

  #merge({ reducer, facts }: TableState): void {
    this.#reducer.merge(reducer);
    if (facts) this.#facts?.merge(facts);
  }

  serialize(): TableState {
    return { reducer: this.#reducer.serialize(), facts: this.#facts?.counted() ?? null };
  }

  /** The table of what was gathered so far. */
  table(): Table {
    const reduced = this.#reducer.result();
    return runTable(this.#plan, this.#facts ? withFacts(reduced, this.#facts.counted(), this.#plan.reduce as StatsPipe) : reduced);
  }
}

function readShare(names: ReadonlySet<string> | null, by_facts: boolean): number {
  if (by_facts) return 0;
  if (names === null) return READ_SHARE.events;
  return names.has("message") ? READ_SHARE.messages : READ_SHARE.columns;
}
