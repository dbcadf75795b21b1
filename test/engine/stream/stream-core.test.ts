import { DatabaseSync } from "node:sqlite";
import { describe, expect, it } from "vitest";
import { StreamCore } from "../../../durable-objects/project-stream/stream-core.ts";
import type { AppendAnswer, AppendFrame, FlushPlan, ProjectSettings } from "../../../durable-objects/project-stream/types.ts";
import { frameId, keyedBatchId, randomBatchId } from "../../../worker/engine/batch/batch-id.ts";
import type { SegmentRow } from "../../../worker/engine/segment/segment-row.ts";
import {
  EVENT_ID_LIFE_MS,
  FLUSH_AGE_MS,
  FLUSH_READ_SIZE_BYTES,
  FLUSH_RETRY_MS,
  FLUSH_SIZE_BYTES,
  SEEN_ID_LIFE_MS,
  WINDOW_LINGER_MS,
  WINDOW_SIZE_BYTES_MAX,
} from "../../../worker/limits.ts";
import { objectStorage } from "../../support/world/sqlite.ts";

const START_MS = Date.UTC(2026, 0, 10, 12);
const SETTINGS: ProjectSettings = {
  project_id: "p",
  name: "p",
  retention_days: 30,
  daily_events_max: 100,
  cors_origins: [],
  deleted_at: null,
};

class Stream {
  now_ms = START_MS;
  private readonly database = new DatabaseSync(":memory:");
  core = this.load();
  private made = 0;

  private load(): StreamCore {
    return new StreamCore(objectStorage(this.database), { project_id: "p", shard: 0 }, () => this.now_ms);
  }

  evict(): void {
    this.core = this.load();
  }

  frame(change: Partial<AppendFrame> = {}): AppendFrame {
    this.made++;
    const bytes = change.bytes ?? Uint8Array.from([this.made, 2, 3]);
    const random = Uint8Array.from([this.made >> 8, this.made, 1, 1, 1, 1, 1, 1]);
    const frame_id = frameId(randomBatchId(this.now_ms, random), 0);
    const times = { ts_min_us: this.now_ms * 1000, ts_max_us: this.now_ms * 1000, accepted_us: this.now_ms * 1000 };
    return { frame_id, rows: 2, raw_bytes: 10, size_bytes: bytes?.length ?? 3, ...times, bytes, journal: null, event_ids: null, ...change };
  }

  append(...frames: AppendFrame[]): AppendAnswer {
    return this.core.append({ project_id: "p", shard: 0, frames, enforce_quota: false });
  }

  view(after_seq: number | null = null) {
    return this.core.view({ from_us: 0, to_us: Number.MAX_SAFE_INTEGER, after_seq, start_seq: null, held: [] });
  }

  flush(): FlushPlan | null {
    const plan = this.core.plan(true);
    if (plan) this.core.commit(plan.plan_id, rowOf(plan));
    return plan;
  }
}

function rowOf(plan: FlushPlan): SegmentRow | null {
  const rows = plan.frames.reduce((sum, frame) => sum + frame.rows - (frame.masked?.length ?? 0), 0);
  if (rows === 0) return null;
  const { project_id, shard, seq_min, seq_max, created_us } = plan;
  const id = `l0-${plan.plan_id}`;
  const times = { ts_min_us: 0, ts_max_us: 1, created_us };
  const sizes = { rows, size_bytes: 1, raw_bytes: 1, tail_size_bytes: 1 };
  return {
    segment_id: id,
    project_id,
    shard,
    level: 0,
    seq_min,
    seq_max,
    day: null,
    object_key: id,
    swap_id: null,
    level_mask: 0,
    services: null,
    ...times,
    ...sizes,
  };
}

function eventIds(...names: number[]) {
  const hashes = new Uint8Array(names.length * 12);
  for (const [index, name] of names.entries()) new DataView(hashes.buffer).setUint32(index * 12, name);
  return { rows: Uint32Array.from(names.keys()), hashes };
}

