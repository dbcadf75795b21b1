/** Small batches made one, so that what a batch costs, however few rows it has, is paid once. */
import type { EventBatch } from "../batch/event-batch.ts";
import { concatTo } from "../batch/select.ts";
import { type Family, familyOf } from "../batch/unify.ts";

/** Batches whose columns, where they have one name, are of one type: as one batch they mean exactly the same. */
export class JoinedBatches {
  readonly #batches: EventBatch[] = [];
  readonly #layout = new Map<string, Family>();

  /** @returns false, and takes nothing, where a column is of another type than in the batches before */
  take(batch: EventBatch): boolean {
    const families = [...batch.columns].map(([name, { kind }]) => [name, this.#familyWith(name, familyOf(kind))] as const);
    if (families.some(([, family]) => family === null)) return false;
    for (const [name, family] of families) this.#layout.set(name, family!);
    this.#batches.push(batch);
    return true;
  }

  /** All that were taken, one after another. */
  joined(): EventBatch {
    return this.#batches.length === 1 ? this.#batches[0]! : concatTo(this.#layout, this.#batches);
  }

  /** Whole numbers and others are numbers; null for what does not go together. */
  #familyWith(name: string, family: Family): Family | null {
    const before = this.#layout.get(name) ?? family;
    if (before === family) return family;
    return isNumber(before) && isNumber(family) ? "double" : null;
  }
}

function isNumber(family: Family): boolean {
  return family === "int64" || family === "double";
}
