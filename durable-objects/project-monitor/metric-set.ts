import { BUILT_INS, DECLARED_ID_FIRST } from "../../worker/engine/windows/built-in.ts";
import { countsAlike } from "../../worker/engine/windows/compile-metric.ts";
import type { MetricDefinition } from "../../worker/engine/windows/definition.ts";
import { METRICS_PER_PROJECT_MAX } from "../../worker/limits.ts";
import { FreeRows, type SqlDatabase } from "../storage.ts";
import type { ConfigureRequest, FillProgress, MetricRecord } from "./types.ts";

const NOTHING_TO_FILL: FillProgress = {
  state: "none",
  rows_total: 0,
  rows_done: 0,
  segments_total: 0,
  segments_done: 0,
  began_us: null,
  ended_us: null,
  error: null,
};
export const WAITING: FillProgress = { ...NOTHING_TO_FILL, state: "waiting" };

interface Row {
  metric_row: number;
  record: MetricRecord;
}

/** The definitions of a project, a row each; built-in ones have a row only once something about them differs from how they begin. */
export class MetricSet {
  readonly #sql: SqlDatabase;
  readonly #free: FreeRows;
  readonly #rows = new Map<string, Row>();

  constructor(sql: SqlDatabase) {
    this.#sql = sql;
    const rows = sql.exec("SELECT metric_row, record FROM metric").toArray();
    for (const row of rows) {
      const record = JSON.parse(row.record as string) as MetricRecord;
      this.#rows.set(record.definition.name, { metric_row: row.metric_row as number, record });
    }
    const ids = rows.map((row) => row.metric_row as number);
    this.#free = new FreeRows(ids, Math.max(0, ...ids));
  }

  /** Declared ones by name, then built-in ones in their order. */
  all(): MetricRecord[] {
    const names = new Set(BUILT_INS.map(({ definition }) => definition.name));
    const declared = [...this.#rows.values()].map(({ record }) => record).filter(({ definition }) => !names.has(definition.name));
    declared.sort((left, right) => (left.definition.name < right.definition.name ? -1 : 1));
    return [...declared, ...BUILT_INS.map((built_in) => this.get(built_in.definition.name)!)];
  }

  get(name: string): MetricRecord | null {
    const known = this.#rows.get(name)?.record;
    const built_in = BUILT_INS.find(({ definition }) => definition.name === name);
    if (!built_in) return known ?? null;
    const { metric_id, definition } = built_in;
    if (known) return { ...known, definition };
    return { metric_id, definition, built_in: true, created_us: 0, changed_us: 0, since_seq: {}, fill: NOTHING_TO_FILL };
  }

  /** Whether the request leaves at most METRICS_PER_PROJECT_MAX declared metrics. */
  hasRoom({ put, remove }: ConfigureRequest): boolean {
    const names = new Set(this.all().flatMap(({ built_in, definition }) => (built_in ? [] : [definition.name])));
    for (const name of remove) names.delete(name);
    for (const { name } of put) names.add(name);
    return names.size <= METRICS_PER_PROJECT_MAX;
  }

  /**
   * Part of a transaction.
   * @param nextId makes numbers for ways of counting
   * @returns whether anything changed
   */
  configure({ put, remove }: ConfigureRequest, now_us: number, nextId: () => number): boolean {
    let changed = false;
    for (const name of remove) {
      if (put.some((definition) => definition.name === name)) continue;
      if (this.get(name)?.built_in === false) changed = this.#remove(name) || changed;
    }
    for (const definition of put) changed = this.#put(definition, now_us, nextId) || changed;
    return changed;
  }

  /** Part of a transaction. */
  write(record: MetricRecord): void {
    const { name } = record.definition;
    const metric_row = this.#rows.get(name)?.metric_row ?? this.#free.take();
    this.#sql.exec("REPLACE INTO metric (metric_row, record) VALUES (?, ?)", metric_row, JSON.stringify(record));
    this.#rows.set(name, { metric_row, record });
  }

  #remove(name: string): boolean {
    const row = this.#rows.get(name);
    if (!row) return false;
    this.#sql.exec("DELETE FROM metric WHERE metric_row = ?", row.metric_row);
    this.#free.giveBack(row.metric_row);
    return this.#rows.delete(name);
  }

  #put(definition: MetricDefinition, now_us: number, nextId: () => number): boolean {
    const known = this.get(definition.name);
    if (known?.built_in) return false;
    if (known && JSON.stringify(known.definition) === JSON.stringify(definition)) return false;
    const created_us = known?.created_us ?? now_us;
    if (known && countsAlike(known.definition, definition)) this.write({ ...known, definition, changed_us: now_us });
    else
      this.write({
        metric_id: nextId(),
        definition,
        built_in: false,
        created_us,
        changed_us: now_us,
        since_seq: null,
        fill: WAITING,
      });
    return true;
  }
}

export { DECLARED_ID_FIRST };
