/** Whole events in the order of chosen fields: the fields of the order decide which events can be among the first, only those are read whole. */
import type { EventBatch, EventRecord } from "../engine/batch/event-batch.ts";
import { eventId, rowHash } from "../engine/batch/identity.ts";
import { recordAt } from "../engine/batch/record.ts";
import {
  compareCells,
  type EventStep,
  type Filter,
  type Reducer,
  type RowsReduction,
  reducerFor,
  type Table,
  type TableValue,
} from "../engine/query/query.ts";
import { topIndexes } from "../engine/query/stats/bounded-heap.ts";
import { type RowCells, rowCells } from "../engine/query/stats/field-cells.ts";
import { QUERY_ROWS_MAX } from "../limits.ts";
import type { Part } from "./scan.ts";
import { stepColumns } from "./step-columns.ts";

interface SortedState {
  rows: unknown;
  passed_over: number;
}

export class SortedEvents implements Reducer {
  /** Columns that decide which events are read whole; null for all. */
  readonly names: ReadonlySet<string> | null;
  readonly #keys: RowsReduction["keys"];
  readonly #limit: number;
  readonly #rows: Reducer;
  /** Keys of the first events so far, in order, at most `limit`. */
  #first: TableValue[][] = [];
  /** Matching events that were not read whole. */
  #passed_over = 0;
  /** The batch being added, as it was stored. */
  #stored: EventBatch | null = null;

  constructor(reduction: RowsReduction, filter: Filter, steps: readonly EventStep[]) {
    this.#limit = Math.min(reduction.limit, QUERY_ROWS_MAX);
    this.names = stepColumns(
      filter,
      steps,
      reduction.keys.map(({ field }) => field),
    );
    // Among equal keys the newest come first.
    this.#keys = [...reduction.keys, { field: "timestamp", descending: true }];
    this.#rows = reducerFor(reduction, { recordAt: (batch, row) => this.#recordAt(batch, row) });
  }

  async take({ batch, rows, full }: Part): Promise<void> {
    const candidates = this.#candidates(batch, rows);
    this.#passed_over += rows.length - candidates.length;
    if (candidates.length === 0) return;
    const { stored, shown } = await full(candidates);
    this.#stored = stored;
    this.#rows.add(shown, candidates);
    this.#stored = null;
  }

  add(batch: EventBatch, rows: Uint32Array): void {
    this.#rows.add(batch, rows);
  }

  merge(serialized: unknown): void {
    const { rows, passed_over } = serialized as SortedState;
    this.#rows.merge(rows);
    this.#passed_over += passed_over;
  }

  serialize(): SortedState {
    return { rows: this.#rows.serialize(), passed_over: this.#passed_over };
  }

  result(): Table {
    const table = this.#rows.result();
    const { records, overflow } = table;
    if (records) numberCopies(records);
    const left_out = (overflow?.events ?? 0) + (this.#limit >= QUERY_ROWS_MAX ? this.#passed_over : 0);
    return { ...table, overflow: left_out > 0 ? { events: left_out } : null };
  }

  #recordAt(batch: EventBatch, row: number): EventRecord {
    const record = recordAt(batch, row);
    const stored = this.#stored ?? batch;
    record.event_id ??= eventId(stored.timestamp_us[row]!, rowHash(stored, row), 0);
    return record;
  }

  /** Rows that may be among the first, ascending. */
  #candidates(batch: EventBatch, rows: Uint32Array): Uint32Array {
    if (this.#limit === 0) return new Uint32Array(0);
    const worst = this.#first.length < this.#limit ? null : this.#first.at(-1)!;
    const near = worst ? mayPrecede(batch, rows, this.#keys[0]!, worst[0]!) : rows;
    if (near.length === 0) return near;
    const cells = this.#keys.map(({ field }) => rowCells(batch, field, near));
    let left = worst ? near.filter((row) => this.#compareTo(cells, row, worst) <= 0) : near;
    if (left.length > this.#limit) {
      const all = left;
      const order = this.#orderOf(batch, all);
      const last = topIndexes(all.length, this.#limit, order).at(-1)!;
      // Those that equal the last one stay: what decides between them is known only when they are read.
      left = all.filter((_row, index) => order(index, last) <= 0);
    }
    const found = Array.from(left, (row) => this.#keysOf(cells, row));
    this.#first = [...this.#first, ...found].sort((a, b) => this.#compareKeys(a, b)).slice(0, this.#limit);
    return left;
  }

  /** The order of rows by their places among `rows`. */
  #orderOf(batch: EventBatch, rows: Uint32Array): (left: number, right: number) => number {
    const orders = this.#keys.map(({ field, descending }) => {
      const cells = rowCells(batch, field, rows);
      const ranks = cells.ranks()?.values;
      const sign = descending ? -1 : 1;
      if (!ranks) return (left: number, right: number) => sign * compareCells(cells.at(rows[left]!), cells.at(rows[right]!));
      return (left: number, right: number) => (ranks[left] === ranks[right] ? 0 : ranks[left]! < ranks[right]! ? -sign : sign);
    });
    return (left, right) => {
      for (const order of orders) {
        const difference = order(left, right);
        if (difference !== 0) return difference;
      }
      return 0;
    };
  }

  #keysOf(cells: readonly RowCells[], row: number): TableValue[] {
    return cells.map((cell) => cell.at(row));
  }

  #compareTo(cells: readonly RowCells[], row: number, keys: readonly TableValue[]): number {
    for (let key = 0; key < keys.length; key++) {
      const difference = compareCells(cells[key]!.at(row), keys[key]!);
      if (difference !== 0) return this.#keys[key]!.descending ? -difference : difference;
    }
    return 0;
  }

  #compareKeys(left: readonly TableValue[], right: readonly TableValue[]): number {
    for (let key = 0; key < left.length; key++) {
      const difference = compareCells(left[key]!, right[key]!);
      if (difference !== 0) return this.#keys[key]!.descending ? -difference : difference;
    }
    return 0;
  }
}

/** Rows whose first key does not come after that of `worst`: most rows of a long scan end here, so that values are not looked at one by one. */
function mayPrecede(
  batch: EventBatch,
  rows: Uint32Array,
  { field, descending }: RowsReduction["keys"][number],
  worst: TableValue,
): Uint32Array {
  const cells = rowCells(batch, field, rows);
  const ranks = cells.ranks();
  const sign = descending ? -1 : 1;
  if (!ranks) return rows.filter((row) => sign * compareCells(cells.at(row), worst) <= 0);
  const { values } = ranks;
  const bound = ranks.of(worst);
  return rows.filter((_row, index) => (descending ? values[index]! >= bound : values[index]! <= bound));
}

/** Identical events stand next to each other and count up; the first of each is 0. */
function numberCopies(records: EventRecord[]): void {
  const seen = new Map<string, number>();
  for (const record of records) {
    const id = record.event_id!;
    const copy = seen.get(id) ?? 0;
    seen.set(id, copy + 1);
    if (copy > 0) record.event_id = `${id}-${copy}`;
  }
}
