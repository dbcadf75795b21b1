/**
 * What the catalog knows of a segment. Every field is also in the segment's footer (key-value metadata `ledge.row`),
 * so that D1's catalog can be rebuilt from R2 alone.
 */
export interface SegmentRow {
  segment_id: string;
  project_id: string;
  shard: number;
  /** 0: flushed, in arrival order, any days. 1 and up: compacted, one UTC day, sorted inside row groups. */
  level: number;
  /** Sequence numbers of the shard that the events came with: lowest and highest. */
  seq_min: number;
  seq_max: number;
  /** UTC day as YYYY-MM-DD; null for level 0. */
  day: string | null;
  ts_min_us: number;
  ts_max_us: number;
  rows: number;
  /** Of the object. */
  size_bytes: number;
  /** Of the events as they came. */
  raw_bytes: number;
  object_key: string;
  /** Bytes at the object's end that hold Ledge's index and the Parquet footer: one read opens the segment. Filled in the row, not in the footer itself. */
  tail_size_bytes: number;
  created_us: number;
  /** The swap that made it; null for level 0. */
  swap_id: string | null;
  /** Levels that occur, as a bit per index of LEVELS (bit 6: events without a level). */
  level_mask: number;
  /** Services that occur, if they are at most 64; null where more do. Events without one count as "". */
  services: string[] | null;
}

/** Who a new segment is; the rest of its row follows from its content. */
export type SegmentIdentity = Pick<
  SegmentRow,
  "segment_id" | "project_id" | "shard" | "level" | "seq_min" | "seq_max" | "day" | "object_key" | "created_us" | "swap_id"
>;
