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
  METRIC_FILL_FIRST_PART_ROWS,
  METRIC_FILL_PART_ROWS,
  METRIC_FILL_PART_SIZE_BYTES_MAX,
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

/** What was counted since the last part is more than one message to the monitor may hold, or than it should take at once. */
class PartTooLarge extends Error {}

/** What the plan names is not what there is any more: metrics wait for another plan. */
class FillBroken extends Error {}

/**
 * Counts metrics that wait for it in everything that came before they were counted live: first frames of the window after the seam, then the
 * segments that were listed when it began. Each part is taken only after the one before it, so that a job that dies or runs twice changes nothing.
 * @param part_size_bytes_max of what is counted at once: a call carries 32 MiB at most, and a few series of many distinct values in short panes make more
 * of METRIC_FILL_PART_ROWS. How many rows a part has is found out: twice as many after a small one, half as many, from the same place, after one that
 * was too large. One frame of the window is not parted: its FRAME_ROWS_MAX rows would need hundreds of distinct counts to be too many.
 * @returns whether there is more to do
 */
export async function fillMetrics(
  house: House,
  project_id: string,
  part_size_bytes_max = METRIC_FILL_PART_SIZE_BYTES_MAX,
): Promise<boolean> {
  let state = await house.monitor(project_id).fillState();
  if (!state.open) {
    if (state.waiting.length === 0) return false;
    await begin(house, project_id, state.waiting);
    state = await house.monitor(project_id).fillState();
    if (!state.open) return state.waiting.length > 0;
  }
  const { plan, metrics } = state.open;
  try {
    return await new Fill(house, project_id, { plan, metrics, part_size_bytes_max }).run();
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
  /** Where the part that is being counted began. */
  #begun: FillPosition;
  /** Since the last part. */
  #rows = 0;
  #segments = 0;
  #counted_rows = 0;
  #counted_pieces = 0;
  #rows_of_job = 0;
  /** Rows of a part. */
  #span_rows = METRIC_FILL_FIRST_PART_ROWS;
  readonly #part_size_bytes_max: number;

  constructor(
    house: House,
    project_id: string,
    { plan, metrics, part_size_bytes_max }: { plan: FillPlan; metrics: readonly CountedMetric[]; part_size_bytes_max: number },
  ) {
    this.#house = house;
    this.#project_id = project_id;
    this.#plan = plan;
    this.#part_size_bytes_max = part_size_bytes_max;
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
    this.#begun = plan.position;
  }

  async run(): Promise<boolean> {
    for (;;) {
      try {
        return await this.#fromHere();
      } catch (error) {
        if (!(error instanceof PartTooLarge)) throw error;
        this.#span_rows = Math.max(1, Math.floor(this.#counted_rows / 2));
        this.#begin(this.#begun);
      }
    }
  }

  /** Nothing is counted since here. */
  #begin(position: FillPosition): void {
    this.#counter = this.#fresh();
    this.#position = position;
    this.#begun = position;
    this.#rows = 0;
    this.#segments = 0;
    this.#counted_rows = 0;
    this.#counted_pieces = 0;
  }

  async #fromHere(): Promise<boolean> {
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
        this.#noteCounted(frame.rows);
        if ((await this.#handIfLarge()) !== "applied") throw new Error("the monitor takes no more at the moment");
        await this.#house.pause();
      }
    }
  }

  /** @returns false where another holder goes on, or the monitor is full */
  async #segment(row: SegmentRow): Promise<boolean> {
    const segment = await this.#open(row);
    const groups = segment?.groups ?? [];
    const { segment: index } = this.#position;
    let before = groups.slice(0, this.#position.group).reduce((sum, group) => sum + group.rows, 0);
    const bytesAt = (count: number) => Math.floor((row.raw_bytes * count) / row.rows);
    for (let group = this.#position.group; group < groups.length; group++) {
      const { rows } = groups[group]!;
      const batch = await segment!.readGroup(group, this.#ready.columns);
      const raw_bytes = bytesAt(before + rows) - bytesAt(before);
      before += rows;
      while (this.#position.segment === index && this.#position.group === group) {
        const from_row = this.#position.row ?? 0;
        const to_row = Math.min(rows, from_row + Math.max(1, this.#span_rows - this.#counted_rows));
        this.#counter.addBatch(batch, raw_bytes, { from_row, to_row });
        this.#passed({ group, to_row, rows, groups: groups.length }, to_row - from_row);
        if ((await this.#handIfLarge()) !== "applied") return false;
        await this.#house.pause();
      }
    }
    if (groups.length === 0) {
      this.#position = { ...this.#position, segment: this.#position.segment + 1, group: 0 };
      this.#segments++;
    }
    return true;
  }

  /** Rows of a group are counted up to one: the place is behind it. */
  #passed({ group, to_row, rows, groups }: { group: number; to_row: number; rows: number; groups: number }, counted: number): void {
    const { seq, segment } = this.#position;
    const last = to_row === rows && group + 1 === groups;
    if (last) this.#position = { seq, segment: segment + 1, group: 0 };
    else if (to_row === rows) this.#position = { seq, segment, group: group + 1 };
    else this.#position = { seq, segment, group, row: to_row };
    this.#rows += counted;
    this.#rows_of_job += counted;
    if (last) this.#segments++;
    this.#noteCounted(counted);
  }

  #noteCounted(rows: number): void {
    this.#counted_rows += rows;
    this.#counted_pieces++;
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
    const large = this.#counted_rows >= this.#span_rows || this.#counter.states >= METRIC_FILL_STATES_MAX;
    return large ? this.#hand(false) : "applied";
  }

  /** @throws PartTooLarge where it can be made smaller */
  async #hand(last: boolean): Promise<"applied" | "stale" | "full"> {
    const deltas = packDeltas(this.#counter.deltas());
    const is_frame = this.#position.seq !== this.#begun.seq && this.#counted_pieces === 1;
    if (deltas.length > this.#part_size_bytes_max && this.#counted_rows > 1 && !is_frame) throw new PartTooLarge();
    const part = {
      fill_id: this.#plan.fill_id,
      part: this.#part,
      deltas,
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
    this.#part++;
    if (deltas.length * 4 < this.#part_size_bytes_max) this.#span_rows = Math.min(METRIC_FILL_PART_ROWS, this.#span_rows * 2);
    this.#begin(this.#position);
    return answer;
  }
}
