import type { AppendAnswer, AppendFrame, ProjectStreamRpc } from "../../durable-objects/project-stream/types.ts";
import { FrameError } from "../engine/segment/errors.ts";
import { frameEventIds, readFrameHeader, splitFrames } from "../engine/segment/frame.ts";
import { APPEND_SIZE_BYTES_MAX, APPEND_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";
import { parseJournalKey } from "./keys.ts";

/** How to reach a stream: `streamsOf(env)`, or another in tests. */
export type StreamFinder = (project_id: string, shard: number) => ProjectStreamRpc;

/** Frames on their way to one stream. */
export interface Delivery {
  project_id: string;
  shard: number;
  frames: AppendFrame[];
}

/** What an EVENTS message says that does not carry its frames itself. */
export type EventsNotice =
  | { v: 1; kind: "journal"; project_id: string; shard: number; key: string; size_bytes: number }
  | { v: 1; kind: "nudge"; project_id: string; shard: number };

/** A message of another version of Ledge, or of nobody, is none. */
export function isNotice(body: unknown): body is EventsNotice {
  const notice = (body ?? {}) as Partial<Record<keyof Extract<EventsNotice, { kind: "journal" }>, unknown>>;
  if (notice.v !== 1 || typeof notice.project_id !== "string" || !Number.isInteger(notice.shard)) return false;
  if (notice.kind !== "journal") return notice.kind === "nudge";
  return parseJournalKey(String(notice.key))?.project_id === notice.project_id;
}

/**
 * Packed frames, back to back, as one delivery. All frames of a request belong to one stream.
 * @param journal_key where the frames stand in R2: then the window points there instead of holding their bytes
 * @throws FrameError where the bytes are damaged or mix streams
 */
export function deliveryOf(bytes: Uint8Array, journal_key: string | null = null): Delivery {
  return deliveryOfFrames(splitFrames(bytes), journal_key);
}

/** The same of frames that are not joined yet. */
export function deliveryOfFrames(packed_frames: readonly Uint8Array[], journal_key: string | null = null): Delivery {
  let offset = 0;
  const frames: AppendFrame[] = [];
  let stream: { project_id: string; shard: number } | null = null;
  for (const packed of packed_frames) {
    const { project_id, shard, ...header } = readFrameHeader(packed);
    stream ??= { project_id, shard };
    if (stream.project_id !== project_id || stream.shard !== shard) throw new FrameError("frames of two streams in one message");
    frames.push({
      frame_id: header.frame_id,
      rows: header.rows,
      raw_bytes: header.raw_bytes,
      size_bytes: header.size_bytes,
      ts_min_us: header.ts_min_us,
      ts_max_us: header.ts_max_us,
      accepted_us: header.accepted_us,
      bytes: journal_key === null ? packed : null,
      journal: journal_key === null ? null : { key: journal_key, offset },
      event_ids: frameEventIds(packed),
    });
    offset += packed.length;
  }
  if (!stream) throw new FrameError("a message without frames");
  return { ...stream, frames };
}

/** The frames of a journal object; null where it is gone, which means that they are flushed. */
export async function readJournal(bucket: R2Bucket, key: string): Promise<Delivery | null> {
  const object = await bucket.get(key);
  return object ? deliveryOf(new Uint8Array(await object.arrayBuffer()), key) : null;
}

/**
 * Hands frames to their stream: the one `append` that every way uses. Large deliveries go in several calls, each of which may be repeated.
 * @throws where the object errs or does not answer within APPEND_TIMEOUT_MS; what was taken by then is known and will be dropped next time
 */
export async function appendDelivery(streams: StreamFinder, delivery: Delivery, enforce_quota: boolean): Promise<AppendAnswer> {
  const taken: Extract<AppendAnswer, { status: "ok" }> = { status: "ok", frames: [], event_ids_overflowed: false };
  for (const frames of callsOf(delivery.frames)) {
    const { project_id, shard } = delivery;
    const call = streams(project_id, shard).append({ project_id, shard, frames, enforce_quota });
    const answer = await withTimeout(call, APPEND_TIMEOUT_MS);
    if (answer.status !== "ok") return answer;
    taken.frames.push(...answer.frames);
    taken.event_ids_overflowed ||= answer.event_ids_overflowed;
  }
  return taken;
}

function* callsOf(frames: readonly AppendFrame[]): Generator<AppendFrame[]> {
  let group: AppendFrame[] = [];
  let group_size_bytes = 0;
  for (const frame of frames) {
    const size_bytes = frame.bytes?.length ?? 0;
    if (group.length > 0 && group_size_bytes + size_bytes > APPEND_SIZE_BYTES_MAX) {
      yield group;
      group = [];
      group_size_bytes = 0;
    }
    group.push(frame);
    group_size_bytes += size_bytes;
  }
  if (group.length > 0) yield group;
}
