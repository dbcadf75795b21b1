import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
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

async function bucketGeneration(bucket: R2Bucket, project_id: string): Promise<number> {
  const object = await bucket.get(generationKey(project_id));
  return object ? Number(await object.text()) : 0;
}

async function setCatalogGeneration(db: D1Database, project_id: string, generation: number): Promise<void> {
  const value = String(generation);
  await drizzle(db)
    .insert(meta)
    .values({ key: nameOf(project_id), value })
    .onConflictDoUpdate({ target: meta.key, set: { value } });
}

/** Whether D1 knows all that was done to this project's objects. */
export async function catalogIsCurrent(db: D1Database, bucket: R2Bucket, project_id: string): Promise<boolean> {
  return (await bucketGeneration(bucket, project_id)) <= (await catalogGeneration(db, project_id));
}

/** To be called before a swap or a deletion. @returns false where D1 is behind the bucket: then neither may happen */
export async function nextGeneration(db: D1Database, bucket: R2Bucket, project_id: string): Promise<boolean> {
  const known = await catalogGeneration(db, project_id);
  if ((await bucketGeneration(bucket, project_id)) > known) return false;
  await setCatalogGeneration(db, project_id, known + 1);
  await bucket.put(generationKey(project_id), String(known + 1));
  return true;
}

/** After a rebuild the catalog knows what the bucket knows. */
export async function catchUpGeneration(db: D1Database, bucket: R2Bucket, project_id: string): Promise<void> {
  const generation = Math.max(await catalogGeneration(db, project_id), await bucketGeneration(bucket, project_id));
  await setCatalogGeneration(db, project_id, generation);
}

function nameOf(project_id: string): string {
  return `generation/${project_id}`;
}
