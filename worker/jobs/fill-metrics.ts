import type { CountedMetric, FillPlan, FillPosition } from "../../durable-objects/project-monitor/types.ts";
import { FrameCounter, type ReadyMetrics, readyMetrics } from "../catalog/count-frames.ts";
import { frameBytes } from "../catalog/counting.ts";
import { RETENTION, replacedBy } from "../catalog/segments.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import type { CountOptions } from "../engine/windows/count-events.ts";
import { packDeltas } from "../engine/windows/deltas.ts";
import { DAY_US } from "../engine/windows/resolution.ts";
import {
  COUNT_READ_SIZE_BYTES,
  METRIC_FILL_PART_ROWS,
  METRIC_FILL_ROWS_PER_JOB,
  METRIC_FILL_STATES_MAX,
  METRIC_HISTORY_DAYS_MAX,
  METRIC_MINUTES_DAYS_MAX,
} from "../limits.ts";
import { count } from "../metrics.ts";
import { deleteFillList, readFillList, seamedSegments, writeFillList } from "./fill-plan.ts";
import type { House } from "./house.ts";
import { rollMetrics } from "./roll-metrics.ts";
import { readSegment, SegmentGone } from "./store-segment.ts";

/** What the plan names is not what there is any more: metrics wait for another plan. */
class FillBroken extends Error {}

/**
 * Counts metrics that wait for it in everything that came before they were counted live: first frames of the window after the seam, then the
 * segments that were listed when it began. Each part is taken only after the one before it, so that a job that dies or runs twice changes nothing.
 * @returns whether there is more to do
 */
export async function fillMetrics(house: House, project_id: string): Promise<boolean> {
  let state = await house.monitor(project_id).fillState();
  if (!state.open) {
    if (state.waiting.length === 0) return false;
    await begin(house, project_id, state.waiting);
    state = await house.monitor(project_id).fillState();
    if (!state.open) return state.waiting.length > 0;
  }
  const { plan, metrics } = state.open;
  try {
    return await new Fill(house, project_id, plan, metrics).run();
  } catch (error) {
    if (!(error instanceof FillBroken)) throw error;
    count("ledge_metrics_fills_broken_total", {});
    await house.monitor(project_id).fillAbort(plan.fill_id, error.message);
    return true;
  }
}

async function begin(house: House, project_id: string, metric_ids: number[]): Promise<void> {
  const { seam_seq, rows } = await seamedSegments(house, project_id);
  const fill_id = `${house.now_ms()}-${metric_ids[0]}`;
  await writeFillList(house, project_id, fill_id, rows);
  const rows_total = rows.reduce((sum, row) => sum + row.rows, 0);
  const begun = await house
    .monitor(project_id)
    .fillBegin({ fill_id, metric_ids, seam_seq: { [SHARD_ZERO]: seam_seq }, rows_total, segments_total: rows.length });
  if (!begun) await deleteFillList(house, project_id, fill_id);
}

/** One job's share of a back-fill. */
class Fill {
  readonly #house: House;
  readonly #project_id: string;
  readonly #plan: FillPlan;
  readonly #ready: ReadyMetrics;
  readonly #options: CountOptions;
  #counter: FrameCounter;
  #part: number;
  #position: FillPosition;
  /** Since the last part. */
  #rows = 0;
  #segments = 0;
  #rows_of_job = 0;

