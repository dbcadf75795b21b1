/**
 * Compaction: segments become larger ones of one UTC day each. Row groups follow each other in time, rows inside one are sorted by service,
 * fingerprint and time, and filters know each group's words and ids. In memory at a time: the times of all inputs while the work is planned, then
 * one output row group, a bounded number of decoded input groups, and the encoded output.
 */
import { SEGMENT_ATTRIBUTE_COLUMNS_MAX } from "../../limits.ts";
import { type Column, type EventBatch, STRING_FIELDS } from "../batch/event-batch.ts";
import { bytesColumn, concatColumns, gather, selectColumn, selectRows } from "../batch/select.ts";
import { type ColumnUse, familyOf, type Layout, unifyColumns } from "../batch/unify.ts";
import { buildChunk, type Chunk, partOf, partOfTimes } from "./chunk.ts";
import { columnOrder } from "./column-order.ts";
import { SegmentError } from "./errors.ts";
import { factsOf } from "./facts.ts";
import { VALUE_FILTER_COLUMNS, valueFilter, wordFilter } from "./filter-keys.ts";
import { WORDS } from "./filter-set.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import { FuseFilter, KeyList } from "./fuse-filter.ts";
import { GroupCache, type InputGroup } from "./group-cache.ts";
import { type MergePlan, mergeBounds, planMerge } from "./merge-plan.ts";
import type { Segment } from "./read.ts";
import type { SegmentIdentity, SegmentRow } from "./segment-row.ts";
import { type GroupFilter, type SegmentColumn, SegmentWriter } from "./segment-writer.ts";
import { sortedRows } from "./sort-order.ts";

export interface MergeOptions {
  /** Who an output is. @param ordinal of the outputs of that day */
  identify(day: string, ordinal: number): SegmentIdentity;
}

/** Always dictionaries, whatever they hold: filters are evaluated on their values. */
const DICTIONARY_FIELDS: readonly string[] = STRING_FIELDS.slice(0, STRING_FIELDS.indexOf("message"));

/**
 * Merges segments.
 * @param inputs all of one project
 * @returns each output as soon as it is complete: the object's bytes in order and its catalog row. Together they hold exactly the inputs' events.
 * @throws SegmentError where an input is damaged; what its source throws
 */
export async function* mergeSegments(
  inputs: readonly Segment[],
  options: MergeOptions,
): AsyncGenerator<{ chunks: Uint8Array[]; row: SegmentRow }> {
  const groups = inputGroups(inputs);
  const bounds = mergeBounds(inputs.map(({ row }) => row));
  const plan = planMerge(await readTimes(groups), bounds);
  const layout = unifyColumns(inputs.flatMap(segmentUses), SEGMENT_ATTRIBUTE_COLUMNS_MAX);
  const columns = outputColumns(inputs, layout);
  const source = new RowSource(groups, plan, bounds.group_rows_max, new GroupCache(layout));
  const raw_bytes = new Shares(
    inputs.reduce((sum, input) => sum + input.row.raw_bytes, 0),
    plan.group_of.length,
  );
  for (const output of plan.outputs) {
    const writer = new SegmentWriter(columns);
    for (let group = 0; group < output.groups; group++) writeSortedGroup(writer, columns, await source.next());
    yield writer.finish(options.identify(output.day, output.ordinal), raw_bytes.take(output.rows));
  }
}

function inputGroups(inputs: readonly Segment[]): InputGroup[] {
  const groups: InputGroup[] = [];
  let first_row = 0;
  for (const segment of inputs) {
    for (const [index, { rows }] of segment.groups.entries()) {
      groups.push({ segment, index, rows, first_row });
      first_row += rows;
    }
  }
  return groups;
}

async function readTimes(groups: readonly InputGroup[]): Promise<Float64Array> {
  const times_us = new Float64Array(groups.reduce((sum, { rows }) => sum + rows, 0));
  for (const { segment, index, first_row } of groups) times_us.set(await segment.readTimes(index), first_row);
  if (!times_us.every((time_us) => Math.abs(time_us) <= Number.MAX_SAFE_INTEGER))
    throw new SegmentError("segment: a time beyond all calendars");
  return times_us;
}

