/** Rows of columns that may be in pages, looked at one by one or page by page, so that nothing else is decoded. */
import {
  type BytesColumn,
  type Column,
  type ColumnPages,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberColumn,
} from "./event-batch.ts";

/** The last entry that is not above the number; entries ascend and the first is not above it. */
export function lastAtOrBelow(entries: Uint32Array, number: number): number {
  let low = 0;
  let high = entries.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (entries[middle]! <= number) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The page that holds a row. Pages without rows do not occur. */
function pageOf({ starts }: ColumnPages, row: number): number {
  return lastAtOrBelow(starts, row);
}

/**
 * Calls `visit` for each page that holds a row of `mask`, with the page's column and its part of the mask.
 * @param wanted 0 for pages that are not to be decoded: their column is null as if no row had a value
 */
export function forEachPage(
  pages: ColumnPages,
  mask: Uint8Array,
  visit: (column: Column | null, mask: Uint8Array) => void,
  wanted: Uint8Array | null = null,
): void {
  const { starts } = pages;
  let page = 0;
  for (let row = mask.indexOf(1); row >= 0; row = mask.indexOf(1, starts[page]!)) {
    while (starts[page + 1]! <= row) page++;
    visit(wanted === null || wanted[page] === 1 ? pages.page(page) : null, mask.subarray(starts[page]!, starts[page + 1]!));
    page++;
    if (page === starts.length - 1) return;
  }
}

/** The code of a row, NULL_CODE where it has no value. */
export function codeAt(column: DictColumn, row: number): number {
  return column.codeAt ? column.codeAt(row) : column.codes[row]!;
}

/** UTF-8 of a row's string; null where it has none. */
export function bytesAt(column: BytesColumn, row: number): Uint8Array | null {
  if (column.pages) {
    const index = pageOf(column.pages, row);
    const page = column.pages.page(index);
    const inside = row - column.pages.starts[index]!;
    if (page === null) return null;
    if (page.kind === "bytes") return bytesAt(page, inside);
    if (page.kind !== "dict") throw new TypeError(`a page of ${page.kind} in a column of strings`);
    const code = codeAt(page, inside);
    return code === NULL_CODE ? null : valueBytes(page, code);
  }
  if (column.present !== null && column.present[row] === 0) return null;
  return column.bytes.subarray(column.offsets[row]!, column.offsets[row + 1]!);
}

const encoder = new TextEncoder();

/** UTF-8 of a value of a dictionary. */
export function valueBytes(column: DictColumn, code: number): Uint8Array {
  if (column.valueBytes) return column.valueBytes(code);
  const { utf8 } = column;
  return utf8 ? utf8.bytes.subarray(utf8.offsets[code]!, utf8.offsets[code + 1]!) : encoder.encode(column.values[code]!);
}

/** A row's number; null where it has none. */
export function numberAt(column: NumberColumn, row: number): number | null {
  if (column.pages) {
    const index = pageOf(column.pages, row);
    const page = column.pages.page(index);
    return page === null ? null : numberAt(page as NumberColumn, row - column.pages.starts[index]!);
  }
  const { dictionary } = column;
  if (dictionary?.codeAt) {
    const code = dictionary.codeAt(row);
    return code === NULL_CODE ? null : dictionary.values[code]!;
  }
  return column.present !== null && column.present[row] === 0 ? null : column.values[row]!;
}

/** Event times of rows, in their order. */
export function timesOf(batch: EventBatch, rows: Uint32Array): Float64Array {
  const times = new Float64Array(rows.length);
  const column = batch.time_columns?.timestamp;
  if (column?.pages === undefined || rows.length > batch.rows / 4) {
    const all = batch.timestamp_us;
    for (let index = 0; index < rows.length; index++) times[index] = all[rows[index]!]!;
    return times;
  }
  gatherNumbers(column, rows, times);
  return times;
}

/** Event time of a row. */
export function timeAt(batch: EventBatch, row: number): number {
  const column = batch.time_columns?.timestamp;
  return column === undefined ? batch.timestamp_us[row]! : numberAt(column, row)!;
}

/** Arrival time of a row. */
export function ingestAt(batch: EventBatch, row: number): number {
  const column = batch.time_columns?.ingest_ts;
  return column === undefined ? batch.ingest_us[row]! : numberAt(column, row)!;
}

/** Numbers of rows that have one, page by page. */
function gatherNumbers(column: NumberColumn, rows: Uint32Array, target: Float64Array): void {
  const pages = column.pages!;
  const { starts } = pages;
  let index = -1;
  let values: Float64Array = target;
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at]!;
    if (index < 0 || row < starts[index]! || row >= starts[index + 1]!) {
      index = pageOf(pages, row);
      values = (pages.page(index) as NumberColumn).values;
    }
    target[at] = values[row - starts[index]!]!;
  }
}