const seqs = (answer: AppendAnswer) => (answer.status === "ok" ? answer.frames.map((frame) => [frame.status, frame.seq]) : answer.status);

describe("append", () => {
  it("numbers frames in order and drops those it has seen, in any grouping and after evictions", () => {
    const stream = new Stream();
    const [a, b, c] = [stream.frame(), stream.frame(), stream.frame()];
    expect(seqs(stream.append(a, b))).toEqual([
      ["appended", 1],
      ["appended", 2],
    ]);
    expect(seqs(stream.append(b, c, c))).toEqual([
      ["duplicate", 0],
      ["appended", 3],
      ["appended", 3],
    ]);
    stream.evict();
    expect(seqs(stream.append(a, b, c))).toEqual([
      ["duplicate", 0],
      ["duplicate", 0],
      ["duplicate", 0],
    ]);
    expect(stream.view().frames.map((frame) => frame.frame_id)).toEqual([a, b, c].map((frame) => frame.frame_id));
  });

  it("remembers flushed frames for as long as a copy can return, and no longer", () => {
    const stream = new Stream();
    const random = stream.frame();
    const keyed = stream.frame({ frame_id: frameId(keyedBatchId(new Uint8Array(14).fill(7)), 0) });
    stream.append(random, keyed);
    stream.flush();
    stream.evict();
    stream.now_ms += SEEN_ID_LIFE_MS - 1;
    expect(seqs(stream.append(random, keyed))).toEqual([
      ["duplicate", 0],
      ["duplicate", 0],
    ]);
    stream.now_ms += 2;
    stream.append(stream.frame());
    stream.flush();
    expect(seqs(stream.append(random))).toEqual([["appended", 4]]);
  });

  it("knows each of thousands of packed ids", () => {
    const stream = new Stream();
    const frames = Array.from({ length: 9_000 }, () => stream.frame());
    stream.append(...frames.slice(0, 5_000));
    stream.flush();
    stream.append(...frames.slice(5_000));
    stream.flush();
    stream.evict();
    const answer = stream.append(...frames);
    expect(answer.status === "ok" && answer.frames.every((frame) => frame.status === "duplicate")).toBe(true);
  });

  it("stores all frames of a request or none", () => {
    const stream = new Stream();
    stream.core.tenancy.configure({ ...SETTINGS, daily_events_max: 3 });
    const request = { project_id: "p", shard: 0, frames: [stream.frame(), stream.frame()], enforce_quota: true };
    expect(stream.core.append(request)).toEqual({ status: "quota", retry_after_s: 12 * 3600 });
    expect(stream.view().frames).toEqual([]);
    expect(stream.core.append({ ...request, enforce_quota: false }).status).toBe("ok");
  });

  it("counts the quota by UTC day, across flushes and evictions", () => {
    const stream = new Stream();
    stream.core.tenancy.configure({ ...SETTINGS, daily_events_max: 5 });
    stream.append(stream.frame(), stream.frame());
    stream.flush();
    stream.evict();
    expect(stream.core.eventsToday(stream.now_ms)).toBe(4);
    const send = () => stream.core.append({ project_id: "p", shard: 0, frames: [stream.frame()], enforce_quota: true }).status;
    expect(send()).toBe("quota");
    stream.now_ms += 12 * 3_600_000;
    expect(send()).toBe("ok");
  });

  it("answers full above its bound and takes repeats all the same", () => {
    const stream = new Stream();
    const first = stream.frame({ size_bytes: WINDOW_SIZE_BYTES_MAX });
    stream.append(first);
    expect(stream.append(stream.frame()).status).toBe("full");
    expect(seqs(stream.append(first))).toEqual([["duplicate", 0]]);
  });

  it("refuses what comes for a deleted project", () => {
    const stream = new Stream();
    stream.core.tenancy.configure({ ...SETTINGS, deleted_at: "2026-01-01T00:00:00Z" });
    stream.evict();
    expect(stream.append(stream.frame()).status).toBe("gone");
  });
});

