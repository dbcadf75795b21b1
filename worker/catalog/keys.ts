/** Names of R2 objects, once. Every key carries the project right after its kind, so that a project's data is one prefix of each. */
export const SEGMENT_PREFIX = "segments/v1/";
export const SWAP_PREFIX = "swaps/v1/";
export const JOURNAL_PREFIX = "journal/v1/";
export const DEAD_LETTER_PREFIX = "dead-letters/v1/";
export const REFUSED_PREFIX = "refused/v1/";
export const BACKUP_PREFIX = "backups/v1/";
export const GENERATION_PREFIX = "generations/v1/";
export const METRICS_PREFIX = "metrics/v1/";

export function segmentKey(project_id: string, segment_id: string): string {
  return `${SEGMENT_PREFIX}${project_id}/${segment_id}.parquet`;
}

export function swapKey(project_id: string, swap_id: string): string {
  return `${SWAP_PREFIX}${project_id}/${swap_id}.json`;
}

export function journalKey(project_id: string, shard: number, batch_id: string): string {
  return `${JOURNAL_PREFIX}${project_id}/${shard}/${batch_id}`;
}

/** The parts of a journal key; null where the text is not one. */
export function parseJournalKey(key: string): { project_id: string; shard: number; batch_id: string } | null {
  const match = /^journal\/v1\/([a-z0-9]+)\/(\d+)\/([0-9a-f]{28})$/.exec(key);
  return match ? { project_id: match[1]!, shard: Number(match[2]), batch_id: match[3]! } : null;
}

/** Holds the project's generation, see generation.ts. */
export function generationKey(project_id: string): string {
  return `${GENERATION_PREFIX}${project_id}`;
}

export function deadLetterKey(project_id: string, letter_id: string): string {
  return `${DEAD_LETTER_PREFIX}${project_id}/${letter_id}`;
}

export function refusedKey(project_id: string, refused_id: string): string {
  return `${REFUSED_PREFIX}${project_id}/${refused_id}`;
}

/** Below these prefixes is all that the bucket holds of a project, but for the generation's mark. */
export function prefixesOf(project_id: string): string[] {
  return [SEGMENT_PREFIX, SWAP_PREFIX, JOURNAL_PREFIX, DEAD_LETTER_PREFIX, REFUSED_PREFIX, METRICS_PREFIX].map(
    (prefix) => `${prefix}${project_id}/`,
  );
}

/** Where blocks of one tier of a project's history are. */
export function metricTierPrefix(project_id: string, tier: string): string {
  return `${METRICS_PREFIX}${project_id}/${tier}/`;
}

/** A block of history (`engine/windows/history-block.ts`). */
export function metricBlockKey(project_id: string, tier: string, block: string): string {
  return `${metricTierPrefix(project_id, tier)}${block}`;
}

/** The definitions of a project's metrics, as they were at the last roll. */
export function metricDefinitionsKey(project_id: string): string {
  return `${METRICS_PREFIX}${project_id}/definitions.json`;
}

/** The list of segments of a back-fill. */
export function metricFillKey(project_id: string, fill_id: string): string {
  return `${METRICS_PREFIX}${project_id}/fills/${fill_id}.json`;
}

/** The project that an object of any kind belongs to; null for objects of the whole house. */
export function projectOfKey(key: string): string | null {
  return /^(?:segments|swaps|journal|dead-letters|refused|metrics)\/v1\/([a-z0-9]+)\//.exec(key)?.[1] ?? null;
}
