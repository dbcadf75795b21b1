import { flushedSegments } from "../catalog/segments.ts";
import type { Env } from "../env.ts";
import { COMPACT_RUSH_MS } from "../limits.ts";
import { compactProject } from "./compact.ts";
import { compactionTurn } from "./compaction-turn.ts";
import { deleteProject } from "./delete-project.ts";
import { fillMetrics } from "./fill-metrics.ts";
import { flushStream } from "./flush.ts";
import { type House, houseOf, type Job } from "./house.ts";
import { retain } from "./retain.ts";
import { rollMetrics } from "./roll-metrics.ts";

/** The jobs queue: one message, one job. A job that throws is tried again by the queue, and asked for again by the object or by cron. */
export async function consumeJobs(batch: MessageBatch, env: Env): Promise<void> {
  const house = houseOf(env);
  for (const message of batch.messages) {
    try {
      await runJob(house, message.body as Job);
      message.ack();
    } catch (error) {
      console.error("job failed", message.body, error);
      message.retry();
    }
  }
}

async function runJob(house: House, job: Job): Promise<void> {
  switch (job.kind) {
    case "flush":
      // What was not counted when it came, since the monitor was away, is counted now.
      if ((await flushStream(house, job.project_id, job.shard, false)) > 0) await house.nudge(job.project_id, job.shard);
      await askForCompaction(house, job.project_id);
      return;
    case "roll":
      await rollMetrics(house, job.project_id, false);
      return;
    case "fill":
      if (await fillMetrics(house, job.project_id)) await house.ask(job);
      return;
    case "compact":
      await compactInTurn(house, job.project_id);
      return;
    case "delete-project":
      await deleteProject(house, job.project_id);
      return;
    case "retain":
      await retain(house, job.project_id, job.retention_days);
      return;
  }
}

async function askForCompaction(house: House, project_id: string): Promise<void> {
  const turn = await turnOf(house, project_id);
  if (turn !== "none") await house.ask({ v: 1, kind: "compact", project_id }, turn === "later" ? COMPACT_RUSH_MS / 1000 : 0);
}

/** Where it is too early still, the flush that came between has asked again. */
async function compactInTurn(house: House, project_id: string): Promise<void> {
  if ((await turnOf(house, project_id)) !== "later") await compactProject(house, project_id, false);
}

async function turnOf(house: House, project_id: string): Promise<"now" | "later" | "none"> {
  return compactionTurn(await flushedSegments(house.db, project_id), house.now_ms() * 1000, house.one_thread);
}