  constructor(house: House, project_id: string, plan: FillPlan, metrics: readonly CountedMetric[]) {
    this.#house = house;
    this.#project_id = project_id;
    this.#plan = plan;
    this.#ready = readyMetrics(0, metrics);
    const now_us = house.now_ms() * 1000;
    this.#options = {
      leave_late: false,
      from_us: now_us - METRIC_HISTORY_DAYS_MAX * DAY_US,
      coarse: { now_us, hours_before_us: now_us - (METRIC_MINUTES_DAYS_MAX - 1) * DAY_US },
    };
    this.#counter = this.#fresh();
    this.#part = plan.next_part;
    this.#position = plan.position;
  }

  async run(): Promise<boolean> {
    await this.#window();
    const rows = await readFillList(this.#house, this.#project_id, this.#plan);
    if (!rows) throw new FillBroken("the list of segments is gone");
    while (this.#position.segment < rows.length) {
      if (this.#rows_of_job >= METRIC_FILL_ROWS_PER_JOB) return (await this.#hand(false)) !== "stale";
      if (!(await this.#segment(rows[this.#position.segment]!))) return true;
    }
    if ((await this.#hand(true)) !== "applied") return true;
    await deleteFillList(this.#house, this.#project_id, this.#plan.fill_id);
    return (await this.#house.monitor(this.#project_id).fillState()).waiting.length > 0;
  }

  #fresh(): FrameCounter {
    return new FrameCounter(this.#ready, this.#options, true);
  }

  /** Frames that were not flushed when the back-fill was planned, but counted already: live counting does not see them again. */
  async #window(): Promise<void> {
    const live_seq = this.#plan.live_seq[SHARD_ZERO] ?? 0;
    while (this.#position.seq < live_seq) {
      const { seq } = this.#position;
      const answer = await this.#house.stream(this.#project_id, SHARD_ZERO).uncounted(seq, COUNT_READ_SIZE_BYTES);
      const frames = answer.frames.filter((frame) => frame.seq <= live_seq);
      if (frames[0]?.seq !== seq + 1) throw new FillBroken("frames of the window are gone");
      for (const frame of frames) {
        const bytes = await frameBytes(this.#house.bucket, frame);
        if (!bytes) throw new FillBroken("a frame in the journal is gone");
        this.#counter.add(frame, bytes);
        this.#position = { ...this.#position, seq: frame.seq };
        await this.#house.pause();
      }
      if ((await this.#handIfLarge()) !== "applied") throw new Error("the monitor takes no more at the moment");
    }
  }

  /** @returns false where another holder goes on, or the monitor is full */
  async #segment(row: SegmentRow): Promise<boolean> {
    const segment = await this.#open(row);
    const groups = segment?.groups ?? [];
    let before = groups.slice(0, this.#position.group).reduce((sum, group) => sum + group.rows, 0);
    for (let group = this.#position.group; group < groups.length; group++) {
      const { rows } = groups[group]!;
      const batch = await segment!.readGroup(group, this.#ready.columns);
      const bytesAt = (count: number) => Math.floor((row.raw_bytes * count) / row.rows);
      this.#counter.addBatch(batch, bytesAt(before + rows) - bytesAt(before));
      before += rows;
      this.#rows += rows;
      this.#rows_of_job += rows;
      const last = group + 1 === groups.length;
      const { segment: index } = this.#position;
      this.#position = { ...this.#position, segment: last ? index + 1 : index, group: last ? 0 : group + 1 };
      if (last) this.#segments++;
      if ((await this.#handIfLarge()) !== "applied") return false;
      await this.#house.pause();
    }
    if (groups.length === 0) {
      this.#position = { ...this.#position, segment: this.#position.segment + 1, group: 0 };
      this.#segments++;
    }
    return true;
  }

  /** Null where retention has removed it meanwhile. */
  async #open(row: SegmentRow) {
    try {
      return await readSegment(this.#house.bucket, row.object_key, row.tail_size_bytes);
    } catch (error) {
      if (!(error instanceof SegmentGone)) throw error;
      const reason = await replacedBy(this.#house.db, this.#project_id, row.segment_id);
      if (reason === RETENTION) return null;
      throw new FillBroken(`segment ${row.segment_id} was merged into others`);
    }
  }

  #handIfLarge(): Promise<"applied" | "stale" | "full"> | "applied" {
    const large = this.#rows >= METRIC_FILL_PART_ROWS || this.#counter.states >= METRIC_FILL_STATES_MAX;
    return large ? this.#hand(false) : "applied";
  }

  async #hand(last: boolean): Promise<"applied" | "stale" | "full"> {
    const part = {
      fill_id: this.#plan.fill_id,
      part: this.#part,
      deltas: packDeltas(this.#counter.deltas()),
      rows: this.#rows,
      segments: this.#segments,
      position: this.#position,
      last,
    };
    let answer = await this.#house.monitor(this.#project_id).fillApply(part);
    if (answer === "full") {
      await rollMetrics(this.#house, this.#project_id, true);
      answer = await this.#house.monitor(this.#project_id).fillApply(part);
    }
    if (answer !== "applied") return answer;
    this.#counter = this.#fresh();
    this.#part++;
    this.#rows = 0;
    this.#segments = 0;
    return answer;
  }
}
