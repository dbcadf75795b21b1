/** How often something was tried, counted in D1: one number for all isolates. Only what people do by hand is counted here, never ingest or searches. */
import { createHash } from "node:crypto";
import { eq, sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { attempts } from "../catalog/schema.ts";
import { Problem } from "../errors.ts";

export interface AttemptLimit {
  /** What is tried, and of whom: hashed, so that the table names nobody. */
  key: readonly string[];
  count_max: number;
  span_ms: number;
}

function keyOf(parts: readonly string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("base64url");
}

/** Counts a try, in one statement: no two tries see the same count. @returns the tries of the running span and when it ends */
async function count(db: D1Database, limit: AttemptLimit, now_ms: number): Promise<{ count: number; ends_ms: number }> {
  const over = sql`${attempts.ends_ms} <= ${now_ms}`;
  const [row] = await drizzle(db)
    .insert(attempts)
    .values({ key: keyOf(limit.key), started_ms: now_ms, ends_ms: now_ms + limit.span_ms, count: 1 })
    .onConflictDoUpdate({
      target: attempts.key,
      set: {
        count: sql`CASE WHEN ${over} THEN 1 ELSE ${attempts.count} + 1 END`,
        started_ms: sql`CASE WHEN ${over} THEN ${now_ms} ELSE ${attempts.started_ms} END`,
        ends_ms: sql`CASE WHEN ${over} THEN ${now_ms + limit.span_ms} ELSE ${attempts.ends_ms} END`,
      },
    })
    .returning({ count: attempts.count, ends_ms: attempts.ends_ms });
  return row!;
}

/** Counts a try against each of the limits. @throws Problem `rate_limited` where one of them is passed */
export async function takeAttempt(db: D1Database, limits: readonly AttemptLimit[], now_ms: number): Promise<void> {
  const counted = await Promise.all(limits.map(async (limit) => ({ limit, ...(await count(db, limit, now_ms)) })));
  const passed = counted.find(({ limit, count }) => count > limit.count_max);
  if (passed) throw new Problem("rate_limited", "Too many tries; wait a while.", { retry_after_s: (passed.ends_ms - now_ms) / 1000 });
}

/** True the first time in a span, for one caller alone. */
export async function takeOnce(db: D1Database, key: readonly string[], span_ms: number, now_ms: number): Promise<boolean> {
  return (await count(db, { key, count_max: 1, span_ms }, now_ms)).count === 1;
}

export async function forgetAttempts(db: D1Database, key: readonly string[]): Promise<void> {
  await drizzle(db)
    .delete(attempts)
    .where(eq(attempts.key, keyOf(key)));
}