function segmentUses(segment: Segment): ColumnUse[] {
  return segment.columns
    .filter(({ name }) => name !== TIMESTAMP && name !== INGEST_TS && name !== REST)
    .map(({ name, kind, nulls }) => ({ name, kind, values: segment.row.rows - nulls }));
}

function outputColumns(inputs: readonly Segment[], layout: Layout): SegmentColumn[] {
  const columns: SegmentColumn[] = columnOrder(layout.keys()).map((name) => ({ name, family: layout.get(name)! }));
  const fold = inputs.some((input) => segmentUses(input).some(({ name, kind }) => layout.get(name) !== familyOf(kind)));
  const has_rest = inputs.some(({ columns, row }) => columns.some(({ name, nulls }) => name === REST && nulls < row.rows));
  if (fold || has_rest) columns.push({ name: REST, family: "string" });
  return columns;
}

/** A total given out in parts that add up to it. */
class Shares {
  readonly #total: number;
  readonly #rows: number;
  #taken_rows = 0;

  constructor(total: number, rows: number) {
    this.#total = total;
    this.#rows = rows;
  }

  take(rows: number): number {
    const before = Math.round((this.#total * this.#taken_rows) / this.#rows);
    this.#taken_rows += rows;
    return Math.round((this.#total * this.#taken_rows) / this.#rows) - before;
  }
}

/**
 * Collects the rows of output groups from the inputs. Short groups that follow each other (events of many days) are collected in one pass, so that
 * an input is not decoded once for each.
 */
class RowSource {
  readonly #groups: { input: InputGroup; first: number; last: number }[];
  readonly #plan: MergePlan;
  readonly #pass_rows_max: number;
  readonly #cache: GroupCache;
  /** Parts of the groups of the pass under way, from `#next` on. */
  #ready: EventBatch[][] = [];
  #next = 0;

  constructor(groups: readonly InputGroup[], plan: MergePlan, pass_rows_max: number, cache: GroupCache) {
    this.#plan = plan;
    this.#pass_rows_max = pass_rows_max;
    this.#cache = cache;
    this.#groups = groups.map((input) => {
      let first = Number.POSITIVE_INFINITY;
      let last = -1;
      for (let row = input.first_row; row < input.first_row + input.rows; row++) {
        const group = plan.group_of[row]!;
        if (group < first) first = group;
        if (group > last) last = group;
      }
      return { input, first, last };
    });
  }

  /** The parts of the next output group; they belong to the caller. */
  async next(): Promise<EventBatch[]> {
    if (this.#ready.length === 0) await this.#collect();
    this.#next++;
    return this.#ready.shift()!;
  }

  async #collect(): Promise<void> {
    const from = this.#next;
    const to = this.#passEnd(from);
    this.#ready = Array.from({ length: to - from }, () => []);
    for (const { input, first, last } of this.#groups) {
      if (to <= first || from > last) continue;
      await this.#collectFrom(input, from, to);
      if (last < to) this.#cache.drop(input);
    }
  }

  /** Apart, so that nothing here still holds an input when the next one is read. */
  async #collectFrom(input: InputGroup, from: number, to: number): Promise<void> {
    const rows_of = this.#rowsOf(input, from, to);
    if (rows_of.size === 0) return;
    const batch = await this.#cache.get(input);
    for (const [group, rows] of rows_of) {
      const part = rows.length === batch.rows ? { ...batch, columns: new Map(batch.columns) } : selectRows(batch, rows);
      this.#ready[group - from]!.push(part);
    }
  }

  /** As many groups as make one of full size. */
  #passEnd(from: number): number {
    const { group_rows } = this.#plan;
    let end = from + 1;
    let rows = group_rows[from]!;
    while (end < group_rows.length && rows + group_rows[end]! <= this.#pass_rows_max) rows += group_rows[end++]!;
    return end;
  }

  /** Rows of an input by output group, for groups from..to. */
  #rowsOf(input: InputGroup, from: number, to: number): Map<number, Uint32Array> {
    const group_of = this.#plan.group_of.subarray(input.first_row, input.first_row + input.rows);
    const counts = new Uint32Array(to - from);
    for (const group of group_of) if (group >= from && group < to) counts[group - from] = counts[group - from]! + 1;
    const rows = new Map<number, Uint32Array>();
    for (const [index, count] of counts.entries()) if (count > 0) rows.set(from + index, new Uint32Array(count));
    counts.fill(0);
    for (let row = 0; row < group_of.length; row++) {
      const group = group_of[row]!;
      if (group < from || group >= to) continue;
      const place = counts[group - from]!;
      rows.get(group)![place] = row;
      counts[group - from] = place + 1;
    }
    return rows;
  }
}

