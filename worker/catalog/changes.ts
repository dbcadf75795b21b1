/**
 * What this isolate itself did to the catalog, so that what it keeps of it is read again at once. Other isolates learn of a change by the age of
 * what they keep.
 */
const PROJECTS_MAX = 1_000;

let serial = 0;
/** Every project that is not in the map counts as changed here. */
let forgotten = 0;
const changed = new Map<string, number>();

/** To be called after a write to a project's catalog was tried, whether it is known to have succeeded or not. */
export function noteChange(project_id: string): void {
  if (changed.size >= PROJECTS_MAX) {
    changed.clear();
    forgotten = serial;
  }
  serial += 1;
  changed.set(project_id, serial);
}

/** A number that differs from an earlier one where this isolate has written to the project's catalog since. */
export function changesOf(project_id: string): number {
  return changed.get(project_id) ?? forgotten;
}

/** Runs a write and notes it. */
export async function changing<T>(project_id: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } finally {
    noteChange(project_id);
  }
}