describe("event ids of clients", () => {
  it("mask repeated rows for a day, across flushes and evictions", () => {
    const stream = new Stream();
    stream.append(stream.frame({ event_ids: eventIds(1, 2) }));
    stream.append(stream.frame({ event_ids: eventIds(2, 3) }));
    expect(stream.view().frames.map((frame) => frame.masked && [...frame.masked])).toEqual([null, [0]]);
    stream.flush();
    stream.evict();
    stream.now_ms += EVENT_ID_LIFE_MS - 1;
    expect(stream.append(stream.frame({ event_ids: eventIds(1, 3) }))).toMatchObject({ frames: [{ masked_rows: 2 }] });
    expect(stream.core.status().events_total).toBe(3);
    stream.evict();
    stream.now_ms += 2;
    expect(stream.append(stream.frame({ event_ids: eventIds(4, 3) }))).toMatchObject({ frames: [{ masked_rows: 1 }] });
  });

  it("leave a plan of masked rows alone without a segment", () => {
    const stream = new Stream();
    stream.append(stream.frame({ event_ids: eventIds(1, 2) }));
    stream.flush();
    stream.append(stream.frame({ event_ids: eventIds(1, 2) }));
    const plan = stream.flush();
    expect(plan?.frames[0]?.masked?.length).toBe(2);
    expect(stream.core.waitingRows()).toHaveLength(1);
    expect(stream.core.status().flushed_seq).toBe(2);
  });
});

