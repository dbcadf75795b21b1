import { flushedSegments } from "../catalog/segments.ts";
import type { Env } from "../env.ts";
import { COMPACT_AGE_MS, COMPACT_INPUTS_MIN } from "../limits.ts";
import { compactProject } from "./compact.ts";
import { flushStream } from "./flush.ts";
import { type House, houseOf, type Job } from "./house.ts";
import { retain } from "./retain.ts";

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
      await flushStream(house, job.project_id, job.shard, false);
      await askForCompaction(house, job.project_id);
      return;
    case "compact":
      await compactProject(house, job.project_id, false);
      return;
    case "retain":
      await retain(house, job.project_id, job.retention_days);
      return;
  }
}

async function askForCompaction(house: House, project_id: string): Promise<void> {
  const { count, oldest_us } = await flushedSegments(house.db, project_id);
  const aged = oldest_us !== null && house.now_ms() * 1000 - oldest_us >= COMPACT_AGE_MS * 1000;
  if (count >= COMPACT_INPUTS_MIN || aged) await house.ask({ v: 1, kind: "compact", project_id });
}
