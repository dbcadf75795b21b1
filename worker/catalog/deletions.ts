/** Projects on their way out. The row says how far it is; the job in worker/jobs/delete-project.ts goes by it. */
import { and, asc, desc, eq, gt, inArray, is, lte, or, sql, Table } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { getTableConfig, type SQLiteTable } from "drizzle-orm/sqlite-core";
import { DELETION_CHECK_MS, DELETION_ROWS_PER_STATEMENT, DELETION_WATCH_MS, DELETIONS_LISTED_MAX } from "../limits.ts";
import { type AuditRow, auditIfChanged } from "./audit.ts";
import * as schema from "./schema.ts";
import { runTogether } from "./statements.ts";

const { deletions } = schema;

export type Deletion = typeof deletions.$inferSelect;

/** Tables whose rows of a project outlive it: that there was one, that it was deleted, and who did what. */
const KEPT: SQLiteTable[] = [schema.projects, schema.deletions, schema.audit];

/** Every other table with rows of projects, those that are added later too. */
export const PROJECT_TABLES: string[] = Object.values(schema)
  .filter((value): value is SQLiteTable & typeof value => is(value, Table) && !KEPT.includes(value as SQLiteTable))
  .map((table) => getTableConfig(table as SQLiteTable))
  .filter((table) => table.columns.some((column) => column.name === "project_id"))
  .map((table) => table.name);

export async function listDeletions(db: D1Database, organization_id: string): Promise<Deletion[]> {
  return drizzle(db)
    .select()
    .from(deletions)
    .where(eq(deletions.organization_id, organization_id))
    .orderBy(desc(deletions.requested_at))
    .limit(DELETIONS_LISTED_MAX);
}

export async function readDeletion(db: D1Database, project_id: string): Promise<Deletion | null> {
  const [row] = await drizzle(db).select().from(deletions).where(eq(deletions.project_id, project_id));
  return row ?? null;
}

/** Asks for a deletion; one that waits already gets the new time. @returns false where it has begun */
export async function requestDeletion(
  db: D1Database,
  asked: Pick<Deletion, "project_id" | "project_name" | "requested_by" | "due_at">,
  record: AuditRow,
): Promise<boolean> {
  const { project_id, project_name, requested_by, due_at } = asked;
  const [changed] = await runTogether(db, [
    sql`INSERT INTO deletions (project_id, organization_id, project_name, requested_by, requested_at, due_at, state)
      SELECT ${project_id}, organization_id, ${project_name}, ${requested_by}, ${record.at}, ${due_at}, 'waiting' FROM projects WHERE project_id = ${project_id}
      ON CONFLICT (project_id) DO UPDATE SET requested_by = excluded.requested_by, requested_at = excluded.requested_at, due_at = excluded.due_at
      WHERE state = 'waiting'`,
    auditIfChanged(record),
  ]);
  return changed === 1;
}

/** @returns false where there is none, or it has begun */
export async function undoDeletion(db: D1Database, project_id: string, record: AuditRow): Promise<boolean> {
  const [changed] = await runTogether(db, [
    sql`DELETE FROM deletions WHERE project_id = ${project_id} AND state = 'waiting'`,
    auditIfChanged(record),
  ]);
  return changed === 1;
}

/** Projects of which there is something to do; with `watch` also those that were done lately. */
export async function openDeletions(db: D1Database, now_ms: number, watch: boolean): Promise<string[]> {
  const now = new Date(now_ms).toISOString();
  const checked = new Date(now_ms - DELETION_CHECK_MS).toISOString();
  const watched = new Date(now_ms - DELETION_WATCH_MS).toISOString();
  const rows = await drizzle(db)
    .select({ project_id: deletions.project_id })
    .from(deletions)
    .where(
      or(
        and(eq(deletions.state, "waiting"), lte(deletions.due_at, now)),
        eq(deletions.state, "deleting"),
        and(eq(deletions.state, "checking"), lte(deletions.data_removed_at, checked)),
        ...(watch ? [and(inArray(deletions.state, ["done"]), gt(deletions.finished_at, watched))] : []),
      ),
    )
    .orderBy(asc(deletions.due_at));
  return rows.map((row) => row.project_id);
}

/** Begins a deletion that is due: from here on it cannot be undone. @returns whether it has begun, now or before */
export async function beginDeletion(db: D1Database, project_id: string, now_ms: number): Promise<boolean> {
  const now = new Date(now_ms).toISOString();
  await runTogether(db, [
    sql`UPDATE deletions SET state = 'deleting' WHERE project_id = ${project_id} AND state = 'waiting' AND due_at <= ${now}`,
    sql`UPDATE projects SET deleted_at = ${now} WHERE project_id = ${project_id} AND deleted_at IS NULL
      AND EXISTS (SELECT 1 FROM deletions WHERE project_id = ${project_id} AND state <> 'waiting')`,
  ]);
  const row = await readDeletion(db, project_id);
  return row !== null && row.state !== "waiting";
}

/** Counts what was removed, so that whoever looks sees it go on. */
export async function noteRemoved(db: D1Database, project_id: string, objects: number): Promise<void> {
  await drizzle(db)
    .update(deletions)
    .set({ objects: sql`${deletions.objects} + ${objects}` })
    .where(eq(deletions.project_id, project_id));
}

export async function noteState(
  db: D1Database,
  project_id: string,
  state: Pick<Deletion, "state"> & Partial<Pick<Deletion, "data_removed_at" | "finished_at">>,
  record: AuditRow | null,
): Promise<void> {
  const update = drizzle(db).update(deletions).set(state).where(eq(deletions.project_id, project_id));
  await runTogether(db, record === null ? [update] : [update, auditIfChanged(record)]);
}

/** Removes a project's rows, some thousand at a time. @returns how many */
export async function removeRows(db: D1Database, project_id: string): Promise<number> {
  let removed = 0;
  for (const table of PROJECT_TABLES) {
    for (;;) {
      const name = sql.raw(table);
      const [rows = 0] = await runTogether(db, [
        sql`DELETE FROM ${name} WHERE rowid IN (SELECT rowid FROM ${name} WHERE project_id = ${project_id} LIMIT ${DELETION_ROWS_PER_STATEMENT})`,
      ]);
      removed += rows;
      if (rows < DELETION_ROWS_PER_STATEMENT) break;
    }
  }
  return removed;
}
