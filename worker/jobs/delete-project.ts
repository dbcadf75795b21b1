import { key_cache } from "../auth/authenticate.ts";
import { forgetOrganization } from "../auth/standing.ts";
import { auditRow } from "../catalog/audit.ts";
import { noteChange } from "../catalog/changes.ts";
import { beginDeletion, type Deletion, noteRemoved, noteState, readDeletion, removeRows } from "../catalog/deletions.ts";
import { dropGeneration } from "../catalog/generation.ts";
import { prefixesOf } from "../catalog/keys.ts";
import { SHARD_ZERO } from "../catalog/stream.ts";
import { BUCKET_PAGE_MAX, DELETION_CHECK_MS, DELETION_OBJECTS_PER_JOB_MAX } from "../limits.ts";
import type { House } from "./house.ts";

/**
 * Removes what is left of a project whose deletion is due: its object first, which from then on refuses whatever arrives, then the bucket, the monitor,
 * the rows of D1. Each step may be repeated, so a job that was interrupted anywhere is begun again from the front. It is done when, after longer than any
 * job may run, nothing was found any more: a flush or merge that was under way may have written meanwhile.
 */
export async function deleteProject(house: House, project_id: string): Promise<void> {
  if (!(await beginDeletion(house.db, project_id, house.now_ms()))) return;
  const deletion = await readDeletion(house.db, project_id);
  if (!deletion) return;
  if (deletion.state === "checking" && !isTimeToCheck(deletion, house.now_ms())) return;
  await stopProject(house, deletion);
  const objects = await removeObjects(house, project_id);
  if (objects > 0) await noteRemoved(house.db, project_id, objects);
  if (objects >= DELETION_OBJECTS_PER_JOB_MAX) {
    await house.ask({ v: 1, kind: "delete-project", project_id });
    return;
  }
  await house.eraseMonitor(project_id);
  const rows = await removeRows(house.db, project_id);
  await dropGeneration(house.db, house.bucket, project_id);
  noteChange(project_id);
  await settle(house, deletion, objects + rows === 0);
}

function isTimeToCheck(deletion: Deletion, now_ms: number): boolean {
  return now_ms - Date.parse(deletion.data_removed_at ?? deletion.due_at) >= DELETION_CHECK_MS;
}

/** The object lets go of all that it holds and refuses from now on. */
async function stopProject(house: House, { project_id, organization_id, project_name, due_at }: Deletion): Promise<void> {
  const stream = () => house.stream(project_id, SHARD_ZERO);
  const settings = await stream().settings();
  if (!settings?.deleted_at) {
    const bare = { project_id, name: project_name, retention_days: 1, daily_events_max: 0, cors_origins: [] };
    await stream().configure({ ...(settings ?? bare), deleted_at: due_at });
  }
  await stream().erase();
  // Elsewhere it is known as soon as what is kept of it is read again.
  key_cache.forget(project_id);
  forgetOrganization(organization_id);
}

/** @returns how many objects, DELETION_OBJECTS_PER_JOB_MAX or a page more at most */
async function removeObjects(house: House, project_id: string): Promise<number> {
  let removed = 0;
  for (const prefix of prefixesOf(project_id)) {
    for (;;) {
      const page = await house.bucket.list({ prefix, limit: BUCKET_PAGE_MAX });
      if (page.objects.length === 0) break;
      await house.bucket.delete(page.objects.map((object) => object.key));
      removed += page.objects.length;
      if (removed >= DELETION_OBJECTS_PER_JOB_MAX) return removed;
    }
  }
  return removed;
}

/** What was done before stays done, whatever a later look still found. */
async function settle(house: House, deletion: Deletion, found_nothing: boolean): Promise<void> {
  const { project_id, organization_id, project_name } = deletion;
  if (deletion.state === "done") return;
  const now = new Date(house.now_ms()).toISOString();
  if (deletion.state === "checking" && found_nothing) {
    const entry = {
      organization_id,
      project_id,
      actor: { kind: "system", id: null, name: null } as const,
      action: "project.deleted",
      target: project_id,
      details: { name: project_name, objects: deletion.objects },
      from: { ip_address: null, user_agent: null },
    };
    await noteState(house.db, project_id, { state: "done", finished_at: now }, auditRow(entry, house.now_ms()));
    return;
  }
  await noteState(house.db, project_id, { state: "checking", data_removed_at: now }, null);
  await house.ask({ v: 1, kind: "delete-project", project_id }, DELETION_CHECK_MS / 1000);
}
