/**
 * Compaction: segments become larger ones of one UTC day each. Row groups follow each other in time, rows inside one are sorted by service,
 * fingerprint and time, and filters know each group's words and ids. In memory at a time: the times of all inputs while the work is planned, then
 * one output row group, a bounded number of decoded input groups, and the encoded output.
 */
import { SEGMENT_ATTRIBUTE_COLUMNS_MAX } from "../../limits.ts";
import { type EventBatch, STRING_FIELDS } from "../batch/event-batch.ts";
import { gather } from "../batch/select.ts";
import { type ColumnUse, type Family, familyOf, type Layout, unifyColumns } from "../batch/unify.ts";
import { buildChunk, type Chunk, partOfTimes } from "./chunk.ts";
import { columnOrder } from "./column-order.ts";
import { MILLISECONDS, scaleOf } from "./encode-column.ts";
import { SegmentError } from "./errors.ts";
import { factsOf } from "./facts.ts";
import { addValues, VALUE_FILTER_COLUMNS } from "./filter-keys.ts";
import { WORDS } from "./filter-set.ts";
import { INGEST_TS, REST, TIMESTAMP } from "./frame.ts";
import { GroupCache, type InputGroup } from "./group-cache.ts";
import { UNITS } from "./index-block.ts";
import { mergeBounds, planMerge } from "./merge-plan.ts";
import type { Segment } from "./read.ts";
import { type GroupPart, RowSource } from "./row-source.ts";
import type { SegmentIdentity, SegmentRow } from "./segment-row.ts";
import { type SegmentColumn, SegmentWriter, type TimeScales, type WrittenFilter } from "./segment-writer.ts";
import { sortedRows } from "./sort-order.ts";
import { SortedGroup, type WrittenColumn } from "./sorted-group.ts";
import { timeBounds } from "./times.ts";
import { UnitFilterBuilder } from "./unit-filter-builder.ts";
import { addWords } from "./words-of-pages.ts";

export interface MergeOptions {
  /** Who an output is. @param ordinal of the outputs of that day */
  identify(day: string, ordinal: number): SegmentIdentity;
}

const MESSAGE = "message";
/** Always dictionaries, whatever they hold: filters are evaluated on their values. */
const DICTIONARY_FIELDS: readonly string[] = STRING_FIELDS.slice(0, STRING_FIELDS.indexOf("message"));
/** Codes of these are compressed where that saves much; numbers and what most queries look at are not, whatever it would save. */
function mayCompress(name: string, family: Family): boolean {
  return name === "fingerprint" || (family === "string" && name !== "level" && name !== "service");
}

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
  const times_us = await readTimes(groups);
  const plan = planMerge(times_us, bounds);
  const layout = unifyColumns(inputs.flatMap(segmentUses), SEGMENT_ATTRIBUTE_COLUMNS_MAX);
  const columns = outputColumns(inputs, layout);
  const scales: TimeScales = [scaleOf(times_us), ingestScale(inputs)];
  const source = new RowSource(groups, plan, bounds.group_rows_max, new GroupCache(layout));
  const raw_bytes = new Shares(
    inputs.reduce((sum, input) => sum + input.row.raw_bytes, 0),
    plan.group_of.length,
  );
  for (const output of plan.outputs) {
    const writer = new SegmentWriter(columns, scales);
    const filters = new SegmentFilters();
    for (let group = 0; group < output.groups; group++) writeSortedGroup(writer, filters, columns, scales, await source.next());
    yield writer.finish(options.identify(output.day, output.ordinal), raw_bytes.take(output.rows), filters.finish());
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

/** Arrival times are in milliseconds where they are in every input. */
function ingestScale(inputs: readonly Segment[]): number {
  return inputs.reduce((least, { columns }) => Math.min(least, columns.find(({ name }) => name === INGEST_TS)?.scale ?? 1), MILLISECONDS);
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

/** Column by column, so that no more than one is held in sorted form. */
function writeSortedGroup(
  writer: SegmentWriter,
  filters: SegmentFilters,
  columns: readonly SegmentColumn[],
  scales: TimeScales,
  parts: readonly GroupPart[],
): void {
  const group = new SortedGroup(parts);
  const { rows } = group;
  const timestamp_us = group.times("timestamp_us");
  const service = group.joinedDict("service");
  const level = group.joinedDict("level");
  const { order, service_runs } = sortedRows(timestamp_us, service, group.numbered("fingerprint"));
  group.order = order;
  const chunks: Chunk[] = [timesChunk(timestamp_us, order, scales[0]), timesChunk(group.times("ingest_us"), order, scales[1])];
  for (const { name, family } of columns) {
    const options = {
      dictionary_only: DICTIONARY_FIELDS.includes(name),
      compressible: mayCompress(name, family),
      keep_codes: name === MESSAGE,
    };
    const written = group.write((batch) => (name === REST ? batch.rest : (batch.columns.get(name) ?? null)), family, options);
    chunks.push(written.chunk);
    filters.add(name, written, rows);
  }
  filters.endGroup();
  const counted: EventBatch["columns"] = new Map();
  if (service !== null) counted.set("service", service);
  if (level !== null) counted.set("level", level);
  const facts = factsOf({ rows, timestamp_us, columns: counted });
  writer.addGroup(chunks, { rows, ...timeBounds(timestamp_us), facts, service_runs });
}

function timesChunk(times_us: Float64Array, order: Uint32Array, scale: number): Chunk {
  return buildChunk([partOfTimes(gather(times_us, order), scale)], { family: "int64", optional: false, sorted: true, compressible: true });
}

/** The filters of an output, which grow group by group. */
class SegmentFilters {
  readonly #words = new UnitFilterBuilder();
  readonly #values = new Map<string, UnitFilterBuilder>();
  #groups = 0;
  /** False once the words of a group could not be taken. */
  #has_words = true;

  add(name: string, { chunk, column }: WrittenColumn, rows: number): void {
    if (column === null || chunk.nulls === rows) return;
    if (name === MESSAGE) {
      const page_rows = chunk.pages.map((page) => page.rows);
      if (this.#has_words) this.#has_words = addWords(this.#words, column, page_rows);
    } else if ((VALUE_FILTER_COLUMNS as readonly string[]).includes(name)) addValues(this.#valuesOf(name), column, rows);
  }

  endGroup(): void {
    this.#groups++;
    for (const values of this.#values.values()) values.endUnit();
  }

  #valuesOf(name: string): UnitFilterBuilder {
    let values = this.#values.get(name);
    if (values === undefined) {
      values = new UnitFilterBuilder();
      for (let group = 0; group < this.#groups; group++) values.endUnit();
      this.#values.set(name, values);
    }
    return values;
  }

  finish(): WrittenFilter[] {
    const filters: WrittenFilter[] = [];
    const words = this.#has_words && this.#words.units > 0 ? this.#words.finish() : null;
    if (words !== null) filters.push({ column: WORDS, units: UNITS.PAGES, parts: words });
    for (const [column, builder] of this.#values) {
      const parts = builder.finish();
      if (parts !== null) filters.push({ column, units: UNITS.GROUPS, parts });
    }
    return filters;
  }
}
