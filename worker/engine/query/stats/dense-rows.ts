import type { Column, EventBatch } from "../../batch/event-batch.ts";
import { ingestAt, timesOf } from "../../batch/pages.ts";
import { selectBytes, selectColumn } from "../../batch/select.ts";

/** Of rows fewer than this share of a batch's, the columns that are needed are taken out first: only the pages that hold them are decoded. */
const SPARSE_SHARE = 1 / 32;
const BATCH_ROWS_MIN = 1_024;

export interface DenseRows {
  batch: EventBatch;
  rows: Uint32Array;
}

/** The rows, where they are few as a batch of their own with these fields only, else as they are. */
export function denseRows(batch: EventBatch, rows: Uint32Array, fields: Iterable<string>): DenseRows {
  if (batch.rows < BATCH_ROWS_MIN || rows.length >= batch.rows * SPARSE_SHARE) return { batch, rows };
  return { batch: new FewRows(batch, rows, new Set(fields)), rows: Uint32Array.from({ length: rows.length }, (_, index) => index) };
}

class FewRows implements EventBatch {
  readonly rows: number;
  readonly columns = new Map<string, Column>();
  readonly rest: EventBatch["rest"];
  readonly #batch: EventBatch;
  readonly #rows: Uint32Array;
  #timestamp_us: Float64Array | null = null;
  #ingest_us: Float64Array | null = null;

  constructor(batch: EventBatch, rows: Uint32Array, fields: ReadonlySet<string>) {
    this.rows = rows.length;
    this.#batch = batch;
    this.#rows = rows;
    for (const field of fields) {
      const column = batch.columns.get(field);
      if (column) this.columns.set(field, selectColumn(column, rows));
    }
    this.rest = batch.rest && selectBytes(batch.rest, rows);
  }

  get timestamp_us(): Float64Array {
    this.#timestamp_us ??= timesOf(this.#batch, this.#rows);
    return this.#timestamp_us;
  }

  get ingest_us(): Float64Array {
    this.#ingest_us ??= Float64Array.from(this.#rows, (row) => ingestAt(this.#batch, row));
    return this.#ingest_us;
  }
}
