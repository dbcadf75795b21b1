import { joinBytes } from "../../worker/engine/batch/join-bytes.ts";
import { WINDOW_ROW_SIZE_BYTES_MAX } from "../../worker/limits.ts";
import { blobOf, FreeRows, type SqlDatabase } from "../storage.ts";
import type { AppendFrame, JournalPointer, ViewFrame } from "./types.ts";

/** A frame as the window remembers it: all but its bytes, and where those are. */
export interface WindowFrame extends Omit<ViewFrame, "bytes"> {
  slot_id: number;
  offset: number;
  /** Stored length; 0 where a journal object holds the bytes. */
  stored_size_bytes: number;
}

export interface Slot {
  slot_id: number;
  seq_min: number;
  seq_max: number;
  frames: WindowFrame[];
}

/** Frame heads as they stand in a slot's row: arrays, since a project's every request writes one. */
type StoredHead = [
  frame_id: string,
  seq: number,
  rows: number,
  raw_bytes: number,
  size_bytes: number,
  ts_min_us: number,
  ts_max_us: number,
  accepted_us: number,
  stored_size_bytes: number,
  masked: number[] | null,
  journal: JournalPointer | null,
];

/** Of a frame's head as text, but for its hidden rows. */
const HEAD_SIZE_BYTES_MAX = 300;

export interface NewFrame {
  frame: AppendFrame;
  seq: number;
  masked: Uint32Array | null;
}

/**
 * Frames that are not yet in R2, and for some minutes those that are. One append makes one row, or more where it is large;
 * a row is taken again once all its frames are flushed and their segment's row has been in D1 for a while.
 */
export class Window {
  private readonly sql: SqlDatabase;
  /** Ascending by sequence number. */
  private slots: Slot[] = [];
  private readonly free: FreeRows;

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    const rows = sql.exec("SELECT slot_id, seq_min, seq_max, head FROM slot").toArray();
    this.slots = rows.map((row) => ({
      slot_id: row.slot_id as number,
      seq_min: row.seq_min as number,
      seq_max: row.seq_max as number,
      frames: readHead(row.slot_id as number, row.head as string),
    }));
    this.slots.sort((a, b) => a.seq_min - b.seq_min);
    const ids = this.slots.map((slot) => slot.slot_id);
    this.free = new FreeRows(ids, Math.max(0, ...ids));
  }

  /** The highest sequence number of any stored frame; 0 where there is none. */
  get seq_last(): number {
    return this.slots.at(-1)?.seq_max ?? 0;
  }

  /** Slots with frames after `seq`. */
  slotsAfter(seq: number): Slot[] {
    return this.slots.slice(this.placeAfter(seq));
  }

  firstAfter(seq: number): WindowFrame | undefined {
    return this.slots[this.placeAfter(seq)]?.frames.find((frame) => frame.seq > seq);
  }

  private placeAfter(seq: number): number {
    let low = 0;
    let high = this.slots.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.slots[middle]!.seq_max > seq) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  framesAfter(seq: number): WindowFrame[] {
    return this.slotsAfter(seq).flatMap((slot) => slot.frames.filter((frame) => frame.seq > seq));
  }

  /** Part of a transaction. Frames go into rows together until one is full. */
  store(frames: readonly NewFrame[]): void {
    let group: NewFrame[] = [];
    let group_size_bytes = 0;
    for (const entry of frames) {
      const size_bytes = storedSize(entry);
      if (group.length > 0 && group_size_bytes + size_bytes > WINDOW_ROW_SIZE_BYTES_MAX) {
        this.storeSlot(group);
        group = [];
        group_size_bytes = 0;
      }
      group.push(entry);
      group_size_bytes += size_bytes;
    }
    if (group.length > 0) this.storeSlot(group);
  }

  private storeSlot(group: readonly NewFrame[]): void {
    const slot_id = this.free.take();
    const heads = group.map(headOf);
    const event_ids = group.flatMap(({ frame }) => (frame.event_ids ? [frame.event_ids.hashes] : []));
    const head = JSON.stringify(heads);
    const seq_min = group[0]!.seq;
    const seq_max = group.at(-1)!.seq;
    this.sql.exec(
      "REPLACE INTO slot (slot_id, seq_min, seq_max, head, event_ids, data) VALUES (?, ?, ?, ?, ?, ?)",
      slot_id,
      seq_min,
      seq_max,
      head,
      event_ids.length > 0 ? joinBytes(event_ids) : null,
      joinBytes(group.flatMap(({ frame }) => (frame.bytes ? [frame.bytes] : []))),
    );
    this.slots.push({ slot_id, seq_min, seq_max, frames: readHead(slot_id, head) });
  }

  /** Gives back the rows of frames up to `seq`; their content stays until the row is taken again. */
  release(seq: number): void {
    const kept: Slot[] = [];
    for (const slot of this.slots) {
      if (slot.seq_max <= seq) this.free.giveBack(slot.slot_id);
      else kept.push(slot);
    }
    this.slots = kept;
  }

  /** The sequence number up to which rows must go so that those after it, up to `seq`, are of frames of at most so many bytes; 0 where none must. */
  seqBeyond(seq: number, size_bytes_max: number): number {
    let size_bytes = 0;
    for (const slot of this.slots.toReversed()) {
      if (slot.seq_max > seq) continue;
      size_bytes += slot.frames.reduce((sum, frame) => sum + frame.size_bytes, 0);
      if (size_bytes > size_bytes_max) return slot.seq_max;
    }
    return 0;
  }

  eventIdHashes(slot: Slot): Uint8Array {
    return blobOf(this.sql.exec("SELECT event_ids FROM slot WHERE slot_id = ?", slot.slot_id).toArray()[0]?.event_ids);
  }

  /**
   * Frames with their bytes, in the given order, up to `size_bytes_max` (one frame at least).
   * @returns the frames read and the sequence number to go on from, null at the end
   */
  read(
    frames: readonly WindowFrame[],
    held: ReadonlySet<number>,
    size_bytes_max: number,
  ): { frames: ViewFrame[]; next_seq: number | null } {
    const read: ViewFrame[] = [];
    let data = null as { slot_id: number; bytes: Uint8Array } | null;
    let size_bytes = 0;
    for (const frame of frames) {
      if (size_bytes > 0 && size_bytes + frame.stored_size_bytes > size_bytes_max) return { frames: read, next_seq: frame.seq };
      let bytes: Uint8Array | null = null;
      if (!frame.journal && !held.has(frame.seq)) {
        if (!data || data.slot_id !== frame.slot_id) data = { slot_id: frame.slot_id, bytes: this.readSlot(frame.slot_id) };
        bytes = partOf(data.bytes, frame.offset, frame.stored_size_bytes);
        size_bytes += bytes.length;
      }
      read.push(viewOf(frame, bytes));
    }
    return { frames: read, next_seq: null };
  }

  private readSlot(slot_id: number): Uint8Array {
    return blobOf(this.sql.exec("SELECT data FROM slot WHERE slot_id = ?", slot_id).toArray()[0]?.data);
  }
}

