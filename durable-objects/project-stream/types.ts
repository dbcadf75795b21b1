/** What a ProjectStream can be asked. Workers import these types; the object implements them. All times are explicit about their unit. */
import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";

/** What the stream must know of a frame besides its bytes; read from the frame's header by the caller (`readFrameHeader`). */
export interface FrameSummary {
  /** 32 hex characters: batch id and ordinal, see engine/batch/batch-id.ts. The only key against repeats. */
  frame_id: string;
  rows: number;
  raw_bytes: number;
  /** Length of the packed frame. */
  size_bytes: number;
  ts_min_us: number;
  ts_max_us: number;
  accepted_us: number;
}

/** Hashes of the event ids that clients sent, 12 bytes each, and the rows that bear them. */
export interface ClientEventIds {
  rows: Uint32Array;
  hashes: Uint8Array;
}

export interface JournalPointer {
  key: string;
  offset: number;
}

export interface AppendFrame extends FrameSummary {
  /** The packed frame, or null where `journal` names the R2 object that holds it. */
  bytes: Uint8Array | null;
  journal: JournalPointer | null;
  event_ids: ClientEventIds | null;
}

export interface AppendRequest {
  project_id: string;
  shard: number;
  frames: AppendFrame[];
  /** True where the answer to the client waits for this call (local profile): the exact daily quota may refuse. A consumer never refuses what was acknowledged. */
  enforce_quota: boolean;
}

export interface AppendedFrame {
  frame_id: string;
  status: "appended" | "duplicate";
  /** 0 for a duplicate. */
  seq: number;
  /** Rows that repeat a client's event id. */
  masked_rows: number;
}

export type AppendAnswer =
  | { status: "ok"; frames: AppendedFrame[]; event_ids_overflowed: boolean }
  /** The window holds WINDOW_SIZE_BYTES_MAX: nothing was stored, send again later. */
  | { status: "full" }
  /** The day's quota is used up: nothing was stored. */
  | { status: "quota"; retry_after_s: number }
  /** The project was deleted: what arrives is refused until nothing queued can return. */
  | { status: "gone" };

export interface ViewRequest {
  from_us: number;
  to_us: number;
  /** Pins the view of an earlier answer: frames after this sequence number, whatever was flushed since. Null for a fresh view; an answer with another `flushed_seq` means that the pinned one is gone and this is a fresh one. */
  after_seq: number | null;
  /** Where a paged view goes on; frames from this sequence number. */
  start_seq: number | null;
  /** Sequence numbers whose bytes the caller still holds. */
  held: number[];
}

export interface ViewFrame extends FrameSummary {
  seq: number;
  /** Rows that repeat a client's event id and are hidden, ascending; null where there are none. */
  masked: Uint32Array | null;
  bytes: Uint8Array | null;
  journal: JournalPointer | null;
}

export interface ViewAnswer {
  shards: number;
  /** Everything up to here is in committed segments. */
  flushed_seq: number;
  /** Frames after `flushed_seq` that overlap the asked time, ascending by seq. */
  frames: ViewFrame[];
  /** Where to go on if the answer was cut at its size bound; null when complete. */
  next_seq: number | null;
  /** Rows committed lately; D1 may not have them yet. */
  recent: SegmentRow[];
}

/** A lease on a flush: frozen until it is committed; every holder gets the same. */
export interface FlushPlan {
  plan_id: string;
  project_id: string;
  shard: number;
  seq_min: number;
  seq_max: number;
  created_us: number;
  /** The first of its frames, up to FLUSH_READ_SIZE_BYTES; `planned` gives the others. */
  frames: ViewFrame[];
  /** Where the others begin; null where these are all. */
  next_seq: number | null;
}

export interface ProjectSettings {
  project_id: string;
  name: string;
  retention_days: number;
  daily_events_max: number;
  /** Origins that browsers may send from and search from; "*" for any. */
  cors_origins: string[];
  /** Requests in a rate period, of the project and of each of its keys. Null, or missing in settings of before there were these: the general limits. */
  project_requests_max?: number | null;
  key_requests_max?: number | null;
  /** ISO time; null while the project lives. */
  deleted_at: string | null;
}

export const SCOPES = ["ingest", "read", "admin"] as const;
export type Scope = (typeof SCOPES)[number];

export interface KeyRecord {
  key_id: string;
  name: string;
  /** SHA-256 of the key text, hex. */
  hash: string;
  /** What may be shown of the key. */
  prefix: string;
  scopes: Scope[];
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** About when it was last used, ISO; missing for keys of before this was told. */
  last_used_at?: string | null;
  /** The key that took its place, where it was rotated. */
  replaced_by?: string | null;
}

export interface KeyAnswer {
  /** Null: no such key. A revoked or expired key is returned as such. */
  key: KeyRecord | null;
  settings: ProjectSettings | null;
  /** Events stored on this UTC day. */
  events_today: number;
  quota_exceeded: boolean;
}

export interface StreamStatus {
  next_seq: number;
  flushed_seq: number;
  window_frames: number;
  window_rows: number;
  window_size_bytes: number;
  oldest_accepted_us: number | null;
  plan_id: string | null;
  outbox: number;
  events_today: number;
  events_total: number;
  raw_bytes_total: number;
}

/** What a follower reads: frames after the number up to which it has everything. */
export interface UncountedAnswer {
  /** The lowest sequence number that the object still knows; a follower that needs an older one has missed something. */
  oldest_seq: number;
  /** Ascending and without gaps; with their bytes, or where those are in R2. */
  frames: ViewFrame[];
  /** Whether there are more. */
  more: boolean;
  /** Names of metrics that open sockets follow. */
  metrics_watched: string[];
}

