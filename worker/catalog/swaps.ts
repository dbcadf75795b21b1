import { SWAP_PREFIX, swapKey } from "./keys.ts";

/** The record of a swap in R2: written before any input is deleted, kept as long as any output lives (spine, rule 6). */
export interface SwapRecord {
  swap_id: string;
  project_id: string;
  inputs: string[];
  outputs: string[];
}

export async function writeSwapRecord(bucket: R2Bucket, record: SwapRecord): Promise<void> {
  await bucket.put(swapKey(record.project_id, record.swap_id), JSON.stringify(record), { onlyIf: { etagDoesNotMatch: "*" } });
}

export async function hasSwapRecord(bucket: R2Bucket, project_id: string, swap_id: string): Promise<boolean> {
  return (await bucket.head(swapKey(project_id, swap_id))) !== null;
}

/** All recorded swaps of a project. */
export async function readSwapRecords(bucket: R2Bucket, project_id: string): Promise<SwapRecord[]> {
  const records: SwapRecord[] = [];
  let cursor: string | undefined;
  do {
    const page: R2Objects = await bucket.list({ prefix: `${SWAP_PREFIX}${project_id}/`, cursor });
    for (const { key } of page.objects) {
      const object = await bucket.get(key);
      if (object) records.push(await object.json<SwapRecord>());
    }
    cursor = page.truncated ? page.cursor : undefined;
  } while (cursor);
  return records;
}