describe("flush", () => {
  it("gives every holder the same plan until it is committed, whatever is appended meanwhile", () => {
    const stream = new Stream();
    stream.append(stream.frame(), stream.frame());
    const plan = stream.core.plan(true)!;
    stream.append(stream.frame());
    stream.evict();
    expect(stream.core.plan(false)).toEqual(plan);
    stream.core.commit(plan.plan_id, rowOf(plan));
    stream.evict();
    stream.core.commit(plan.plan_id, rowOf(plan));
    expect(stream.view()).toMatchObject({ flushed_seq: 2, frames: [{ seq: 3 }], recent: [{ seq_min: 1, seq_max: 2 }] });
    expect(stream.core.plan(true)).toMatchObject({ seq_min: 3, seq_max: 3 });
  });

  it("is read little by little, and no more once it is committed", () => {
    const stream = new Stream();
    const size_bytes = FLUSH_READ_SIZE_BYTES / 2;
    for (let n = 0; n < 5; n++) stream.append(stream.frame({ bytes: new Uint8Array(size_bytes).fill(n), size_bytes }));
    const { plan_id, frames, next_seq } = stream.core.plan(true)!;
    const read = [...frames];
    for (let at = next_seq; at !== null; ) {
      stream.evict();
      const more = stream.core.planned(plan_id, at)!;
      expect(more.frames.length).toBeLessThanOrEqual(2);
      read.push(...more.frames);
      at = more.next_seq;
    }
    expect(read.map(({ seq, bytes }) => [seq, bytes?.length, bytes?.[9]])).toEqual([0, 1, 2, 3, 4].map((n) => [n + 1, size_bytes, n]));
    stream.core.commit(plan_id, rowOf({ ...stream.core.plan(false)!, frames: read }));
    expect(stream.core.planned(plan_id, 1)).toBeNull();
  });

  it("refuses a commit that would lose rows or that nobody planned", () => {
    const stream = new Stream();
    stream.append(stream.frame());
    const plan = stream.core.plan(true)!;
    expect(() => stream.core.commit(plan.plan_id, { ...rowOf(plan)!, rows: 1 })).toThrow("with 1 rows, the plan has 2");
    expect(() => stream.core.commit("0-000000000001-000000000009-ffffffff", null)).toThrow("neither open nor done");
    expect(stream.view().frames).toHaveLength(1);
  });

  it("is due at an age or a size, is asked for again after a while, and not once all is exported", () => {
    const stream = new Stream();
    expect(stream.core.wakeAt_ms(0)).toBeNull();
    stream.append(stream.frame());
    expect(stream.core.plan(false)).toBeNull();
    expect(stream.core.wakeAt_ms(0)).toBe(START_MS + FLUSH_AGE_MS);
    stream.append(stream.frame({ size_bytes: FLUSH_SIZE_BYTES }));
    expect(stream.core.wakeAt_ms(0)).toBe(0);
    expect(stream.core.wakeAt_ms(START_MS)).toBe(START_MS + FLUSH_RETRY_MS);
    const plan = stream.core.plan(false)!;
    expect(stream.core.wakeAt_ms(0)).toBe(START_MS + FLUSH_RETRY_MS);
    stream.core.commit(plan.plan_id, rowOf(plan));
    expect(stream.core.wakeAt_ms(0)).toBe(START_MS + FLUSH_RETRY_MS);
    stream.core.exported([`l0-${plan.plan_id}`]);
    expect(stream.core.wakeAt_ms(0)).toBeNull();
  });

  it("keeps frames and rows for a while after D1 has them, then uses their place again", () => {
    const stream = new Stream();
    stream.append(stream.frame());
    const plan = stream.flush()!;
    expect(stream.view(0).frames.map((frame) => frame.seq)).toEqual([1]);
    stream.core.exported([`l0-${plan.plan_id}`]);
    stream.now_ms += WINDOW_LINGER_MS - 1;
    expect(stream.view(0)).toMatchObject({ flushed_seq: 0, frames: [{ seq: 1 }], recent: [{ seq_max: 1 }] });
    stream.now_ms += 1;
    stream.append(stream.frame());
    expect(stream.core.uncounted(0, 1).frames, "nobody has counted it").toMatchObject([{ seq: 1 }]);
    expect(stream.core.uncounted(1, 1).oldest_seq).toBe(1);
    stream.append(stream.frame());
    expect(stream.core.uncounted(1, 1_000_000)).toMatchObject({ oldest_seq: 2, frames: [{ seq: 2 }, { seq: 3 }], more: false });
    expect(stream.view(0)).toMatchObject({ flushed_seq: 1, frames: [{ seq: 2 }, { seq: 3 }], recent: [] });
    stream.evict();
    expect(stream.view()).toMatchObject({ flushed_seq: 1, frames: [{ seq: 2 }, { seq: 3 }], recent: [] });
  });
});

describe("view", () => {
  it("shows what overlaps the asked time, without the bytes that the caller holds", () => {
    const stream = new Stream();
    stream.append(stream.frame({ ts_min_us: 100, ts_max_us: 200 }), stream.frame({ ts_min_us: 300, ts_max_us: 400 }));
    const seen = (from_us: number, to_us: number) =>
      stream.core
        .view({ from_us, to_us, after_seq: null, start_seq: null, held: [2] })
        .frames.map((frame) => [frame.seq, frame.bytes !== null]);
    expect(seen(0, 99)).toEqual([]);
    expect(seen(200, 299)).toEqual([[1, true]]);
    expect(seen(200, 300)).toEqual([
      [1, true],
      [2, false],
    ]);
  });

  it("is cut at its size and goes on from there", () => {
    const stream = new Stream();
    const bytes = new Uint8Array(1_500_000);
    for (let count = 0; count < 20; count++) stream.append(stream.frame({ bytes: bytes.slice() }));
    const first = stream.view();
    expect(first.next_seq).toBe(first.frames.length + 1);
    const rest = stream.core.view({
      from_us: 0,
      to_us: Number.MAX_SAFE_INTEGER,
      after_seq: first.flushed_seq,
      start_seq: first.next_seq,
      held: [],
    });
    expect([...first.frames, ...rest.frames].map((frame) => frame.seq)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
});
