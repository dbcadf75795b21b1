import { expireRefused } from "../catalog/refused.ts";
import { expireSegments } from "../catalog/segments.ts";
import type { House } from "./house.ts";

const DAY_US = 86_400_000_000;

/**
 * Removes segments all of whose events are older than the project keeps them (their objects go with the sweeps), and refused records past their time.
 * @returns how many segments
 */
export async function retain(house: House, project_id: string, retention_days: number): Promise<number> {
  await expireRefused(house.bucket, project_id, house.now_ms());
  const now_us = house.now_ms() * 1000;
  return expireSegments(house.db, project_id, now_us - retention_days * DAY_US, now_us);
}
