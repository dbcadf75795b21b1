import { COMPUTED_COLUMNS_MAX } from "../../../limits.ts";
import type { BytesColumn, Column, EventBatch } from "../../batch/event-batch.ts";
import { fieldVector } from "../expressions/field-vector.ts";
import { matchingRows } from "../expressions/functions/bytes.ts";
import { toColumn } from "../expressions/to-column.ts";
import {
  asTexts,
  type PlainVector,
  plain,
  type Scalar,
  scalarAt,
  textOf,
  textsOfRows,
  type Vector,
  vectorOf,
} from "../expressions/vector.ts";
import { resolveField } from "../fields.ts";
import { searchColumn } from "../filters/column-search.ts";
import { scanOf } from "../filters/filter-regex.ts";
import { levelOf } from "../levels.ts";
import type { EventStep, ExtractRule } from "../plan.ts";
import { groupNames, regexGroups } from "../regex/regex-groups.ts";
import { sharpStart } from "../regex/required.ts";
import { foundField, isDictionaryField, isTextField } from "./computed-name.ts";
import { visitJson, visitLogfmt } from "./extract-pairs.ts";
import { type PatternPart, parsePattern, patternNames, patternReader } from "./extract-pattern.ts";

type ExtractStep = Extract<EventStep, { kind: "extract" }>;

/** The fields that a rule makes; null where only the events tell. */
export function extractedFields(rule: ExtractRule): string[] | null {
  if (rule.kind === "pattern") return patternNames(parsePattern(rule.pattern)).map(resolveField);
  return rule.kind === "regex" ? groupNames(rule.pattern).map(resolveField) : null;
}

/** The columns that an `extract` makes. A row from which nothing is taken keeps the value that its field has. */
export function extractColumns({ from, by }: ExtractStep, batch: EventBatch, rows: Uint32Array): Map<string, Column> {
  const source = fieldVector({ batch, rows }, from);
  const { values, codes } = valuesOf(by, source, rows);
  const columns = new Map<string, Column>();
  for (const [field, own] of values) {
    const found: Vector = codes ? { type: "indexed", of: shaped(own, field), codes } : shaped(own, field);
    columns.set(field, toColumn(completed(found, field, batch, rows), rows, batch.rows, isDictionaryField(field)));
  }
  return columns;
}

/** By field what was found in each row, or in each distinct text, which `codes` then tells for each row. */
function valuesOf(rule: ExtractRule, source: Vector, rows: Uint32Array): { values: Map<string, Scalar[]>; codes: Uint32Array | null } {
  const read = readerOf(rule);
  if (source.type === "indexed") return { values: readAll(read, asTexts(source.of, "text") as PlainVector), codes: source.codes };
  if (source.type !== "bytes") return { values: readAll(read, stretched(plain(source), rows.length)), codes: null };
  const scan = scanFor(rule);
  if (!scan) return { values: readAll(read, plain(source)), codes: null };
  const candidates = matchingRows(source.column, rows, scan);
  const found = readAll(read, { type: "text", values: textsOfRows(source.column, candidates), stride: 1 });
  return { values: spread(found, candidates, rows), codes: null };
}

/** What tells cheaply in which rows of a column a rule can find something; null where nothing does. */
function scanFor(rule: ExtractRule): ((column: BytesColumn, mask: Uint8Array) => void) | null {
  if (rule.kind === "regex") return scanOf(rule.pattern);
  const text = rule.kind === "json" ? "{" : rule.kind === "logfmt" ? "=" : longestText(parsePattern(rule.pattern));
  const searched = text.slice(sharpStart(text));
  return text === "" ? null : (column, mask) => searchColumn(column, searched, { any_case: false }, mask, () => true);
}

/** Values of some of the rows in their places among all. */
function spread(values: ReadonlyMap<string, Scalar[]>, some: Uint32Array, rows: Uint32Array): Map<string, Scalar[]> {
  const places = new Uint32Array(some.length);
  for (let index = 0, next = 0; index < rows.length; index++) if (rows[index] === some[next]) places[next++] = index;
  const whole = new Map<string, Scalar[]>();
  for (const [field, own] of values) {
    const all = new Array<Scalar>(rows.length).fill(null);
    for (let index = 0; index < own.length; index++) all[places[index]!] = own[index]!;
    whole.set(field, all);
  }
  return whole;
}

function stretched(vector: PlainVector, length: number): PlainVector {
  if (vector.stride === 1) return vector;
  return vectorOf(new Array<Scalar>(length).fill(scalarAt(vector, 0)));
}

function longestText(parts: readonly PatternPart[]): string {
  return parts.reduce((longest, part) => ("text" in part && part.text.length > longest.length ? part.text : longest), "");
}

/** Calls `visit` with the fields that it finds in a text. */
type Reader = (text: string, visit: (field: string, value: Scalar) => void) => void;

function readerOf(rule: ExtractRule): Reader {
  switch (rule.kind) {
    case "pattern": {
      const parts = parsePattern(rule.pattern);
      return listReader(patternNames(parts).map(resolveField), patternReader(parts));
    }
    case "regex":
      return listReader(groupNames(rule.pattern).map(resolveField), regexGroups(rule.pattern));
    default: {
      const visitPairs = rule.kind === "json" ? visitJson : visitLogfmt;
      const fields = new Map<string, string>();
      return (text, visit) =>
        visitPairs(text, (name, value) => {
          let field = fields.get(name);
          if (field === undefined) {
            field = foundField((rule.prefix ?? "") + name);
            if (fields.size < COMPUTED_COLUMNS_MAX * 16) fields.set(name, field);
          }
          visit(field, value);
        });
    }
  }
}

function listReader(fields: readonly string[], read: (text: string) => readonly (string | null)[] | null): Reader {
  return (text, visit) => {
    const values = read(text);
    if (values) for (let index = 0; index < fields.length; index++) visit(fields[index]!, values[index] ?? null);
  };
}

function readAll(read: Reader, texts: PlainVector): Map<string, Scalar[]> {
  const count = texts.values.length;
  const values = new Map<string, Scalar[]>();
  let index = 0;
  const visit = (field: string, value: Scalar): void => {
    let own = values.get(field);
    if (!own) {
      if (values.size >= COMPUTED_COLUMNS_MAX) return;
      own = new Array<Scalar>(count).fill(null);
      values.set(field, own);
    }
    if (value !== null) own[index] = value;
  };
  for (; index < count; index++) {
    const text = textOf(scalarAt(texts, index));
    if (text !== null) read(text, visit);
  }
  return values;
}

/** An event's own fields hold texts only, and `level` the names of levels. */
function shaped(values: Scalar[], field: string): PlainVector {
  if (!isTextField(field)) return vectorOf(values);
  return vectorOf(values.map((value) => (value === null ? null : field === "level" ? levelOf(String(value)) : textOf(value))));
}

/** The values found, and where there are none those that the field has. */
function completed(found: Vector, field: string, batch: EventBatch, rows: Uint32Array): Vector {
  const before = fieldVector({ batch, rows }, field);
  if (before.type === "text" && before.stride === 0) return found;
  const own = plain(found);
  const others = plain(before);
  return vectorOf(Array.from({ length: rows.length }, (_, index) => scalarAt(own, index) ?? scalarAt(others, index)));
}
