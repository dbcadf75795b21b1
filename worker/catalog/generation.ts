import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { GENERATION_KEY } from "./keys.ts";
import { meta } from "./schema.ts";

const GENERATION = "generation";

async function catalogGeneration(db: D1Database): Promise<number> {
  const row = await drizzle(db).select().from(meta).where(eq(meta.key, GENERATION)).get();
  return row ? Number(row.value) : 0;
}

async function bucketGeneration(bucket: R2Bucket): Promise<number> {
  const object = await bucket.get(GENERATION_KEY);
  return object ? Number(await object.text()) : 0;
}

async function setGeneration(db: D1Database, generation: number): Promise<void> {
  const value = String(generation);
  await drizzle(db).insert(meta).values({ key: GENERATION, value }).onConflictDoUpdate({ target: meta.key, set: { value } });
}

/**
 * Counts one more sweep, in D1 first. A bucket that has seen more sweeps than D1 means that D1 was set back in time: what it does not know
 * proves nothing then, and nothing may be deleted until the catalog is rebuilt (spine, rule 7).
 * @returns false where D1 is older than the bucket
 */
export async function nextGeneration(db: D1Database, bucket: R2Bucket): Promise<boolean> {
  const known = await catalogGeneration(db);
  if ((await bucketGeneration(bucket)) > known) return false;
  await setGeneration(db, known + 1);
  await bucket.put(GENERATION_KEY, String(known + 1));
  return true;
}

/** After a rebuild the catalog is at least as new as the bucket. */
export async function catchUpGeneration(db: D1Database, bucket: R2Bucket): Promise<void> {
  await setGeneration(db, Math.max(await catalogGeneration(db), await bucketGeneration(bucket)));
}
