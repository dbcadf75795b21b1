import { monitorOf } from "../catalog/monitor.ts";
import { rejectedDeltas } from "../engine/windows/count-rejected.ts";
import type { Env } from "../env.ts";
import { REJECTED_NOTE_PAUSE_MS } from "../limits.ts";
import { count } from "../metrics.ts";
import type { WaitUntil } from "./durable.ts";

/** Of what was refused: how many records, and what was wrong with those that are listed. */
export interface RejectedRecords {
  rejected: number;
  errors: readonly { field: string }[];
}

interface Notes {
  due_ms: number;
  by_reason: Map<string, number>;
}

/** Records that the answer does not list one by one. */
const UNLISTED = "(not listed)";
const waiting = new Map<string, Notes>();

/**
 * Tells a project's monitor how many records were refused and which field was at fault: those of one isolate together, once in
 * REJECTED_NOTE_PAUSE_MS at most. No answer waits for it and nothing fails with it.
 */
export function noteRejected(env: Env, wait_until: WaitUntil, project_id: string, records: RejectedRecords, now_ms: number): void {
  const known = waiting.get(project_id);
  const notes = known ?? { due_ms: 0, by_reason: new Map<string, number>() };
  const add = (reason: string, rejected: number) => notes.by_reason.set(reason, (notes.by_reason.get(reason) ?? 0) + rejected);
  for (const { field } of records.errors) add(field, 1);
  if (records.rejected > records.errors.length) add(UNLISTED, records.rejected - records.errors.length);
  waiting.set(project_id, notes);
  // Whoever was to send them may have been ended before its time.
  if (known && now_ms < known.due_ms + REJECTED_NOTE_PAUSE_MS) return;
  notes.due_ms = now_ms + REJECTED_NOTE_PAUSE_MS;
  wait_until(send(env, project_id));
}

async function send(env: Env, project_id: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, REJECTED_NOTE_PAUSE_MS));
  const notes = waiting.get(project_id);
  if (!notes) return;
  waiting.delete(project_id);
  const rejected = [...notes.by_reason.values()].reduce((sum, each) => sum + each, 0);
  try {
    await monitorOf(env, project_id).note(rejectedDeltas(notes.by_reason, Date.now() * 1000));
  } catch {
    count("ledge_rejected_notes_lost_total", {}, rejected);
  }
}
