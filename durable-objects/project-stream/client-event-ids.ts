import { CLIENT_EVENT_ID_SIZE_BYTES, EVENT_ID_LIFE_MS, EVENT_IDS_MAX, EVENT_IDS_PER_ROW } from "../../worker/limits.ts";
import { blobOf, FreeRows, type SqlDatabase } from "../storage.ts";
import { KeySet } from "./key-set.ts";
import type { ClientEventIds as SentIds } from "./types.ts";

/**
 * Event ids that clients sent within the last 24 hours, as 96-bit hashes. Two generations: an id is remembered at least a life and at most two.
 * At EVENT_IDS_MAX the set is full: further ids are not remembered, and the answer says so.
 */
export class RememberedEventIds {
  private readonly sql: SqlDatabase;
  private young: KeySet;
  private old: KeySet;
  private young_since_ms: number;
  private readonly added_ms = new Map<number, number>();
  private readonly free: FreeRows;

  constructor(sql: SqlDatabase, now_ms: number) {
    this.sql = sql;
    this.young = new KeySet(CLIENT_EVENT_ID_SIZE_BYTES);
    this.old = new KeySet(CLIENT_EVENT_ID_SIZE_BYTES);
    this.young_since_ms = now_ms;
    for (const row of sql.exec("SELECT row_id, added_ms, hashes FROM client_event_id").toArray()) {
      this.added_ms.set(row.row_id as number, row.added_ms as number);
      if ((row.added_ms as number) + EVENT_ID_LIFE_MS >= now_ms) addAll(this.old, blobOf(row.hashes));
    }
    this.free = new FreeRows(this.added_ms.keys(), Math.max(0, ...this.added_ms.keys()));
  }

  /** Remembers the ids of a frame; returns which of its rows repeat an id that was there before. */
  take(ids: SentIds, now_ms: number): { masked: Uint32Array; overflowed: boolean } {
    this.rotate(now_ms);
    const masked: number[] = [];
    let overflowed = false;
    for (let index = 0; index < ids.rows.length; index++) {
      if (this.old.has(ids.hashes, index) || this.young.has(ids.hashes, index)) masked.push(ids.rows[index]!);
      else if (this.young.count + this.old.count >= EVENT_IDS_MAX) overflowed = true;
      else this.young.add(ids.hashes, index);
    }
    return { masked: Uint32Array.from(masked), overflowed };
  }

  /** A byte for each hash, 1 where the id is remembered. */
  known(hashes: Uint8Array): Uint8Array {
    return Uint8Array.from({ length: hashes.length / CLIENT_EVENT_ID_SIZE_BYTES }, (_, index) =>
      this.old.has(hashes, index) || this.young.has(hashes, index) ? 1 : 0,
    );
  }

  /** The ids of frames in the window, which their slots hold. */
  recall(hashes: Uint8Array): void {
    addAll(this.old, hashes);
  }

  /** Keeps the ids of frames that leave the window; part of the transaction that commits their flush. */
  keep(hashes: Uint8Array, now_ms: number): void {
    const row_size_bytes = EVENT_IDS_PER_ROW * CLIENT_EVENT_ID_SIZE_BYTES;
    for (let from = 0; from < hashes.length; from += row_size_bytes) {
      const expired = [...this.added_ms].find(([, added_ms]) => added_ms + EVENT_ID_LIFE_MS < now_ms)?.[0];
      const row_id = expired ?? this.free.take();
      this.sql.exec(
        "REPLACE INTO client_event_id (row_id, added_ms, hashes) VALUES (?, ?, ?)",
        row_id,
        now_ms,
        hashes.slice(from, from + row_size_bytes),
      );
      this.added_ms.set(row_id, now_ms);
    }
  }

  private rotate(now_ms: number): void {
    if (now_ms - this.young_since_ms < EVENT_ID_LIFE_MS) return;
    this.old = this.young;
    this.young = new KeySet(CLIENT_EVENT_ID_SIZE_BYTES);
    this.young_since_ms = now_ms;
  }
}

function addAll(set: KeySet, hashes: Uint8Array): void {
  for (let index = 0; index * CLIENT_EVENT_ID_SIZE_BYTES < hashes.length; index++) set.add(hashes, index);
}
