/** History of metrics in R2: blocks of packed panes, read one metric at a time, written whole. */

import type { CompiledMetric } from "../engine/windows/compile-metric.ts";
import type { Pane } from "../engine/windows/deltas.ts";
import { type BlockHead, packSection, readBlockHead, unpackSection, writeBlock } from "../engine/windows/history-block.ts";
import { type Block, type Tier, tierPane_us } from "../engine/windows/resolution.ts";
import { mergePanes } from "../engine/windows/window-values.ts";
import { METRIC_BLOCK_HEAD_SIZE_BYTES, METRIC_HISTORY_TRIES_MAX } from "../limits.ts";
import { metricBlockKey } from "./keys.ts";

/** One metric of one block. */
export interface BlockPanes {
  life: number;
  roll: number;
  panes: Pane[];
}

/** Null where there is no such block. @throws DamageError */
export async function readBlockPanes(bucket: R2Bucket, key: string, metric_id: number): Promise<BlockPanes | null> {
  const first = await readRange(bucket, key, 0, METRIC_BLOCK_HEAD_SIZE_BYTES, null);
  if (!first) return null;
  let { bytes } = first;
  let head = readBlockHead(bytes);
  if ("needed_size_bytes" in head) {
    const more = await readRange(bucket, key, 0, head.needed_size_bytes, first.etag);
    if (!more) return readBlockPanes(bucket, key, metric_id);
    ({ bytes } = more);
    head = readBlockHead(bytes) as BlockHead;
  }
  const { life, roll, sections } = head;
  const section = sections.get(metric_id);
  if (!section) return { life, roll, panes: [] };
  const { offset, size_bytes } = section;
  if (offset + size_bytes <= bytes.length) return { life, roll, panes: unpackSection(bytes.subarray(offset, offset + size_bytes)) };
  const rest = await readRange(bucket, key, offset, size_bytes, first.etag);
  // It was written anew meanwhile: from the beginning.
  if (!rest) return readBlockPanes(bucket, key, metric_id);
  return { life, roll, panes: unpackSection(rest.bytes) };
}

/** Null where there is no object, or another one than that of the given etag. */
async function readRange(
  bucket: R2Bucket,
  key: string,
  offset: number,
  length: number,
  etag: string | null,
): Promise<{ bytes: Uint8Array; etag: string } | null> {
  const object = await bucket.get(key, { range: { offset, length }, ...(etag === null ? {} : { onlyIf: { etagMatches: etag } }) });
  if (!object || !("arrayBuffer" in object)) return null;
  return { bytes: new Uint8Array(await object.arrayBuffer()), etag: object.etag };
}

/** What a roll brings to one block. */
export interface BlockRoll {
  project_id: string;
  tier: Tier;
  block: Block;
  life: number;
  roll: number;
  /** By metric, panes of any length that begin in the block. */
  panes: ReadonlyMap<number, readonly Pane[]>;
  /** Metrics that are alive; others leave the block. */
  metrics: ReadonlyMap<number, CompiledMetric>;
}

/**
 * Merges what a roll brings into a block. Idempotent: a block that has the roll stays as it is; holders who write at the same moment see one
 * another by the object's etag.
 * @throws where it was written by others again and again
 */
export async function rollBlock(bucket: R2Bucket, rolled: BlockRoll): Promise<void> {
  const key = metricBlockKey(rolled.project_id, rolled.tier, rolled.block.name);
  for (let attempt = 0; attempt < METRIC_HISTORY_TRIES_MAX; attempt++) {
    const object = await bucket.get(key);
    const bytes = object && new Uint8Array(await object.arrayBuffer());
    const head = bytes && (readBlockHead(bytes) as BlockHead);
    // What another life of the monitor wrote is counted anew by this one.
    const known = head && head.life === rolled.life ? head : null;
    if (known && known.roll >= rolled.roll) return;
    const sections = mergedSections(rolled, known && bytes ? { bytes, head: known } : null);
    const condition = object ? { etagMatches: object.etag } : { etagDoesNotMatch: "*" };
    if (await bucket.put(key, writeBlock(rolled.life, rolled.roll, sections), { onlyIf: condition })) return;
  }
  throw new Error(`block ${key} is written by others again and again`);
}

function mergedSections(
  { panes, metrics, tier }: BlockRoll,
  before: { bytes: Uint8Array; head: BlockHead } | null,
): Map<number, Uint8Array> {
  const sections = new Map<number, Uint8Array>();
  for (const [metric_id, metric] of metrics) {
    const place = before?.head.sections.get(metric_id);
    const known = before && place ? before.bytes.subarray(place.offset, place.offset + place.size_bytes) : null;
    const added = panes.get(metric_id) ?? [];
    if (added.length === 0) {
      if (known) sections.set(metric_id, known);
      continue;
    }
    const all = [...(known ? unpackSection(known) : []), ...added];
    sections.set(metric_id, packSection(metric_id, mergePanes(metric, all, tierPane_us(tier, metric.step_us))));
  }
  return sections;
}
