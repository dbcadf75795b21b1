/** One set of columns for batches that do not agree: which columns there are, of which type, and what goes to the rest column instead. */
import { Buffer } from "node:buffer";
import { ATTRIBUTE_PREFIX, type BytesColumn, type Column, type EventBatch, NULL_CODE } from "./event-batch.ts";
import { cellAt } from "./record.ts";

/** What a column can hold; strings may be a dictionary in one batch and bytes in the next. */
export type Family = "string" | "int64" | "double" | "bool";

/** Columns by name; what a batch has besides goes to its rest. */
export type Layout = ReadonlyMap<string, Family>;

export interface ColumnUse {
  name: string;
  kind: Column["kind"];
  /** Rows with a value. */
  values: number;
}

const FAMILIES = ["string", "int64", "double", "bool"] as const;

export function familyOf(kind: Column["kind"]): Family {
  return kind === "dict" || kind === "bytes" ? "string" : kind;
}

/** How a batch uses its columns. */
export function usesOf(batch: EventBatch): ColumnUse[] {
  return [...batch.columns].map(([name, column]) => ({ name, kind: column.kind, values: countValues(column, batch.rows) }));
}

export function countValues(column: Column, rows: number): number {
  let values = 0;
  if (column.kind === "dict") {
    for (let row = 0; row < rows; row++) if (column.codes[row] !== NULL_CODE) values++;
    return values;
  }
  if (column.present === null) return rows;
  for (let row = 0; row < rows; row++) values += column.present[row]!;
  return values;
}

/**
 * Of each name the type that most rows have (int64 with double makes double); of the attributes the `attribute_columns_max` with most values.
 */
export function unifyColumns(uses: Iterable<ColumnUse>, attribute_columns_max = Number.POSITIVE_INFINITY): Layout {
  const counts = new Map<string, { first: Family; of_family: Record<Family, number> }>();
  for (const { name, kind, values } of uses) {
    let of_name = counts.get(name);
    if (of_name === undefined) {
      of_name = { first: familyOf(kind), of_family: { string: 0, int64: 0, double: 0, bool: 0 } };
      counts.set(name, of_name);
    }
    of_name.of_family[familyOf(kind)] += values;
  }
  const chosen = [...counts].map(([name, { first, of_family }]) => ({ name, ...chooseFamily(of_family, first) }));
  const attributes = chosen.filter(({ name }) => name.startsWith(ATTRIBUTE_PREFIX));
  attributes.sort((a, b) => b.values - a.values || (a.name < b.name ? -1 : 1));
  const folded = new Set(attributes.filter(({ values }, index) => index >= attribute_columns_max || values === 0));
  return new Map(chosen.filter((column) => !folded.has(column)).map(({ name, family }) => [name, family]));
}

/** @param first of a column without any value */
function chooseFamily(counts: Record<Family, number>, first: Family): { family: Family; values: number } {
  const numbers = counts.int64 + counts.double;
  const number = counts.double > 0 ? "double" : "int64";
  const merged = { ...counts, int64: 0, double: 0, [number]: numbers };
  let family = first;
  for (const candidate of FAMILIES) if (merged[candidate] > merged[family]) family = candidate;
  return { family, values: merged[family] };
}

/** Whether a column of this kind can stay as it is. */
export function fits(layout: Layout, name: string, kind: Column["kind"]): boolean {
  return layout.get(name) === familyOf(kind);
}

/** The same events with the layout's columns only; the batch itself where it has no others. */
export function conform(batch: EventBatch, layout: Layout): EventBatch {
  const odd = [...batch.columns].filter(([name, column]) => !fits(layout, name, column.kind));
  if (odd.length === 0) return batch;
  const columns = new Map(batch.columns);
  const additions: (string | undefined)[] = new Array(batch.rows);
  for (const [name, column] of odd) {
    if (column.kind === "int64" && layout.get(name) === "double") {
      columns.set(name, { kind: "double", values: column.values, present: column.present });
      continue;
    }
    columns.delete(name);
    addMembers(additions, name, column);
  }
  return { ...batch, columns, rest: extendRest(batch.rest, additions, batch.rows) };
}

/** Appends `"name":value` to each row's text. */
function addMembers(additions: (string | undefined)[], name: string, column: Column): void {
  const attribute = name.startsWith(ATTRIBUTE_PREFIX) ? name.slice(ATTRIBUTE_PREFIX.length) : name;
  const prefix = `${JSON.stringify(attribute)}:`;
  const known = column.kind === "dict" ? column.values.map((value) => prefix + JSON.stringify(value)) : null;
  for (let row = 0; row < additions.length; row++) {
    const member = known === null ? plainMember(column, row, prefix) : known[(column as { codes: Uint32Array }).codes[row]!];
    if (member === undefined) continue;
    const before = additions[row];
    additions[row] = before === undefined ? member : `${before},${member}`;
  }
}

function plainMember(column: Column, row: number, prefix: string): string | undefined {
  const value = cellAt(column, row);
  return value === null ? undefined : prefix + JSON.stringify(value);
}

function extendRest(rest: BytesColumn | null, additions: readonly (string | undefined)[], rows: number): BytesColumn | null {
  if (additions.every((addition) => addition === undefined)) return rest;
  const texts: string[] = new Array(rows);
  const present = new Uint8Array(rows);
  for (let row = 0; row < rows; row++) {
    const addition = additions[row];
    const old = rest === null ? null : (cellAt(rest, row) as string | null);
    if (addition === undefined && old === null) {
      texts[row] = "";
      continue;
    }
    present[row] = 1;
    texts[row] = addition === undefined ? old! : joinMembers(old, addition);
  }
  return bytesOf(texts, present);
}

/** `{"a":1}` and `"b":2` make `{"a":1,"b":2}`. */
function joinMembers(object: string | null, members: string): string {
  const inside = object === null ? "" : object.slice(object.indexOf("{") + 1, object.lastIndexOf("}")).trim();
  return inside === "" ? `{${members}}` : `{${inside},${members}}`;
}

/** Texts as a column; `present` null means all. */
export function bytesOf(texts: readonly string[], present: Uint8Array | null): BytesColumn {
  const parts = texts.map((text) => Buffer.from(text, "utf8"));
  const offsets = new Uint32Array(texts.length + 1);
  for (const [row, part] of parts.entries()) offsets[row + 1] = offsets[row]! + part.length;
  return { kind: "bytes", offsets, bytes: new Uint8Array(Buffer.concat(parts)), present };
}