/** Who holds a socket, as far as it must be asked again whether they still may. */
export type TailViewer = { kind: "key"; key_id: string } | { kind: "user"; user_id: string; session_id: string };

/** How the Worker asks the object for a socket. */
export interface TailOpening {
  q: string;
  /** A time, absolute or relative: lines that arrived since then come first. */
  since: string | null;
  /** The place of a reader who comes back; then `since` does not matter. */
  cursor: string | null;
  /** Metrics to follow. */
  metrics: string[];
  /** Who asks; null where a ticket says it. */
  viewer: TailViewer | null;
  ticket_hash: string | null;
}

/** The address at which the object takes a request for a socket; only the Worker can call it. */
export function tailAddress(opening: TailOpening): string {
  return `https://project-stream/tail?${new URLSearchParams({ opening: JSON.stringify(opening) })}`;
}

/** Proof that somebody may open one socket, soon and once; the object keeps a hash of its text. */
export interface TailTicket {
  /** SHA-256 of the text, hex. */
  hash: string;
  viewer: TailViewer;
  expires_ms: number;
}

/** Where a reader of the stream stands: all frames up to `seq` have passed, and of the next one so many rows; hidden rows do not count. */
export interface TailPosition {
  seq: number;
  rows: number;
  /** Arrival of the last frame that has passed; 0 where that is not known. */
  accepted_ms: number;
}

/** A committed flush: the rows of its segment lie in the order of these frames. */
export interface FlushedFrames {
  seq_min: number;
  seq_max: number;
  /** Null where every row was hidden. */
  segment: SegmentRow | null;
  /** By sequence number from `seq_min` on: rows that are not hidden, and arrival. */
  rows: number[];
  accepted_ms: number[];
}

/** What a reader has missed that is in segments by now. */
export interface TailHistoryRequest {
  project_id: string;
  after: TailPosition;
  /** The query in its normal form. */
  query: string;
  /** Ascending; they reach from the reader's place to where the window begins. */
  flushes: FlushedFrames[];
}

export interface TailHistoryLine {
  json: string;
  /** Where a reader stands who has this line. */
  position: TailPosition;
}

export interface TailHistoryAnswer {
  /** In the order of arrival, the newest where there are too many. */
  lines: TailHistoryLine[];
  /** Of everything that was looked at. */
  total: number;
  levels: Record<string, number>;
  /** Lines of before this place are not among them. */
  from: TailPosition;
  /** Why, where `from` is not the reader's place. */
  cut: "limit" | "unreadable" | null;
}

export interface ProjectStreamRpc {
  append(request: AppendRequest): Promise<AppendAnswer>;
  view(request: ViewRequest): Promise<ViewAnswer>;
  /** The open plan, a new one where a flush is due (or `force` and the window is not empty), else null. */
  plan(force: boolean): Promise<FlushPlan | null>;
  /** More frames of a plan, up to FLUSH_READ_SIZE_BYTES at a time; null where the plan is not open any more: another holder has committed it. */
  planned(plan_id: string, start_seq: number): Promise<{ frames: ViewFrame[]; next_seq: number | null } | null>;
  /** Idempotent. The row waits in the outbox until `exported`; null where all rows of the plan were masked. */
  commit(plan_id: string, row: SegmentRow | null): Promise<void>;
  outbox(): Promise<SegmentRow[]>;
  exported(segment_ids: string[]): Promise<void>;
  /** Which of these frames the stream has taken, ever (within SEEN_ID_LIFE_MS); and which of them are still only in the window. */
  known(frame_ids: string[]): Promise<{ frame_id: string; seen: boolean; in_window: boolean }[]>;
  /** Of hashes of client event ids, 12 bytes each: a byte each, 1 where the id is remembered. */
  knownEventIds(hashes: Uint8Array): Promise<Uint8Array>;
  /** Frames after what the project's monitor has counted: those are kept for it, flushed or not, up to UNCOUNTED_SIZE_BYTES_MAX. */
  uncounted(after_seq: number, size_bytes_max: number): Promise<UncountedAnswer>;
  status(): Promise<StreamStatus>;

  configure(settings: ProjectSettings): Promise<void>;
  settings(): Promise<ProjectSettings | null>;
  putKey(key: KeyRecord): Promise<void>;
  /** False where there is no such key. */
  revokeKey(key_id: string, revoked_at: string): Promise<boolean>;
  keys(): Promise<KeyRecord[]>;
  verifyKey(hash: string): Promise<KeyAnswer>;
  /** Remembers when keys were used (ISO times by key id), and adds queries by UTC day. */
  noteUse(keys: Record<string, string>, queries: Record<string, number>): Promise<void>;
  /** Queries by UTC day. */
  queries(): Promise<Record<string, number>>;
  /** Removes everything of a project whose settings say that it was deleted. What stays refuses whatever arrives. Repeating it changes nothing. */
  erase(): Promise<void>;
}

/** What the object can be asked about its open sockets. */
export interface ProjectTailRpc {
  /** False where too many tickets wait to be used. */
  issueTicket(ticket: TailTicket): Promise<boolean>;
  /** Whether a socket is open that waits for lines. */
  isWatched(): Promise<boolean>;
  /** Names of metrics that open sockets follow; empty where nobody does. */
  metricsWatched(): Promise<string[]>;
  /**
   * Sends a metric's value to the sockets that follow it, as `{"metrics":{"<name>":<value>}}`. Nothing is kept: who connects later, or reads too
   * slowly, hears the next one.
   * @param value any JSON
   * @returns how many sockets got it
   */
  publish(name: string, value: unknown): Promise<number>;
}
