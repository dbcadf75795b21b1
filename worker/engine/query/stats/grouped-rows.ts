import type { EventBatch } from "../../batch/event-batch.ts";
import type { Filter } from "../filters/filter.ts";
import { applyFilter } from "../filters/filters.ts";
import { type RowCells, rowCells } from "./field-cells.ts";
import { fieldNumbers } from "./field-numbers.ts";
import type { Spans } from "./group-rows.ts";
import { type NumberTally, numberTally } from "./number-tally.ts";
import { NO_GROUP } from "./stat.ts";

/** Rows of a batch by group, and what the functions of a `stats` need of them; found once for all functions. */
export class GroupedRows {
  readonly batch: EventBatch;
  readonly rows: Uint32Array;
  readonly spans: Spans;
  readonly #numbers = new Map<string, Float64Array>();
  readonly #tallies = new Map<string, NumberTally | null>();
  readonly #cells = new Map<string, RowCells>();

  /** @param rows all that are in the spans, ascending */
  constructor(batch: EventBatch, rows: Uint32Array, spans: Spans) {
    this.batch = batch;
    this.rows = rows;
    this.spans = spans;
  }

  /** By row; NaN where there is no number. */
  numbers(field: string): Float64Array {
    return known(this.#numbers, field, () => fieldNumbers(this.batch, field, this.rows));
  }

  /** The numbers of each span by how often they occur; null where that is not to be had for less than `numbers`. */
  tally(field: string): NumberTally | null {
    return known(this.#tallies, field, () => numberTally(this.batch, field, this.spans));
  }

  cells(field: string): RowCells {
    return known(this.#cells, field, () => rowCells(this.batch, field, this.rows));
  }

  /** Those of the rows that meet the filter. */
  where(filter: Filter): GroupedRows {
    const { rows } = this;
    const mask = new Uint8Array(this.batch.rows);
    for (let index = 0; index < rows.length; index++) mask[rows[index]!] = 1;
    applyFilter(filter, this.batch, mask);
    const { order, starts, groups } = this.spans;
    const met = { order: new Uint32Array(order.length), starts: new Uint32Array(starts.length), groups };
    let length = 0;
    for (let span = 0; span < groups.length; span++) {
      for (let at = starts[span]!; at < starts[span + 1]!; at++) if (mask[order[at]!] === 1) met.order[length++] = order[at]!;
      met.starts[span + 1] = length;
    }
    met.order = met.order.subarray(0, length);
    const met_rows = new Uint32Array(length);
    length = 0;
    for (let index = 0; index < rows.length; index++) if (mask[rows[index]!] === 1) met_rows[length++] = rows[index]!;
    return new GroupedRows(this.batch, met_rows, met);
  }
}

function known<T>(values: Map<string, T>, key: string, make: () => T): T {
  let value = values.get(key);
  if (value === undefined) {
    value = make();
    values.set(key, value);
  }
  return value;
}

/** The greatest group number of the spans and one; what states make room for. */
export function groupsEnd(groups: Uint32Array): number {
  let end = 0;
  for (let span = 0; span < groups.length; span++) {
    const group = groups[span]!;
    if (group !== NO_GROUP && group >= end) end = group + 1;
  }
  return end;
}
