import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Ledge } from "../../clients/cli/local/index.ts";

export interface Stored {
  level: number;
  segments: number;
  rows: number;
  size_bytes: number;
}

interface LiveSegment {
  level: number;
  rows: number;
  size_bytes: number;
  object_key: string;
}

async function liveSegments(ledge: Ledge): Promise<LiveSegment[]> {
  const database = await ledge.miniflare.getD1Database("DB", "ledge");
  const { results } = await database
    .prepare("SELECT level, rows, size_bytes, object_key FROM segments WHERE replaced_us IS NULL ORDER BY ts_min_us")
    .all<LiveSegment>();
  return results;
}

/** Segments that searches read, by level; sizes as the bucket has them. @throws Error where bucket and catalog differ */
export async function stored(ledge: Ledge): Promise<Stored[]> {
  const bucket = await ledge.miniflare.getR2Bucket("BUCKET", "ledge");
  const levels = new Map<number, Stored>();
  for (const { level, rows, size_bytes, object_key } of await liveSegments(ledge)) {
    const object = await bucket.head(object_key);
    if (object?.size !== size_bytes) throw new Error(`${object_key}: ${object?.size} bytes in the bucket, ${size_bytes} in the catalog`);
    const sum = levels.get(level) ?? { level, segments: 0, rows: 0, size_bytes: 0 };
    sum.segments++;
    sum.rows += rows;
    sum.size_bytes += size_bytes;
    levels.set(level, sum);
  }
  return [...levels.values()].sort((a, b) => a.level - b.level);
}

export function totalOf(levels: Stored[]): Stored {
  return levels.reduce(
    (sum, { segments, rows, size_bytes }) => ({
      level: -1,
      segments: sum.segments + segments,
      rows: sum.rows + rows,
      size_bytes: sum.size_bytes + size_bytes,
    }),
    { level: -1, segments: 0, rows: 0, size_bytes: 0 },
  );
}

/** Copies the live segments out of the bucket, as any Parquet reader would get them. @returns a pattern of their paths */
export async function copySegments(ledge: Ledge, folder: string): Promise<string> {
  const bucket = await ledge.miniflare.getR2Bucket("BUCKET", "ledge");
  for (const [index, { object_key }] of (await liveSegments(ledge)).entries()) {
    const object = await bucket.get(object_key);
    if (object === null) throw new Error(`${object_key} is missing`);
    writeFileSync(join(folder, `${index}.parquet`), new Uint8Array(await object.arrayBuffer()));
  }
  return join(folder, "*.parquet");
}
