/**
 * What a search sees: the window of each shard as its object shows it, then the catalog. The order matters: whatever left the window after
 * the object was asked is still in the answer, and catalog rows of it are recognised by their sequence numbers.
 */
import type { ViewAnswer, ViewFrame } from "../../durable-objects/project-stream/types.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { SEARCH_REPLAN_MAX, SEARCH_SHARDS_MAX, SEARCH_SOURCE_TIMEOUT_MS } from "../limits.ts";
import { withTimeout } from "../timeout.ts";
import type { SearchContext } from "./context.ts";
import { dropCatalog, keptCatalog, loadCatalog } from "./kept-catalog.ts";
import { ObjectMissing, readRange, StoreFault, unavailable } from "./objects.ts";
import { type Chosen, chooseRows, type ShardState } from "./plan.ts";
import type { TimeRange } from "./time-range.ts";
import { WindowFrames } from "./window-frames.ts";

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

/** A shard's window as its object showed it. */
interface ShardView {
  shard: number;
  answer: ViewAnswer;
  frames: WindowFrames;
}

async function askObject(
  context: SearchContext,
  shard: number,
  range: TimeRange,
  page: { after_seq: number; start_seq: number } | null,
): Promise<ShardView> {
  context.checkAborted();
  const frames = new WindowFrames(context, shard);
  const request = { ...range, after_seq: page?.after_seq ?? null, start_seq: page?.start_seq ?? null, held: frames.seqs };
  for (let attempt = 0; ; attempt++) {
    try {
      // A fresh stub each time: one that threw must not be used again.
      const answer = await withTimeout(context.sources.stream(shard).view(request), SEARCH_SOURCE_TIMEOUT_MS);
      return { shard, frames, answer: { ...answer, frames: answer.frames.map((frame) => frames.fill(frame)) } };
    } catch (cause) {
      const { retryable, overloaded } = cause as { retryable?: boolean; overloaded?: boolean };
      if (attempt > 0 || !retryable || overloaded) throw unavailable("The project's recent events cannot be read at the moment", cause);
    }
  }
}

async function frameBytes(context: SearchContext, frames: WindowFrames, frame: ViewFrame): Promise<Uint8Array> {
  let { bytes } = frame;
  if (!bytes && frame.journal) {
    const { key, offset } = frame.journal;
    bytes = await readRange(context, { key, size_bytes: null }, offset, frame.size_bytes, "nowhere");
  }
  if (!bytes) {
    // Another frame of that number was held: the plan is made again without it.
    frames.drop(frame.seq);
    throw new ObjectMissing(frames.nameOf(frame.seq));
  }
  frames.keep(frame, bytes);
  return bytes;
}

async function* shardPages(context: SearchContext, range: TimeRange, first: ShardView): AsyncGenerator<WindowFrame[]> {
  const { shard } = first;
  const after_seq = first.answer.flushed_seq;
  for (let { answer, frames: held } = first; ; ) {
    const frames: WindowFrame[] = [];
    for (const frame of answer.frames) {
      const { bytes: _bytes, journal: _journal, ...summary } = frame;
      frames.push({ ...summary, shard, bytes: await frameBytes(context, held, frame) });
    }
    yield frames;
    if (answer.next_seq === null) return;
    ({ answer, frames: held } = await askObject(context, shard, range, { after_seq, start_seq: answer.next_seq }));
    // The pinned view is gone: what it still had to show is in segments by now.
    if (answer.flushed_seq !== after_seq) throw new ObjectMissing(`window after ${after_seq}`);
  }
}

async function freshCatalog(context: SearchContext, states: readonly ShardState[], range: TimeRange) {
  try {
    return await withTimeout(loadCatalog(context, states, range), SEARCH_SOURCE_TIMEOUT_MS);
  } catch (cause) {
    throw unavailable("The catalog of segments cannot be read at the moment", cause);
  }
}

/** Rows by the kept catalog, where it is true and leaves no doubt, else by D1. */
async function chooseSegments(context: SearchContext, states: readonly ShardState[], range: TimeRange): Promise<Chosen> {
  const kept = keptCatalog(context, states, range);
  if (kept) {
    const chosen = chooseRows(states, kept, range);
    if (chosen.straddling.length === 0) return chosen;
  }
  return chooseRows(states, await freshCatalog(context, states, range), range);
}

async function askOnce(context: SearchContext, range: TimeRange): Promise<View | null> {
  const first = await askObject(context, 0, range, null);
  const { shards } = first.answer;
  if (shards > SEARCH_SHARDS_MAX) throw new Error(`a project has at most ${SEARCH_SHARDS_MAX} shards, not ${shards}`);
  const others = Array.from({ length: shards - 1 }, (_, index) => askObject(context, index + 1, range, null));
  const views = others.length === 0 ? [first] : [first, ...(await Promise.all(others))];
  for (const { frames, answer } of views) frames.dropFlushed(answer.flushed_seq);
  const states: ShardState[] = views.map(({ shard, answer: { flushed_seq, recent } }) => ({ shard, flushed_seq, recent }));
  const { rows, straddling } = await chooseSegments(context, states, range);
  if (straddling.length > 0) return null;
  return {
    shards,
    rows,
    async *windowPages() {
      for (const view of views) yield* shardPages(context, range, view);
    },
  };
}

/** @throws Problem `unavailable` where object and catalog cannot be brought together within SEARCH_REPLAN_MAX tries, or one of them fails */
export async function openView(context: SearchContext, range: TimeRange): Promise<View> {
  for (let attempt = 0; attempt <= SEARCH_REPLAN_MAX; attempt++) {
    const view = await askOnce(context, range);
    if (view) return view;
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
      if (error instanceof StoreFault) throw unavailable("The object store did not answer", error);
      if (!(error instanceof ObjectMissing)) throw error;
      missing = error;
      context.missing.add(error.key);
      dropCatalog(context);
    }
  }
  throw unavailable("Segments that the catalog names are not there", missing);
}
