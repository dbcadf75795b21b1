import { DAILY_EVENTS_DEFAULT_MAX, KEY_USE_COARSE_MS, KEYS_PER_PROJECT_MAX, QUERY_DAYS_KEPT } from "../../worker/limits.ts";
import { readState, type SqlDatabase, writeState } from "../storage.ts";
import { STATE } from "./tables.ts";
import type { KeyRecord, ProjectSettings } from "./types.ts";

/** The project's settings and API keys: here they are true, D1 has a copy. */
export class Tenancy {
  private readonly sql: SqlDatabase;
  private current: ProjectSettings | null;
  private queries_by_day: Record<string, number>;
  private readonly keys_by_row = new Map<number, KeyRecord>();

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    this.current = readState<ProjectSettings>(sql, STATE.settings);
    this.queries_by_day = readState<Record<string, number>>(sql, STATE.queries) ?? {};
    for (const row of sql.exec("SELECT row_id, record FROM api_key").toArray()) {
      this.keys_by_row.set(row.row_id as number, JSON.parse(row.record as string) as KeyRecord);
    }
  }

  settings(): ProjectSettings | null {
    return this.current;
  }

  configure(settings: ProjectSettings): void {
    writeState(this.sql, STATE.settings, settings);
    this.current = settings;
  }

  isDeleted(): boolean {
    return this.current?.deleted_at != null;
  }

  /** What stays of a deleted project: that it was deleted. */
  stub(): ProjectSettings {
    const { project_id = "", retention_days = 0, daily_events_max = 0, deleted_at = null } = this.current ?? {};
    return { project_id, name: "", retention_days, daily_events_max, cors_origins: [], deleted_at };
  }

  dailyEventsMax(): number {
    return this.current?.daily_events_max ?? DAILY_EVENTS_DEFAULT_MAX;
  }

  keys(): KeyRecord[] {
    return [...this.keys_by_row.values()];
  }

  findKey(hash: string): KeyRecord | null {
    return this.keys().find((key) => key.hash === hash) ?? null;
  }

  /** @throws RangeError where the project has KEYS_PER_PROJECT_MAX keys */
  putKey(key: KeyRecord): void {
    const known = [...this.keys_by_row].find(([, record]) => record.key_id === key.key_id)?.[0];
    if (known === undefined && this.keys_by_row.size >= KEYS_PER_PROJECT_MAX)
      throw new RangeError(`a project has at most ${KEYS_PER_PROJECT_MAX} keys`);
    const row_id = known ?? Math.max(0, ...this.keys_by_row.keys()) + 1;
    this.sql.exec("REPLACE INTO api_key (row_id, record) VALUES (?, ?)", row_id, JSON.stringify(key));
    this.keys_by_row.set(row_id, key);
  }

  revokeKey(key_id: string, revoked_at: string): boolean {
    const key = this.keys().find((record) => record.key_id === key_id);
    if (!key) return false;
    this.putKey({ ...key, revoked_at: key.revoked_at ?? revoked_at });
    return true;
  }

  /** Times of use are coarse: a key's row is written only where the last one told is older. */
  noteUse(keys: Record<string, string>, queries: Record<string, number>): void {
    for (const key of this.keys()) {
      const used_at = keys[key.key_id];
      if (used_at !== undefined && Date.parse(used_at) - Date.parse(key.last_used_at ?? "1970-01-01") >= KEY_USE_COARSE_MS)
        this.putKey({ ...key, last_used_at: used_at });
    }
    if (Object.keys(queries).length === 0) return;
    const sum = { ...this.queries_by_day };
    for (const [day, count] of Object.entries(queries)) sum[day] = (sum[day] ?? 0) + count;
    for (const day of Object.keys(sum).sort().slice(0, -QUERY_DAYS_KEPT)) delete sum[day];
    writeState(this.sql, STATE.queries, sum);
    this.queries_by_day = sum;
  }

  queries(): Record<string, number> {
    return this.queries_by_day;
  }
}
