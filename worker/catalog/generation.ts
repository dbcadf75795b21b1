import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { GENERATION_TRIES_MAX } from "../limits.ts";
import { generationKey } from "./keys.ts";
import { meta } from "./schema.ts";

/**
 * A project's generation counts what cannot be undone: swaps and deletions. It is written to D1 first, then to the bucket. A bucket that is ahead
 * means that D1 was set back in time: what it does not know, or still believes, proves nothing until the catalog is rebuilt (spine, rule 7).
 */
async function catalogGeneration(db: D1Database, project_id: string): Promise<number> {
  const row = await drizzle(db)
    .select()
    .from(meta)
    .where(eq(meta.key, nameOf(project_id)))
    .get();
  return row ? Number(row.value) : 0;
}

/** Raises D1's count by one, or to `at_least` if that is more. @returns the new count */
async function raise(db: D1Database, project_id: string, at_least: number): Promise<number> {
  const [row] = await drizzle(db)
    .insert(meta)
    .values({ key: nameOf(project_id), value: String(Math.max(1, at_least)) })
    .onConflictDoUpdate({ target: meta.key, set: { value: sql`max(CAST(value AS INTEGER) + 1, ${at_least})` } })
    .returning();
  return Number(row?.value);
}

async function bucketGeneration(bucket: R2Bucket, project_id: string): Promise<{ generation: number; etag: string | null }> {
  const object = await bucket.get(generationKey(project_id));
  return object ? { generation: Number(await object.text()), etag: object.etag } : { generation: 0, etag: null };
}

/** To be called before a swap or a deletion. @returns false where D1 is behind the bucket: then neither may happen */
export async function nextGeneration(db: D1Database, bucket: R2Bucket, project_id: string): Promise<boolean> {
  for (let attempt = 0; attempt < GENERATION_TRIES_MAX; attempt++) {
    const { generation, etag } = await bucketGeneration(bucket, project_id);
    if (generation > (await catalogGeneration(db, project_id))) return false;
    const next = await raise(db, project_id, generation + 1);
    const onlyIf = etag === null ? { etagDoesNotMatch: "*" } : { etagMatches: etag };
    if (await bucket.put(generationKey(project_id), String(next), { onlyIf })) return true;
  }
  return false;
}

/** After a rebuild the catalog knows what the bucket knows. */
export async function catchUpGeneration(db: D1Database, bucket: R2Bucket, project_id: string): Promise<void> {
  await raise(db, project_id, (await bucketGeneration(bucket, project_id)).generation);
}

/** Of a project that is deleted: its marks go last. */
export async function dropGeneration(db: D1Database, bucket: R2Bucket, project_id: string): Promise<void> {
  await bucket.delete(generationKey(project_id));
  await drizzle(db)
    .delete(meta)
    .where(eq(meta.key, nameOf(project_id)));
}

function nameOf(project_id: string): string {
  return `generation/${project_id}`;
}
