/**
 * What a search sees: the window of each shard as its object shows it, then the catalog. The order matters: whatever left the window after
 * the object was asked is still in the answer, and catalog rows of it are recognised by their sequence numbers.
 */
import type { ViewAnswer, ViewFrame } from "../../durable-objects/project-stream/types.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SEARCH_REPLAN_MAX, SEARCH_SHARDS_MAX, SEARCH_SOURCE_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";
import type { SearchContext } from "./context.ts";
import { ObjectMissing, readRange, unavailable } from "./objects.ts";
import { chooseRows, type ShardState } from "./plan.ts";
import type { TimeRange } from "./time-range.ts";

/** A window frame with its packed bytes at hand. */
export interface WindowFrame extends Omit<ViewFrame, "bytes" | "journal"> {
  shard: number;
  bytes: Uint8Array;
}

export interface View {
  shards: number;
  rows: SegmentRow[];
  /** Window frames in pages as the objects cut them; each page can be dropped before the next is asked for. */
  windowPages(): AsyncGenerator<WindowFrame[]>;
}

interface Straddling {
  straddling: SegmentRow[];
}

function cachePrefix(context: SearchContext, shard: number): string {
  return `window/${context.sources.project_id}/${shard}/`;
}

/** What is kept of a frame; its id tells whether it is still the frame of that number (an object restored to an earlier time counts anew). */
interface HeldFrame {
  frame_id: string;
  bytes: Uint8Array;
}

/** Frames of the shard that are in the cache. The map keeps them for as long as the answer needs them, whatever the cache pushes out meanwhile. */
function heldFrames(context: SearchContext, shard: number): Map<number, HeldFrame> {
  const prefix = cachePrefix(context, shard);
  const held = new Map<number, HeldFrame>();
  for (const key of context.cache.keysWith(prefix)) held.set(Number(key.slice(prefix.length)), context.cache.get<HeldFrame>(key)!);
  return held;
}

function withHeld(frame: ViewFrame, held: ReadonlyMap<number, HeldFrame>): ViewFrame {
  const known = held.get(frame.seq);
  return frame.bytes || known?.frame_id !== frame.frame_id ? frame : { ...frame, bytes: known.bytes };
}

async function askObject(
  context: SearchContext,
  shard: number,
  range: TimeRange,
  page: { after_seq: number; start_seq: number } | null,
): Promise<ViewAnswer> {
  context.checkAborted();
  const held = heldFrames(context, shard);
  const request = { ...range, after_seq: page?.after_seq ?? null, start_seq: page?.start_seq ?? null, held: [...held.keys()] };
  for (let attempt = 0; ; attempt++) {
    try {
      // A fresh stub each time: one that threw must not be used again.
      const answer = await withTimeout(context.sources.stream(shard).view(request), SEARCH_SOURCE_TIMEOUT_MS);
      return { ...answer, frames: answer.frames.map((frame) => withHeld(frame, held)) };
    } catch (cause) {
      const { retryable, overloaded } = cause as { retryable?: boolean; overloaded?: boolean };
      if (attempt > 0 || !retryable || overloaded) throw unavailable("The project's recent events cannot be read at the moment", cause);
    }
  }
}

/** Frames that are in segments now are not asked for again. */
function dropFlushed(context: SearchContext, shard: number, flushed_seq: number): void {
  const prefix = cachePrefix(context, shard);
  for (const key of context.cache.keysWith(prefix)) if (Number(key.slice(prefix.length)) <= flushed_seq) context.cache.delete(key);
}

async function frameBytes(context: SearchContext, shard: number, frame: ViewFrame): Promise<Uint8Array> {
  const { cache } = context;
  const cache_key = `${cachePrefix(context, shard)}${frame.seq}`;
  let { bytes } = frame;
  if (!bytes && frame.journal) bytes = await readRange(context, frame.journal.key, frame.journal.offset, frame.size_bytes, false);
  if (!bytes) {
    // The cache held another frame of that number: the plan is made again without it.
    cache.delete(cache_key);
    throw new ObjectMissing(cache_key);
  }
  if (cache.get<HeldFrame>(cache_key)?.bytes !== bytes)
    cache.set(cache_key, { frame_id: frame.frame_id, bytes } satisfies HeldFrame, bytes.length);
  return bytes;
}

async function* shardPages(context: SearchContext, shard: number, range: TimeRange, first: ViewAnswer): AsyncGenerator<WindowFrame[]> {
  const after_seq = first.flushed_seq;
  for (let answer = first; ; ) {
    const frames: WindowFrame[] = [];
    for (const frame of answer.frames) {
      const { bytes: _bytes, journal: _journal, ...summary } = frame;
      frames.push({ ...summary, shard, bytes: await frameBytes(context, shard, frame) });
    }
    yield frames;
    if (answer.next_seq === null) return;
    answer = await askObject(context, shard, range, { after_seq, start_seq: answer.next_seq });
    // The pinned view is gone: what it still had to show is in segments by now.
    if (answer.flushed_seq !== after_seq) throw new ObjectMissing(`${cachePrefix(context, shard)}after-${after_seq}`);
  }
}

async function askOnce(context: SearchContext, range: TimeRange): Promise<View | Straddling> {
  const first = await askObject(context, 0, range, null);
  if (first.shards > SEARCH_SHARDS_MAX) throw new Error(`a project has at most ${SEARCH_SHARDS_MAX} shards, not ${first.shards}`);
  const others = Array.from({ length: first.shards - 1 }, (_, index) => askObject(context, index + 1, range, null));
  const answers = [first, ...(await Promise.all(others))];
  for (const [shard, { flushed_seq }] of answers.entries()) dropFlushed(context, shard, flushed_seq);
  const states: ShardState[] = answers.map(({ flushed_seq, recent }, shard) => ({ shard, flushed_seq, recent }));
  const recent_ids = states.flatMap(({ recent }) => recent.map((row) => row.segment_id));
  let catalog: Awaited<ReturnType<SearchContext["sources"]["segments"]>>;
  try {
    catalog = await withTimeout(context.sources.segments(range.from_us, range.to_us, recent_ids), SEARCH_SOURCE_TIMEOUT_MS);
  } catch (cause) {
    throw unavailable("The catalog of segments cannot be read at the moment", cause);
  }
  const { rows, straddling } = chooseRows(states, catalog, range);
  if (straddling.length > 0) return { straddling };
  return {
    shards: first.shards,
    rows,
    async *windowPages() {
      for (const [shard, answer] of answers.entries()) yield* shardPages(context, shard, range, answer);
    },
  };
}

/** @throws Problem `unavailable` where object and catalog cannot be brought together within SEARCH_REPLAN_MAX tries, or one of them fails */
export async function openView(context: SearchContext, range: TimeRange): Promise<View> {
  for (let attempt = 0; attempt <= SEARCH_REPLAN_MAX; attempt++) {
    const view = await askOnce(context, range);
    if (!("straddling" in view)) return view;
  }
  throw unavailable("Segments are being rearranged faster than they can be read", null);
}

/**
 * Runs a search on a fresh view, again on another one where an object that the view named is gone meanwhile.
 * @param attempt must begin from nothing each time
 */
export async function withView<T>(context: SearchContext, range: TimeRange, attempt: (view: View) => Promise<T>): Promise<T> {
  let missing: unknown = null;
  for (let count = 0; count <= SEARCH_REPLAN_MAX; count++) {
    const view = await openView(context, range);
    try {
      return await attempt(view);
    } catch (error) {
      if (!(error instanceof ObjectMissing)) throw error;
      missing = error;
    }
  }
  throw unavailable("Segments that the catalog names are not there", missing);
}
