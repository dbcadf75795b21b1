import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../worker/env.ts";
import { sqlOf } from "../storage.ts";
import { MonitorCore } from "./monitor-core.ts";
import type {
  ApplyAnswer,
  ConfigureAnswer,
  ConfigureRequest,
  CountedDeltas,
  CountingState,
  FillBegin,
  FillPart,
  FillState,
  MetricStatus,
  MonitorHealth,
  PanesAnswer,
  PanesRequest,
  ProjectMonitorRpc,
  RollPlan,
} from "./types.ts";

/**
 * One object per project, named by its id: it keeps what Workers counted of the project's streams. When it is away, events flow all the same
 * and counting catches up. Its alarm asks for jobs: writing states to history, and filling new metrics.
 */
export class ProjectMonitor extends DurableObject<Env> implements ProjectMonitorRpc {
  private core: MonitorCore;
  private alarm_ms: number | null = null;
  private asked_ms = 0;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.core = this.load();
    void ctx.blockConcurrencyWhile(async () => {
      this.alarm_ms = await ctx.storage.getAlarm();
    });
  }

  private load(): MonitorCore {
    return new MonitorCore(sqlOf(this.ctx.storage), Date.now);
  }

  /** What is in memory follows from what is stored: where a call fails between the two, memory is made anew. */
  private async run<T>(work: (core: MonitorCore) => T): Promise<T> {
    let answer: T;
    try {
      answer = work(this.core);
    } catch (error) {
      this.core = this.load();
      throw error;
    }
    await this.schedule();
    return answer;
  }

  async configure(request: ConfigureRequest): Promise<ConfigureAnswer> {
    this.asked_ms = 0;
    return this.run((core) => core.configure(request));
  }

  async metrics(): Promise<{ version: number; metrics: MetricStatus[] }> {
    return this.core.metrics();
  }

  async refill(names: string[] | null): Promise<void> {
    this.asked_ms = 0;
    return this.run((core) => core.refill(names));
  }

  async panes(requests: PanesRequest[]): Promise<(PanesAnswer | null)[]> {
    return requests.map((request) => this.core.panes(request));
  }

  async health(): Promise<MonitorHealth> {
    return this.core.health();
  }

  async counting(shard: number, known_version: number | null): Promise<CountingState> {
    return this.core.counting(shard, known_version);
  }

  async apply(counted: CountedDeltas): Promise<ApplyAnswer> {
    return this.run((core) => core.apply(counted));
  }

  async note(deltas: Uint8Array): Promise<void> {
    return this.run((core) => core.note(deltas));
  }

  async fillState(): Promise<FillState> {
    return this.core.fillState();
  }

  async fillBegin(begin: FillBegin): Promise<boolean> {
    return this.run((core) => core.fillBegin(begin));
  }

  async fillApply(part: FillPart): Promise<"applied" | "stale" | "full"> {
    // Somebody is at work.
    this.asked_ms = part.last ? 0 : Date.now();
    return this.run((core) => core.fillApply(part));
  }

  async fillAbort(fill_id: string, error: string): Promise<void> {
    return this.run((core) => core.fillAbort(fill_id, error));
  }

  async rollPlan(force: boolean): Promise<RollPlan | null> {
    return this.run((core) => core.rollPlan(force));
  }

  async rollParts(roll: number, start: number): Promise<{ parts: Uint8Array[]; next: number | null } | null> {
    return this.core.rollParts(roll, start);
  }

  async rollDone(roll: number): Promise<void> {
    this.asked_ms = 0;
    return this.run((core) => core.rollDone(roll));
  }

  /** The queue may lose a job locally and repeat it anywhere: the next alarm asks again until the work is done. */
  override async alarm(): Promise<void> {
    this.alarm_ms = null;
    const wake_ms = this.core.wakeAt_ms(this.asked_ms);
    if (wake_ms !== null && wake_ms <= Date.now()) {
      this.asked_ms = Date.now();
      for (const kind of this.core.dueJobs())
        await this.env.JOBS.send({ v: 1, kind, project_id: this.ctx.id.name ?? "" }, { contentType: "json" });
    }
    await this.schedule();
  }

  /** An alarm is a billed write: it is set only where none is due earlier. */
  private async schedule(): Promise<void> {
    const wake_ms = this.core.wakeAt_ms(this.asked_ms);
    if (wake_ms === null) return;
    const at_ms = Math.max(wake_ms, Date.now());
    if (this.alarm_ms !== null && this.alarm_ms <= at_ms) return;
    this.alarm_ms = at_ms;
    await this.ctx.storage.setAlarm(at_ms);
  }

  /** Removes everything of a deleted project, the alarm included. Repeating it changes nothing. */
  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.alarm_ms = null;
    this.core = this.load();
  }
}
