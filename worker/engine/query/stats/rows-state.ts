import { QUERY_ROWS_MAX, QUERY_ROWS_SIZE_BYTES_MAX } from "../../../limits.ts";
import type { EventBatch, EventRecord } from "../../batch/event-batch.ts";
import { formatTimestamp_us, recordAt } from "../../batch/record.ts";
import { isTimeField } from "../fields.ts";
import { recordTable } from "../pipes/record-table.ts";
import type { RowsReduction } from "../plan.ts";
import { compareCells, type Table, type TableValue } from "../table.ts";
import { topIndexes } from "./bounded-heap.ts";
import { type DenseRows, denseRows } from "./dense-rows.ts";
import { type Ranks, type RowCells, rowCells } from "./field-cells.ts";
import type { Reducer } from "./reducer.ts";

type Compare = (left: number, right: number) => number;

/** A row that may be in the answer: its sort keys, and the chosen columns or the whole event. */
interface KeptRow {
  /** Times are numbers. */
  keys: TableValue[];
  timestamp_us: number;
  ingest_us: number;
  cells: TableValue[] | null;
  record: EventRecord | null;
  size_bytes: number;
}

export interface SerializedRows {
  rows: KeptRow[];
  seen: number;
  limit: number;
}

/** Memory of a row beside its texts, and of a cell. */
const ROW_SIZE_BYTES = 200;
const CELL_SIZE_BYTES = 16;

/**
 * The first `limit` rows in the order of the keys; among rows with equal keys the newest first, and those of one moment by what they hold,
 * so that the answer does not depend on where the rows came from. Rows beyond QUERY_ROWS_MAX or the bound of bytes are left out and counted.
 */
export class RowsState implements Reducer {
  readonly #reduction: RowsReduction;
  readonly #fields: readonly string[];
  readonly #record_at: (batch: EventBatch, row: number) => EventRecord;
  #limit: number;
  /** In order, at most `limit`. */
  #rows: KeptRow[] = [];
  #seen = 0;

  constructor(reduction: RowsReduction, record_at: (batch: EventBatch, row: number) => EventRecord = recordAt) {
    this.#reduction = reduction;
    this.#fields = [...reduction.keys, ...(reduction.columns ?? [])].map(({ field }) => field);
    this.#record_at = record_at;
    this.#limit = Math.min(reduction.limit, QUERY_ROWS_MAX);
  }

