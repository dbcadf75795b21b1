import { DurableObject } from "cloudflare:workers";
import type { Env } from "../../worker/env.ts";
import { MONITOR_FRAMES_PER_PULL_MAX } from "../../worker/limits.ts";
import type { ProjectStreamRpc } from "../project-stream/types.ts";
import { sqlOf } from "../storage.ts";
import { MonitorCore, type VolumeHour } from "./monitor-core.ts";

/** One object per project, named by its id: it follows the project's streams and counts. When it is away, events flow all the same and it catches up. */
export class ProjectMonitor extends DurableObject<Env> {
  private core: MonitorCore;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.core = new MonitorCore(sqlOf(ctx.storage));
  }

  /** Counts what the stream has taken since the last pull. */
  async pull(shard: number): Promise<void> {
    const stream = this.env.STREAM.getByName(`${this.ctx.id.name}:${shard}`) as unknown as ProjectStreamRpc;
    for (;;) {
      const changes = await stream.changes(this.core.appliedSeq(shard), MONITOR_FRAMES_PER_PULL_MAX);
      this.core.apply(shard, changes);
      if (changes.frames.length < MONITOR_FRAMES_PER_PULL_MAX) return;
    }
  }

  async volume(): Promise<{ hours: VolumeHour[]; missed_frames: number }> {
    return this.core.volume();
  }

  /** Removes everything of a deleted project, the alarm included. Repeating it changes nothing. */
  async erase(): Promise<void> {
    await this.ctx.storage.deleteAll();
    this.core = new MonitorCore(sqlOf(this.ctx.storage));
  }
}
