/**
 * All events of a range in the order of time, in bounded memory. The range is walked in slices: row groups are taken in the order of time
 * until they fill a slice, which then ends where the first group that was left out begins. Groups that follow each other in time are so read once.
 */
import { Buffer } from "node:buffer";
import { type Column, type DictColumn, type EventBatch, type EventRecord, NULL_CODE } from "../engine/batch/event-batch.ts";
import { eventId, rowHash } from "../engine/batch/identity.ts";
import { recordAt } from "../engine/batch/record.ts";
import { selectRows } from "../engine/batch/select.ts";
import { type Filter, filterHints } from "../engine/query/query.ts";
import { EXPORT_PAGE_EVENTS, EXPORT_SLICE_SIZE_BYTES } from "../limits.ts";
import type { SearchContext } from "./context.ts";
import { type Partial, partialOf } from "./coverage.ts";
import type { Order, Position } from "./cursor.ts";
import { unavailable } from "./objects.ts";
import { narrowedRange } from "./plan.ts";
import type { Part, Scan } from "./scan.ts";
import { scanView } from "./scan-view.ts";
import { searchEvents } from "./search-events.ts";
import { stepColumns } from "./step-columns.ts";
import type { TimeRange } from "./time-range.ts";
import { withView } from "./view.ts";

export interface ExportRequest {
  filter: Filter;
  range: TimeRange;
  order: Order;
}

/** What is held in memory at once. */
export interface ExportBounds {
  slice_size_bytes: number;
  page_events: number;
}

const BOUNDS: ExportBounds = { slice_size_bytes: EXPORT_SLICE_SIZE_BYTES, page_events: EXPORT_PAGE_EVENTS };

export type ExportedEvent = EventRecord & { event_id: string };

function columnSize_bytes(column: Column): number {
  if (column.kind === "dict") return column.codes.byteLength + column.values.reduce((sum, value) => sum + 2 * value.length + 16, 0);
  if (column.kind === "bytes") return column.bytes.byteLength + column.offsets.byteLength;
  return column.values.byteLength;
}

function batchSize_bytes(batch: EventBatch): number {
  let size_bytes = 16 * batch.rows + (batch.rest ? columnSize_bytes(batch.rest) : 0);
  for (const column of batch.columns.values()) size_bytes += columnSize_bytes(column);
  return size_bytes;
}

/** Rows in memory of their own: dictionaries are cut down to what the rows use, in strings that hold on to nothing else. */
function ownRows(batch: EventBatch, rows: Uint32Array): EventBatch {
  const selected = selectRows(batch, rows);
  for (const [name, column] of selected.columns) {
    if (column.kind === "dict" && column.values.length > rows.length / 4) selected.columns.set(name, ownDictionary(column));
  }
  return selected;
}

function ownDictionary(column: DictColumn): DictColumn {
  const values: string[] = [];
  const codes = new Uint32Array(column.codes.length);
  const known = new Map<number, number>();
  for (const [row, code] of column.codes.entries()) {
    if (code !== NULL_CODE && !known.has(code)) known.set(code, values.push(Buffer.from(column.values[code]!).toString()) - 1);
    codes[row] = code === NULL_CODE ? NULL_CODE : known.get(code)!;
  }
  return { kind: "dict", values, codes };
}

/** A file without an end is better than one that looks whole and is not. */
function assertWhole(partial: Partial | null): void {
  if (partial) throw unavailable(partial.detail, null);
}

interface Slice {
  batches: EventBatch[];
  /** What is left of the range, null where nothing is. */
  rest: TimeRange | null;
  /** The span of everything that may match, read or not; null where nothing may. */
  span: TimeRange | null;
}

/** Ends of two ranges in one order: the part before `edge_us` is the slice's, the part from it on is left. */
function cut(range: TimeRange, order: Order, edge_us: number | null): { taken: TimeRange; rest: TimeRange | null } {
  if (edge_us === null) return { taken: range, rest: null };
  if (order === "asc") {
    const split_us = Math.max(range.from_us, edge_us);
    return { taken: { from_us: range.from_us, to_us: split_us }, rest: { from_us: split_us, to_us: range.to_us } };
  }
  const split_us = Math.min(range.to_us, edge_us + 1);
  return { taken: { from_us: split_us, to_us: range.to_us }, rest: { from_us: range.from_us, to_us: split_us } };
}

function rowsWithin(batch: EventBatch, range: TimeRange): EventBatch {
  const rows: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    const time = batch.timestamp_us[row]!;
    if (time >= range.from_us && time < range.to_us) rows.push(row);
  }
  return rows.length === batch.rows ? batch : ownRows(batch, Uint32Array.from(rows));
}

