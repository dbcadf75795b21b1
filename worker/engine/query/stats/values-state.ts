import { STATS_VALUES_MAX, STATS_VALUES_TOTAL } from "../../../limits.ts";
import { NULL_CODE } from "../../batch/event-batch.ts";
import { compareCells, type TableValue } from "../table.ts";
import type { RowCells } from "./field-cells.ts";
import type { GroupedRows } from "./grouped-rows.ts";
import { BOOLEAN, NUMBER, TEXT } from "./key-values.ts";
import { shortened, textLengthMax } from "./shown-text.ts";
import { NO_GROUP, type StatState } from "./stat.ts";

/** By text, what the value was met as. */
type ValueSet = Map<string, number>;

interface SerializedValues {
  texts: string[][];
  types: number[][];
}

/** The distinct values of a field by group: the first so many of them in the order of values, fewer where there are many groups. */
export class ValuesState implements StatState {
  readonly #field: string;
  readonly #sets: (ValueSet | undefined)[] = [];

  constructor(field: string) {
    this.#field = field;
  }

  add(rows: GroupedRows): void {
    const { order, starts, groups } = rows.spans;
    const cells = rows.cells(this.#field);
    const dictionary = cells.dictionary();
    const seen = dictionary && new Uint32Array(dictionary.count);
    for (let span = 0; span < groups.length; span++) {
      const group = groups[span]!;
      if (group === NO_GROUP) continue;
      for (let at = starts[span]!; at < starts[span + 1]!; at++) {
        const row = order[at]!;
        if (seen && wasSeen(seen, dictionary!.codes[row]!, span)) continue;
        this.#addCell(group, row, cells);
      }
      this.#bound(group);
    }
  }

  merge(serialized: unknown, groups: Uint32Array): void {
    const { texts, types } = serialized as SerializedValues;
    for (let index = 0; index < groups.length; index++) {
      const group = groups[index]!;
      if (group === NO_GROUP) continue;
      for (const [at, text] of texts[index]!.entries()) this.#addText(group, text, types[index]![at]!);
      this.#bound(group);
    }
  }

  serialize(count: number): SerializedValues {
    const sets = Array.from({ length: count }, (_, group) => this.#sets[group] ?? new Map<string, number>());
    return { texts: sets.map((set) => [...set.keys()]), types: sets.map((set) => [...set.values()]) };
  }

  /** A JSON array. @param groups how many there are in all */
  textOf(group: number, groups: number): string {
    return JSON.stringify(
      sorted(this.#sets[group] ?? new Map())
        .slice(0, valuesMax(groups))
        .map(({ value }) => shortened(value, lengthMax(groups))),
    );
  }

  #addCell(group: number, row: number, cells: RowCells): void {
    const cell = cells.at(row);
    if (cell === null) return;
    this.#addText(
      group,
      String(shortened(cell, lengthMax(this.#sets.length))),
      typeof cell === "number" ? NUMBER : typeof cell === "boolean" ? BOOLEAN : TEXT,
    );
  }

  #addText(group: number, text: string, type: number): void {
    let set = this.#sets[group];
    if (!set) {
      set = new Map();
      this.#sets[group] = set;
    }
    set.set(text, (set.get(text) ?? 0) | type);
    if (set.size >= 4 * STATS_VALUES_MAX) this.#bound(group);
  }

  #bound(group: number): void {
    const set = this.#sets[group];
    const most = valuesMax(this.#sets.length);
    if (!set || set.size <= 2 * most) return;
    this.#sets[group] = new Map(
      sorted(set)
        .slice(0, most)
        .map(({ text, type }) => [text, type]),
    );
  }
}

function valuesMax(groups: number): number {
  return Math.max(4, Math.min(STATS_VALUES_MAX, Math.floor(STATS_VALUES_TOTAL / Math.max(1, groups))));
}

function lengthMax(groups: number): number {
  return textLengthMax(groups * valuesMax(groups));
}

/** Whether a code was met in the span before; marks it. */
function wasSeen(seen: Uint32Array, code: number, span: number): boolean {
  if (code === NULL_CODE || seen[code] === span + 1) return true;
  seen[code] = span + 1;
  return false;
}

function sorted(set: ValueSet): { text: string; type: number; value: TableValue }[] {
  const entries = [...set].map(([text, type]) => ({ text, type, value: shown(text, type) }));
  return entries.sort((left, right) => compareCells(left.value, right.value));
}

function shown(text: string, type: number): TableValue {
  if (type === NUMBER) return Number(text);
  return type === BOOLEAN ? text === "true" : text;
}
