import { and, asc, eq, gte, inArray, isNotNull, isNull, lt, lte, or, type SQL, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { getTableConfig } from "drizzle-orm/sqlite-core";
import type { SegmentRow } from "../engine/segment/segment-row.ts";
import { CATALOG_ROWS_PER_STATEMENT_MAX, CATALOG_STATEMENT_SIZE_BYTES_MAX } from "../limits.ts";
import { changing, noteChange } from "./changes.ts";
import { meta, segments } from "./schema.ts";
import { preparedOf } from "./statements.ts";

type StoredRow = typeof segments.$inferSelect;

/** Fields of a SegmentRow in the order in which they are bound. */
const FIELDS = [
  "segment_id",
  "project_id",
  "shard",
  "level",
  "seq_min",
  "seq_max",
  "day",
  "ts_min_us",
  "ts_max_us",
  "rows",
  "size_bytes",
  "raw_bytes",
  "object_key",
  "tail_size_bytes",
  "created_us",
  "swap_id",
  "level_mask",
  "services",
] as const satisfies readonly (keyof SegmentRow)[];

/** A row that comes in as replaced: the catalog must know that a recorded swap took it, or a search that hears of it elsewhere would count it. */
export interface Tombstone extends SegmentRow {
  replaced_us: number;
  replaced_by: string;
}

const COLUMNS = [...FIELDS, "replaced_us", "replaced_by"] as const satisfies readonly (keyof Tombstone)[];

const NAMES = sql.raw(COLUMNS.join(", "));
const VALUES = sql.raw(COLUMNS.map((field) => `value ->> '${field}'`).join(", "));

/** One statement for many rows: rows travel as one JSON text, since a statement takes at most 100 bound values. */
function insertStatement(rows: readonly (SegmentRow | Tombstone)[], guard: SQL = sql`1`): SQL {
  const values = JSON.stringify(rows);
  return sql`INSERT INTO segments (${NAMES}) SELECT ${VALUES} FROM json_each(${values}) WHERE ${guard} ON CONFLICT (project_id, segment_id) DO NOTHING`;
}

/** Makes committed segments findable. Repeating it changes nothing; a row that was replaced meanwhile stays replaced. */
export async function insertRows(db: D1Database, rows: readonly (SegmentRow | Tombstone)[]): Promise<void> {
  try {
    for (const group of statementsOf(rows)) await drizzle(db).run(insertStatement(group));
  } finally {
    for (const project_id of new Set(rows.map((row) => row.project_id))) noteChange(project_id);
  }
}

/** Rows differ in size by a hundred times: those of many services with long names are told apart by their text. */
function* statementsOf<T>(rows: readonly T[]): Generator<T[]> {
  let group: T[] = [];
  let size = 0;
  for (const row of rows) {
    // UTF-8 takes up to three bytes for a character of JSON text.
    const row_size = JSON.stringify(row).length * 3;
    if (group.length === CATALOG_ROWS_PER_STATEMENT_MAX || (group.length > 0 && size + row_size > CATALOG_STATEMENT_SIZE_BYTES_MAX)) {
      yield group;
      group = [];
      size = 0;
    }
    group.push(row);
    size += row_size;
  }
  if (group.length > 0) yield group;
}

/** Projects of which the catalog has living segments. */
export async function projectsWithSegments(db: D1Database): Promise<string[]> {
  const rows = await drizzle(db).selectDistinct({ project_id: segments.project_id }).from(segments).where(isNull(segments.replaced_us));
  return rows.map((row) => row.project_id);
}

/** The fields of the contract alone, without the catalog's own marks. */
function rowOf(stored: StoredRow): SegmentRow {
  const { replaced_us: _replaced, replaced_by: _by, deleted_us: _deleted, ...row } = stored;
  return row;
}

export interface CatalogRequest {
  /** Both inclusive. */
  from_us: number;
  to_us: number;
  /** By shard: flushed segments that begin after this sequence number are named even where they were replaced. */
  replaced_after_seq: readonly number[];
}

export interface CatalogAnswer {
  alive: SegmentRow[];
  replaced_ids: ReadonlySet<string>;
}

/** What a search reads: living segments that overlap a time range, and the flushed ones that were replaced lately. One round trip to the primary. */
export async function searchedSegments(db: D1Database, project_id: string, request: CatalogRequest): Promise<CatalogAnswer> {
  const { from_us, to_us, replaced_after_seq } = request;
  const overlaps = and(isNull(segments.replaced_us), gte(segments.ts_max_us, from_us), lte(segments.ts_min_us, to_us));
  const shards = JSON.stringify(replaced_after_seq);
  const late = sql`EXISTS (SELECT 1 FROM json_each(${shards}) WHERE key = ${segments.shard} AND value < ${segments.seq_min})`;
  const replaced_late = and(isNotNull(segments.replaced_us), eq(segments.level, 0), late);
  const rows = await drizzle(db)
    .select()
    .from(segments)
    .where(and(eq(segments.project_id, project_id), or(overlaps, replaced_late)));
  const alive = rows.filter((row) => row.replaced_us === null).map(rowOf);
  return { alive, replaced_ids: new Set(rows.filter((row) => row.replaced_us !== null).map((row) => row.segment_id)) };
}

export async function allAlive(db: D1Database, project_id: string): Promise<SegmentRow[]> {
  const rows = await drizzle(db)
    .select()
    .from(segments)
    .where(and(eq(segments.project_id, project_id), isNull(segments.replaced_us)));
  return rows.map(rowOf);
}

/**
 * Replaces inputs by outputs in one transaction: outputs come in only if all inputs are alive, inputs go only if the outputs came in (spine, rule 6).
 * @returns whether the swap stands, now or since an earlier try
 */
export async function swapSegments(
  db: D1Database,
  swap: { swap_id: string; project_id: string; inputs: readonly string[]; outputs: readonly SegmentRow[] },
  now_us: number,
): Promise<boolean> {
  const inputs = JSON.stringify(swap.inputs);
  const living = sql`(SELECT count(*) FROM segments WHERE project_id = ${swap.project_id} AND replaced_us IS NULL AND segment_id IN (SELECT value FROM json_each(${inputs})))`;
  const stands = sql`EXISTS (SELECT 1 FROM segments WHERE project_id = ${swap.project_id} AND swap_id = ${swap.swap_id})`;
  await changing(swap.project_id, () =>
    db.batch([
      preparedOf(db, insertStatement(swap.outputs, sql`${living} = ${swap.inputs.length}`)),
      preparedOf(
        db,
        sql`UPDATE segments SET replaced_us = ${now_us}, replaced_by = ${swap.swap_id} WHERE project_id = ${swap.project_id} AND replaced_us IS NULL AND segment_id IN (SELECT value FROM json_each(${inputs})) AND ${stands}`,
      ),
    ]),
  );
  const standing = await drizzle(db)
    .select({ segment_id: segments.segment_id })
    .from(segments)
    .where(and(eq(segments.project_id, swap.project_id), eq(segments.swap_id, swap.swap_id)))
    .limit(1);
  return standing.length > 0;
}

/** Marks segments whose newest event is older than `before_us` as removed. @returns how many */
export async function expireSegments(db: D1Database, project_id: string, before_us: number, now_us: number): Promise<number> {
  const result = await changing(project_id, () =>
    drizzle(db)
      .update(segments)
      .set({ replaced_us: now_us, replaced_by: RETENTION })
      .where(and(eq(segments.project_id, project_id), isNull(segments.replaced_us), lt(segments.ts_max_us, before_us)))
      .run(),
  );
  return result.meta.changes;
}

/** `replaced_by` of a segment that retention removed. */
export const RETENTION = "retention";

/** Replaced segments whose objects may go: replaced before the given time and not yet deleted. */
export async function deletableSegments(db: D1Database, replaced_before_us: number, count_max: number) {
  return drizzle(db)
    .select({
      segment_id: segments.segment_id,
      project_id: segments.project_id,
      object_key: segments.object_key,
      replaced_by: segments.replaced_by,
    })
    .from(segments)
    .where(and(isNotNull(segments.replaced_us), lt(segments.replaced_us, replaced_before_us), isNull(segments.deleted_us)))
    .orderBy(asc(segments.replaced_us))
    .limit(count_max);
}

export async function markDeleted(db: D1Database, project_id: string, segment_ids: readonly string[], now_us: number): Promise<void> {
  await drizzle(db)
    .update(segments)
    .set({ deleted_us: now_us })
    .where(and(eq(segments.project_id, project_id), sql`segment_id IN (SELECT value FROM json_each(${JSON.stringify(segment_ids)}))`));
}

export async function purgeTombstones(db: D1Database, deleted_before_us: number): Promise<void> {
  await drizzle(db)
    .delete(segments)
    .where(and(isNotNull(segments.deleted_us), lt(segments.deleted_us, deleted_before_us)));
}

/** Inputs and outputs of swaps, as D1 knows them. */
export async function swapMembers(db: D1Database, project_id: string, swap_id: string): Promise<{ inputs: string[]; outputs: string[] }> {
  const rows = await drizzle(db)
    .select({ segment_id: segments.segment_id, swap_id: segments.swap_id })
    .from(segments)
    .where(and(eq(segments.project_id, project_id), or(eq(segments.swap_id, swap_id), eq(segments.replaced_by, swap_id))));
  const outputs = rows.filter((row) => row.swap_id === swap_id).map((row) => row.segment_id);
  return { inputs: rows.map((row) => row.segment_id).filter((id) => !outputs.includes(id)), outputs };
}

/** What D1 knows of these segments, tombstones included. */
export async function knownSegments(db: D1Database, project_id: string, segment_ids: readonly string[]) {
  return drizzle(db)
    .select({ segment_id: segments.segment_id, replaced_us: segments.replaced_us, deleted_us: segments.deleted_us })
    .from(segments)
    .where(and(eq(segments.project_id, project_id), sql`segment_id IN (SELECT value FROM json_each(${JSON.stringify(segment_ids)}))`));
}

/** What ended a segment's life: RETENTION, a swap, another reason; null while it lives, undefined where D1 does not know it. */
export async function replacedBy(db: D1Database, project_id: string, segment_id: string): Promise<string | null | undefined> {
  const rows = await drizzle(db)
    .select({ replaced_by: segments.replaced_by })
    .from(segments)
    .where(and(eq(segments.project_id, project_id), eq(segments.segment_id, segment_id)));
  return rows[0]?.replaced_by;
}

/** Ends a row's life for a reason other than a swap of this catalog. */
export async function markReplaced(db: D1Database, project_id: string, segment_id: string, reason: string, now_us: number): Promise<void> {
  await changing(project_id, () =>
    drizzle(db)
      .update(segments)
      .set({ replaced_us: now_us, replaced_by: reason })
      .where(and(eq(segments.project_id, project_id), eq(segments.segment_id, segment_id), isNull(segments.replaced_us)))
      .run(),
  );
}

/** Makes the catalog's own tables where they are missing: a rebuild starts from nothing. */
export async function ensureTables(db: D1Database): Promise<void> {
  for (const table of [segments, meta]) {
    const { name, columns, primaryKeys } = getTableConfig(table);
    const defined = columns.map(
      (column) => `${column.name} ${column.getSQLType()}${column.primary ? " PRIMARY KEY" : ""}${column.notNull ? " NOT NULL" : ""}`,
    );
    const keys = primaryKeys.map((key) => `PRIMARY KEY (${key.columns.map((column) => column.name).join(", ")})`);
    await drizzle(db).run(sql.raw(`CREATE TABLE IF NOT EXISTS ${name} (${[...defined, ...keys].join(", ")})`));
  }
}

export interface CatalogTotals {
  segments: number;
  rows: number;
  size_bytes: number;
}

/** Living segments of one project, or of all where none is named. */
export async function catalogTotals(db: D1Database, project_id: string | null): Promise<CatalogTotals> {
  const alive = isNull(segments.replaced_us);
  const found = await drizzle(db)
    .select({
      segments: sql<number>`count(*)`,
      rows: sql<number>`coalesce(sum(rows), 0)`,
      size_bytes: sql<number>`coalesce(sum(size_bytes), 0)`,
    })
    .from(segments)
    .where(project_id === null ? alive : and(alive, eq(segments.project_id, project_id)));
  return found[0]!;
}

/** How many living segments of level 0 a project has, and when the oldest and the newest were made. */
export async function flushedSegments(
  db: D1Database,
  project_id: string,
): Promise<{ count: number; oldest_us: number | null; newest_us: number | null }> {
  const found = await drizzle(db)
    .select({
      count: sql<number>`count(*)`,
      oldest_us: sql<number | null>`min(created_us)`,
      newest_us: sql<number | null>`max(created_us)`,
    })
    .from(segments)
    .where(and(eq(segments.project_id, project_id), isNull(segments.replaced_us), inArray(segments.level, [0])));
  return found[0]!;
}