/** Reads until the slice is full. A slice without progress (all groups overlap) is told by `rest` equal to the range. */
async function readSlice(context: SearchContext, { filter, range, order }: ExportRequest, slice_size_bytes: number): Promise<Slice> {
  const names = stepColumns(filter, []);
  return withView(context, range, async (view) => {
    const collected: EventBatch[] = [];
    let size_bytes = 0;
    let edge_us: number | null = null;
    let span: TimeRange | null = null;
    const scan: Scan = {
      filter,
      steps: [],
      names,
      range,
      order,
      width: 1,
      wants(ts_min_us: number, ts_max_us: number) {
        span = { from_us: Math.min(span?.from_us ?? ts_min_us, ts_min_us), to_us: Math.max(span?.to_us ?? 0, ts_max_us + 1) };
        if (size_bytes < slice_size_bytes) return true;
        const begin_us = order === "asc" ? ts_min_us : ts_max_us;
        edge_us = edge_us === null ? begin_us : order === "asc" ? Math.min(edge_us, begin_us) : Math.max(edge_us, begin_us);
        return false;
      },
      async take({ rows, full }: Part) {
        const { stored: whole } = await full(rows);
        const batch = rows.length === whole.rows ? whole : ownRows(whole, rows);
        collected.push(batch);
        size_bytes += batchSize_bytes(batch);
      },
    };
    assertWhole(partialOf(context, range, order, await scanView(context, scan, view)));
    const { taken, rest } = cut(range, order, edge_us);
    const batches = collected.map((batch) => rowsWithin(batch, taken)).filter(({ rows }) => rows > 0);
    return { batches, rest, span };
  });
}

interface Place {
  batch: EventBatch;
  row: number;
  timestamp_us: number;
}

/** Rows of one moment, ordered by hash; identical ones get ascending counters. */
function* sameMoment(places: readonly Place[], direction: 1 | -1): Generator<ExportedEvent> {
  const hashed = places.map((place) => ({ ...place, hash: rowHash(place.batch, place.row) }));
  hashed.sort((a, b) => (a.hash < b.hash ? -direction : a.hash > b.hash ? direction : 0));
  let copy = 0;
  for (const [index, { batch, row, timestamp_us, hash }] of hashed.entries()) {
    copy = index > 0 && hashed[index - 1]!.hash === hash ? copy + 1 : 0;
    const record = recordAt(batch, row);
    yield { ...record, event_id: record.event_id ?? eventId(timestamp_us, hash, copy) };
  }
}

function* inOrder(batches: readonly EventBatch[], order: Order): Generator<ExportedEvent> {
  const direction = order === "asc" ? 1 : -1;
  const places: Place[] = [];
  for (const batch of batches) {
    for (let row = 0; row < batch.rows; row++) places.push({ batch, row, timestamp_us: batch.timestamp_us[row]! });
  }
  places.sort((a, b) => (a.timestamp_us - b.timestamp_us) * direction);
  for (let first = 0; first < places.length; ) {
    let end = first + 1;
    while (end < places.length && places[end]!.timestamp_us === places[first]!.timestamp_us) end++;
    yield* sameMoment(places.slice(first, end), direction);
    first = end;
  }
}

/** Pages through a range that slices cannot divide: a moment with very many events. */
async function* paged(context: SearchContext, request: ExportRequest, page_events: number): AsyncGenerator<ExportedEvent[]> {
  let after: Position | null = null;
  do {
    const page = await searchEvents(context, { ...request, limit: page_events, after });
    assertWhole(page.partial);
    yield page.events.map(({ record }) => record as ExportedEvent);
    after = page.more ? page.last : null;
  } while (after);
}

function* lists(events: Iterable<ExportedEvent>, page_events: number): Generator<ExportedEvent[]> {
  let list: ExportedEvent[] = [];
  for (const event of events) {
    list.push(event);
    if (list.length < page_events) continue;
    yield list;
    list = [];
  }
  if (list.length > 0) yield list;
}

function length_us(range: TimeRange): number {
  return range.to_us - range.from_us;
}

function intersection(a: TimeRange, b: TimeRange): TimeRange {
  return { from_us: Math.max(a.from_us, b.from_us), to_us: Math.min(a.to_us, b.to_us) };
}

/** The first `width_us` of a range in its order. */
function head(range: TimeRange, order: Order, width_us: number): TimeRange {
  if (length_us(range) <= width_us) return range;
  return order === "asc" ? { ...range, to_us: range.from_us + width_us } : { ...range, from_us: range.to_us - width_us };
}

/** What a range still has after its `taken` first part, less what of that part is `left`. */
function remainder(range: TimeRange, order: Order, taken: TimeRange, left: TimeRange | null): TimeRange {
  if (order === "asc") return { from_us: left?.from_us ?? taken.to_us, to_us: range.to_us };
  return { from_us: range.from_us, to_us: left?.to_us ?? taken.from_us };
}

/** Every event of the range, at any length, a list at a time. */
export async function* exportEvents(
  context: SearchContext,
  request: ExportRequest,
  bounds: ExportBounds = BOUNDS,
): AsyncGenerator<ExportedEvent[]> {
  const { slice_size_bytes, page_events } = bounds;
  const { filter, order } = request;
  let range = narrowedRange(request.range, filterHints(filter));
  let width_us = length_us(range);
  while (length_us(range) > 0) {
    const part = head(range, order, width_us);
    const slice = await readSlice(context, { filter, order, range: part }, slice_size_bytes);
    if (slice.rest && slice.span && length_us(slice.rest) === length_us(part)) {
      // Everything overlaps: a shorter part meets less of it. What is empty before the first event can be left out at once.
      const full = intersection(part, slice.span);
      range = order === "asc" ? { ...range, from_us: full.from_us } : { ...range, to_us: full.to_us };
      width_us = Math.floor(length_us(full) / 2);
      if (width_us > 0) continue;
      yield* paged(context, { filter, order, range: full }, page_events);
      range = remainder(range, order, full, null);
    } else {
      yield* lists(inOrder(slice.batches, order), page_events);
      range = remainder(range, order, part, slice.rest);
    }
    width_us = Math.max(1, width_us) * 2;
  }
}
