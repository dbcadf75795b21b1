import { lte } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import { purgeAudit } from "../catalog/audit.ts";
import { attempts, sessions, verifications } from "../catalog/schema.ts";
import type { House } from "./house.ts";

/** Removes what has passed: sessions and links past their time, spans of tries that are over, and the audit log beyond its retention. */
export async function tidyAccounts(house: House): Promise<void> {
  const now = new Date(house.now_ms());
  const orm = drizzle(house.db);
  await orm.batch([
    orm.delete(sessions).where(lte(sessions.expires_at, now)),
    orm.delete(verifications).where(lte(verifications.expires_at, now)),
    orm.delete(attempts).where(lte(attempts.ends_ms, house.now_ms())),
  ]);
  await purgeAudit(house.db, house.now_ms());
}
