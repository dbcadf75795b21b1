import { DAILY_EVENTS_DEFAULT_MAX, KEYS_PER_PROJECT_MAX } from "../../worker/limits.ts";
import { readState, type SqlDatabase, writeState } from "../storage.ts";
import { STATE } from "./tables.ts";
import type { KeyRecord, ProjectSettings } from "./types.ts";

/** The project's settings and API keys: here they are true, D1 has a copy. */
export class Tenancy {
  private readonly sql: SqlDatabase;
  private current: ProjectSettings | null;
  private readonly keys_by_row = new Map<number, KeyRecord>();

  constructor(sql: SqlDatabase) {
    this.sql = sql;
    this.current = readState<ProjectSettings>(sql, STATE.settings);
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
}