/** What a frame takes of its row at most: its bytes, the hashes beside them, and its head, where a hidden row is a number and a comma. */
function storedSize({ frame, masked }: NewFrame): number {
  const head_size_bytes = HEAD_SIZE_BYTES_MAX + (masked?.length ?? 0) * 6;
  return (frame.bytes?.length ?? 0) + (frame.event_ids?.hashes.length ?? 0) + head_size_bytes;
}

function headOf({ frame, seq, masked }: NewFrame): StoredHead {
  const { frame_id, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us, accepted_us } = frame;
  const stored_size_bytes = frame.bytes?.length ?? 0;
  const hidden = masked ? [...masked] : null;
  return [frame_id, seq, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us, accepted_us, stored_size_bytes, hidden, frame.journal];
}

function readHead(slot_id: number, text: string): WindowFrame[] {
  let offset = 0;
  return (JSON.parse(text) as StoredHead[]).map((head) => {
    const [frame_id, seq, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us, accepted_us, stored_size_bytes, hidden, journal] = head;
    const masked = hidden ? Uint32Array.from(hidden) : null;
    const summary = { frame_id, rows, raw_bytes, size_bytes, ts_min_us, ts_max_us, accepted_us };
    const frame: WindowFrame = { ...summary, seq, masked, journal, slot_id, offset, stored_size_bytes };
    offset += stored_size_bytes;
    return frame;
  });
}

/** A part to be sent: it must not take the whole along. */
function partOf(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  return length === bytes.length ? bytes : bytes.slice(offset, offset + length);
}

function viewOf(frame: WindowFrame, bytes: Uint8Array | null): ViewFrame {
  const { slot_id: _slot, offset: _offset, stored_size_bytes: _size, ...view } = frame;
  return { ...view, bytes };
}
