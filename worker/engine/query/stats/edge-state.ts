import { formatTimestamp_us } from "../../batch/record.ts";
import { isTimeField } from "../fields.ts";
import { compareCells, type TableValue } from "../table.ts";
import type { RowCells } from "./field-cells.ts";
import { type GroupedRows, groupsEnd } from "./grouped-rows.ts";
import { shortened, textLengthMax } from "./shown-text.ts";
import { GroupNumbers, NO_GROUP, type StatState } from "./stat.ts";

interface SerializedEdges {
  times_us: Float64Array;
  arrivals_us: Float64Array;
  values: TableValue[];
}

/** The value of a field in the first or last event, by event time, that has one; of several of one moment by arrival, then by value. */
export class EdgeState implements StatState {
  readonly #field: string;
  readonly #sign: 1 | -1;
  readonly #times_us: GroupNumbers;
  readonly #arrivals_us: GroupNumbers;
  readonly #values: TableValue[] = [];

  /** @param sign 1 for the last, -1 for the first */
  constructor(field: string, sign: 1 | -1) {
    this.#field = field;
    this.#sign = sign;
    this.#times_us = new GroupNumbers(sign * Number.NEGATIVE_INFINITY);
    this.#arrivals_us = new GroupNumbers(sign * Number.NEGATIVE_INFINITY);
  }

  add(rows: GroupedRows): void {
    const { starts, groups } = rows.spans;
    const { timestamp_us, ingest_us } = rows.batch;
    const cells = rows.cells(this.#field);
    this.#times_us.grow(groupsEnd(groups));
    this.#arrivals_us.grow(groupsEnd(groups));
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      const best = this.#bestRow(rows, cells, group, starts[span]!, starts[span + 1]!);
      if (best >= 0) this.#take(group, timestamp_us[best]!, ingest_us[best]!, cells.at(best));
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { times_us, arrivals_us, values } = serialized as SerializedEdges;
    this.#times_us.growTo(groups);
    this.#arrivals_us.growTo(groups);
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP || values[index] === null) continue;
      this.#take(group, times_us[index]!, arrivals_us[index]!, values[index]!);
    }
  }

  serialize(count: number): SerializedEdges {
    const values = Array.from({ length: count }, (_, group) => this.#values[group] ?? null);
    return { times_us: this.#times_us.take(count), arrivals_us: this.#arrivals_us.take(count), values };
  }

  /** @param groups how many there are in all */
  valueOf(group: number, groups: number): TableValue {
    const value = this.#values[group] ?? null;
    return isTimeField(this.#field) && typeof value === "number" ? formatTimestamp_us(value) : shortened(value, textLengthMax(groups));
  }

  /** The row of a span that goes before what the group has, or is of the same moment; -1 where there is none. Values are looked at in ties only. */
  #bestRow({ batch, spans }: GroupedRows, cells: RowCells, group: number, from: number, to: number): number {
    const { timestamp_us, ingest_us } = batch;
    const sign = this.#sign;
    let best = -1;
    let time_us = this.#times_us.values[group]!;
    let arrival_us = this.#arrivals_us.values[group]!;
    for (let at = from; at < to; at++) {
      const row = spans.order[at]!;
      let ahead = (timestamp_us[row]! - time_us) * sign;
      if (ahead === 0) ahead = (ingest_us[row]! - arrival_us) * sign;
      if (!(ahead >= 0) || !cells.has(row)) continue;
      if (ahead === 0 && best >= 0 && compareCells(cells.at(row), cells.at(best)) * sign <= 0) continue;
      best = row;
      time_us = timestamp_us[row]!;
      arrival_us = ingest_us[row]!;
    }
    return best;
  }

  #take(group: number, time_us: number, arrival_us: number, value: TableValue): void {
    const times_us = this.#times_us.values;
    const arrivals_us = this.#arrivals_us.values;
    let ahead = (time_us - times_us[group]!) * this.#sign;
    if (ahead === 0) ahead = (arrival_us - arrivals_us[group]!) * this.#sign;
    if (ahead === 0) ahead = compareCells(value, this.#values[group]!) * this.#sign;
    if (!(ahead > 0)) return;
    times_us[group] = time_us;
    arrivals_us[group] = arrival_us;
    this.#values[group] = shortened(value, textLengthMax(this.#values.length));
  }
}
