import { openDeletions } from "../catalog/deletions.ts";
import { livingProjects } from "../catalog/projects.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { backUp } from "./backup.ts";
import { type House, houseOf } from "./house.ts";
import { resendJournal } from "./resend-journal.ts";
import { sweep } from "./sweep.ts";
import { tidyAccounts } from "./tidy-accounts.ts";

/** The crons of wrangler.toml. */
const FREQUENT = "*/5 * * * *";
const HOURLY = "17 * * * *";
const NIGHTLY = "41 2 * * *";

/** Each task by itself: one that fails is logged and does not keep the others from running. */
export async function runSchedule(controller: ScheduledController, env: Env): Promise<void> {
  // The time that it was called for: ages are judged by it, however late it runs.
  const house: House = { ...houseOf(env), now_ms: () => controller.scheduledTime };
  if (controller.cron === FREQUENT) {
    await attempt("journal", () => resendJournal(house));
    await attempt("deletions", () => askForDeletions(house, false));
  }
  if (controller.cron === HOURLY) {
    await attempt("jobs", () => askForJobs(house));
    await attempt("sweep", () => sweep(house));
  }
  if (controller.cron === NIGHTLY) {
    await attempt("backup", () => backUp(house));
    await attempt("deletions", () => askForDeletions(house, true));
    await attempt("accounts", () => tidyAccounts(house));
  }
}

/** Every project is looked at once an hour, whatever became of its messages and alarms. */
async function askForJobs(house: House): Promise<void> {
  for (const { project_id, retention_days } of await livingProjects(house.db)) {
    await house.ask({ v: 1, kind: "flush", project_id, shard: SHARD_ZERO });
    await house.ask({ v: 1, kind: "retain", project_id, retention_days });
  }
}

/** Deletions that are due, or were left unfinished; with `watch` also those that were done lately. */
async function askForDeletions(house: House, watch: boolean): Promise<void> {
  for (const project_id of await openDeletions(house.db, house.now_ms(), watch)) {
    await house.ask({ v: 1, kind: "delete-project", project_id });
  }
}

async function attempt(name: string, task: () => Promise<unknown>): Promise<void> {
  try {
    await task();
  } catch (error) {
    console.error(`scheduled task ${name} failed`, error);
  }
}