/** Column by column, so that no more than one is held in sorted form; what was written is dropped from the parts. */
function writeSortedGroup(writer: SegmentWriter, columns: readonly SegmentColumn[], parts: readonly EventBatch[]): void {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const joined = (name: string): Column | null => joinColumn(parts, name, rows);
  const timestamp_us = joinTimes(parts, rows, "timestamp_us");
  const service = joined("service");
  const level = joined("level");
  const order = sortedRows(timestamp_us, service, joined("fingerprint"));
  const chunks: Chunk[] = [
    buildChunk([partOfTimes(gather(timestamp_us, order))], "int64", false),
    buildChunk([partOfTimes(gather(joinTimes(parts, rows, "ingest_us"), order))], "int64", false),
  ];
  const filters: GroupFilter[] = [];
  for (const { name, family } of columns) {
    const unsorted = joined(name);
    const column = unsorted === null ? null : settle(name, selectColumn(unsorted, order), rows);
    for (const part of parts) part.columns.delete(name);
    const chunk = buildChunk([partOf(column, rows)], family, true);
    chunks.push(chunk);
    addFilter(filters, name, column, chunk, rows);
  }
  const counted: EventBatch["columns"] = new Map();
  if (service !== null) counted.set("service", service);
  if (level !== null) counted.set("level", level);
  writer.addGroup(chunks, { rows, ...timeBounds(timestamp_us), facts: factsOf({ rows, timestamp_us, columns: counted }), filters });
}

function joinTimes(parts: readonly EventBatch[], rows: number, which: "timestamp_us" | "ingest_us"): Float64Array {
  const whole = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    whole.set(part[which], at);
    at += part.rows;
  }
  return whole;
}

function joinColumn(parts: readonly EventBatch[], name: string, rows: number): Column | null {
  const columns = parts.map((part) => ({ column: name === REST ? part.rest : (part.columns.get(name) ?? null), rows: part.rows }));
  return columns.every(({ column }) => column === null) ? null : concatColumns(columns, rows);
}

/** A dictionary in which most rows have a value of their own is dearer than the strings themselves. */
function settle(name: string, column: Column, rows: number): Column {
  if (column.kind !== "dict" || DICTIONARY_FIELDS.includes(name)) return column;
  return column.values.length > rows / 2 ? bytesColumn(column, rows) : column;
}

function addFilter(filters: GroupFilter[], name: string, column: Column | null, chunk: Chunk, rows: number): void {
  let filter: FuseFilter | null = null;
  if (name === "message") {
    filter =
      column === null
        ? FuseFilter.build(new KeyList(), 0)
        : wordFilter(
            column,
            chunk.pages.map((page) => page.rows),
          );
  } else if (column !== null && (VALUE_FILTER_COLUMNS as readonly string[]).includes(name)) filter = valueFilter(column, rows);
  if (filter !== null) filters.push({ column: name === "message" ? WORDS : name, bytes: filter.encode() });
}

function timeBounds(times_us: Float64Array): { ts_min_us: number; ts_max_us: number } {
  let ts_min_us = Number.POSITIVE_INFINITY;
  let ts_max_us = Number.NEGATIVE_INFINITY;
  for (const time of times_us) {
    if (time < ts_min_us) ts_min_us = time;
    if (time > ts_max_us) ts_max_us = time;
  }
  return { ts_min_us, ts_max_us };
}