  add(batch: EventBatch, rows: Uint32Array): void {
    this.#seen += rows.length;
    if (rows.length === 0 || this.#limit === 0) return;
    const few = denseRows(batch, rows, this.#fields);
    const keys = this.#reduction.keys.map(({ field }) => rowCells(few.batch, field, few.rows));
    const chosen = this.#reduction.columns;
    const columns = chosen?.map(({ field }) => ({ cells: rowCells(few.batch, field, few.rows), time: isTimeField(field) })) ?? null;
    const tie = columns
      ? (left: number, right: number) => compareRows(columns, few.rows[left]!, few.rows[right]!)
      : (left: number, right: number) => compareTexts(contentOf(recordAt(batch, rows[left]!)), contentOf(recordAt(batch, rows[right]!)));
    const ranks = keys.map((cells, key) => this.#signed(key, cells.ranks()));
    const worst = this.#rows.length < this.#limit ? null : this.#rows.at(-1)!;
    const bound = worst && ranks[0] ? ranks[0].of(worst.keys[0]!) : Number.POSITIVE_INFINITY;
    const order = this.#indexOrder(few, keys, ranks, tie);
    const first = topIndexes(rows.length, this.#limit, order, ranks[0]?.values ?? null, bound);
    const { timestamp_us, ingest_us } = few.batch;
    const added: KeptRow[] = [];
    for (const index of first) {
      const row = few.rows[index]!;
      const head = { keys: keys.map((cells) => cells.at(row)), timestamp_us: timestamp_us[row]!, ingest_us: ingest_us[row]! };
      if (worst && this.#compareHeads(head, worst) > 0) continue;
      const cells = columns?.map((column) => shown(column.cells.at(row), column.time)) ?? null;
      const record = cells ? null : this.#record_at(batch, rows[index]!);
      added.push({ ...head, cells, record, size_bytes: sizeOf(cells, record) });
    }
    this.#take(added);
  }

  merge(serialized: unknown): void {
    const { rows, seen, limit } = serialized as SerializedRows;
    this.#seen += seen;
    this.#limit = Math.min(this.#limit, limit);
    this.#take(rows);
  }

  serialize(): SerializedRows {
    return { rows: this.#rows, seen: this.#seen, limit: this.#limit };
  }

  result(): Table {
    const { columns, limit } = this.#reduction;
    const left_out = this.#seen - this.#rows.length;
    const bounded = this.#limit < limit || limit >= QUERY_ROWS_MAX;
    const overflow = bounded && left_out > 0 ? { events: left_out } : null;
    if (columns) return { columns: columns.map(({ as }) => as), rows: this.#rows.map(({ cells }) => cells!), overflow };
    return { ...recordTable(this.#rows.map(({ record }) => record!)), overflow };
  }

  #take(added: readonly KeptRow[]): void {
    if (added.length === 0) return;
    this.#rows = [...this.#rows, ...added].sort((left, right) => this.#compareHeads(left, right) || compareContents(left, right));
    let size_bytes = 0;
    let kept = 0;
    while (kept < this.#rows.length && kept < this.#limit) {
      size_bytes += this.#rows[kept]!.size_bytes;
      if (size_bytes > QUERY_ROWS_SIZE_BYTES_MAX && kept > 0) this.#limit = kept;
      else kept++;
    }
    this.#rows.length = kept;
  }

  /** Keys, then the newest first. */
  #compareHeads(left: Pick<KeptRow, "keys" | "timestamp_us" | "ingest_us">, right: typeof left): number {
    const { keys } = this.#reduction;
    for (let key = 0; key < keys.length; key++) {
      const difference = compareCells(left.keys[key]!, right.keys[key]!);
      if (difference !== 0) return keys[key]!.descending ? -difference : difference;
    }
    return right.timestamp_us - left.timestamp_us || right.ingest_us - left.ingest_us;
  }

  /** Ranks that ascend in the order of the key. */
  #signed(key: number, ranks: Ranks | null): Ranks | null {
    if (!ranks || !this.#reduction.keys[key]!.descending) return ranks;
    const { values } = ranks;
    for (let index = 0; index < values.length; index++) values[index] = -values[index]!;
    return { values, of: (cell) => -ranks.of(cell) };
  }

  /** The same order among rows of one batch, by their places. */
  #indexOrder({ batch, rows }: DenseRows, keys: readonly RowCells[], ranks: readonly (Ranks | null)[], tie: Compare): Compare {
    const orders = keys.map((cells, key): Compare => {
      const values = ranks[key]?.values;
      const sign = this.#reduction.keys[key]!.descending ? -1 : 1;
      if (values) return (left, right) => (values[left] === values[right] ? 0 : values[left]! < values[right]! ? -1 : 1);
      return (left, right) => sign * compareCells(cells.at(rows[left]!), cells.at(rows[right]!));
    });
    const { timestamp_us, ingest_us } = batch;
    return (left, right) => {
      for (const order of orders) {
        const difference = order(left, right);
        if (difference !== 0) return difference;
      }
      const [a, b] = [rows[left]!, rows[right]!];
      return timestamp_us[b]! - timestamp_us[a]! || ingest_us[b]! - ingest_us[a]! || (a === b ? 0 : tie(left, right));
    };
  }
}

function compareRows(columns: readonly { cells: RowCells }[], left: number, right: number): number {
  for (const { cells } of columns) {
    const difference = compareCells(cells.at(left), cells.at(right));
    if (difference !== 0) return difference;
  }
  return 0;
}

function shown(cell: TableValue, time: boolean): TableValue {
  return time && typeof cell === "number" ? formatTimestamp_us(cell) : cell;
}

function sizeOf(cells: readonly TableValue[] | null, record: EventRecord | null): number {
  if (!cells) return ROW_SIZE_BYTES + JSON.stringify(record).length * 2;
  return cells.reduce<number>((sum, cell) => sum + CELL_SIZE_BYTES + (typeof cell === "string" ? cell.length * 2 : 0), ROW_SIZE_BYTES);
}

function compareContents(left: KeptRow, right: KeptRow): number {
  if (left.record && right.record) return compareTexts(contentOf(left.record), contentOf(right.record));
  const cells = left.cells ?? [];
  for (let index = 0; index < cells.length; index++) {
    const difference = compareCells(cells[index]!, right.cells![index]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The same text however the event was stored. */
function contentOf({ attributes, ...fields }: EventRecord): string {
  const names = Object.keys(attributes).sort();
  return JSON.stringify([
    Object.entries(fields).sort(([left], [right]) => compareTexts(left, right)),
    names.map((name) => [name, attributes[name]]),
  ]);
}

function compareTexts(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
