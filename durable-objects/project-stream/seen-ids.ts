import { idTime_ms, isKeyed } from "../../worker/engine/batch/batch-id.ts";
import { joinBytes } from "../../worker/engine/batch/join-bytes.ts";
import { SEEN_ID_LIFE_MS, SEEN_IDS_PER_ROW, SEEN_KEYED_IDS_MAX, SEEN_ROWS_READ_MAX } from "../../worker/limits.ts";
import { blobOf, FreeRows, type SqlDatabase } from "../storage.ts";
import { hexBytes, KeySet } from "./key-set.ts";

const ID_SIZE_BYTES = 16;

interface SeenRow {
  row_id: number;
  keyed: boolean;
  /** Of random ids: the times in the ids. Of keyed ones: when they were taken. */
  time_min_ms: number;
  time_max_ms: number;
  count: number;
}

/**
 * The ids of all frames that were ever taken, as long as a copy can return. Frames in the window bear their own ids; the ids of flushed frames
 * are packed here, thousands to a row. A random id carries its time, so that only rows of that time are read; ids made from idempotency keys
 * do not, and are all held in memory once one is asked for.
 */
export class SeenIds {
  private readonly sql: SqlDatabase;
  private readonly rows = new Map<number, SeenRow>();
  private readonly free: FreeRows;
  private keyed: KeySet | null = null;
  /** Rows read lately, the latest last; a row that has grown since is read again. */
  private readonly read_rows = new Map<number, { count: number; ids: KeySet }>();

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    const stored = sql.exec("SELECT row_id, keyed, time_min_ms, time_max_ms, length(ids) AS size_bytes FROM seen").toArray();
    for (const row of stored) {
      const row_id = row.row_id as number;
      this.rows.set(row_id, {
        row_id,
        keyed: row.keyed === 1,
        time_min_ms: row.time_min_ms as number,
        time_max_ms: row.time_max_ms as number,
        count: (row.size_bytes as number) / ID_SIZE_BYTES,
      });
    }
    this.free = new FreeRows(this.rows.keys(), Math.max(0, ...this.rows.keys()));
  }

  has(frame_id: string): boolean {
    const id = hexBytes(frame_id);
    if (isKeyed(frame_id)) return this.keyedIds().has(id, 0);
    const time_ms = idTime_ms(frame_id);
    for (const row of this.rows.values()) {
      if (!row.keyed && row.time_min_ms <= time_ms && time_ms <= row.time_max_ms && this.idsOf(row).has(id, 0)) return true;
    }
    return false;
  }

  /** Packs the ids of frames that leave the window; part of the transaction that commits their flush. */
  add(frame_ids: readonly string[], now_ms: number): void {
    this.expire(now_ms);
    const random = frame_ids.filter((id) => !isKeyed(id));
    const keyed = frame_ids.filter(isKeyed);
    for (let from = 0; from < random.length; ) from += this.addToRow(random.slice(from), false, now_ms);
    for (let from = 0; from < keyed.length; ) from += this.addToRow(keyed.slice(from), true, now_ms);
    if (this.keyed) for (const id of keyed) this.keyed.add(hexBytes(id), 0);
  }

  private addToRow(frame_ids: readonly string[], keyed: boolean, now_ms: number): number {
    const open = [...this.rows.values()].find((row) => row.keyed === keyed && row.count < SEEN_IDS_PER_ROW);
    const taken = frame_ids.slice(0, SEEN_IDS_PER_ROW - (open?.count ?? 0));
    const times_ms = keyed ? [now_ms] : taken.map(idTime_ms);
    const row: SeenRow = {
      row_id: open?.row_id ?? this.free.take(),
      keyed,
      time_min_ms: Math.min(open?.time_min_ms ?? Number.POSITIVE_INFINITY, ...times_ms),
      time_max_ms: Math.max(open?.time_max_ms ?? 0, ...times_ms),
      count: (open?.count ?? 0) + taken.length,
    };
    const ids = joinBytes([open ? this.readRow(open.row_id) : new Uint8Array(0), ...taken.map(hexBytes)]);
    this.sql.exec(
      "REPLACE INTO seen (row_id, keyed, time_min_ms, time_max_ms, ids) VALUES (?, ?, ?, ?, ?)",
      row.row_id,
      keyed ? 1 : 0,
      row.time_min_ms,
      row.time_max_ms,
      ids,
    );
    this.rows.set(row.row_id, row);
    return taken.length;
  }

  /** Rows past their life become free places; so does the oldest keyed row where there are too many. */
  private expire(now_ms: number): void {
    const keyed = [...this.rows.values()].filter((row) => row.keyed).sort((a, b) => a.time_max_ms - b.time_max_ms);
    const surplus = new Set(keyed.slice(0, Math.max(0, keyed.length - Math.ceil(SEEN_KEYED_IDS_MAX / SEEN_IDS_PER_ROW))));
    for (const row of this.rows.values()) {
      if (row.time_max_ms + SEEN_ID_LIFE_MS >= now_ms && !surplus.has(row)) continue;
      this.rows.delete(row.row_id);
      this.sql.exec(
        "REPLACE INTO seen (row_id, keyed, time_min_ms, time_max_ms, ids) VALUES (?, ?, 0, 0, ?)",
        row.row_id,
        0,
        new Uint8Array(0),
      );
      this.free.giveBack(row.row_id);
    }
  }

  private readRow(row_id: number): Uint8Array {
    return blobOf(this.sql.exec("SELECT ids FROM seen WHERE row_id = ?", row_id).toArray()[0]?.ids);
  }

  private idsOf(row: SeenRow): KeySet {
    const known = this.read_rows.get(row.row_id);
    const ids = known?.count === row.count ? known.ids : keySetOf([this.readRow(row.row_id)]);
    this.read_rows.delete(row.row_id);
    this.read_rows.set(row.row_id, { count: row.count, ids });
    for (const row_id of this.read_rows.keys()) if (this.read_rows.size > SEEN_ROWS_READ_MAX) this.read_rows.delete(row_id);
    return ids;
  }

  private keyedIds(): KeySet {
    this.keyed ??= keySetOf([...this.rows.values()].filter((row) => row.keyed).map((row) => this.readRow(row.row_id)));
    return this.keyed;
  }
}

function keySetOf(blobs: Uint8Array[]): KeySet {
  const set = new KeySet(ID_SIZE_BYTES);
  for (const blob of blobs) for (let index = 0; index * ID_SIZE_BYTES < blob.length; index++) set.add(blob, index);
  return set;
}
