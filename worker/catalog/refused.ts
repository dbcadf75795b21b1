/**
 * Records that were refused on their way in, one R2 object for each request that had some: lines of JSON, the first of which says where they came from.
 * Keys begin with the time, so that a list is in the order of arrival. They are kept for REFUSED_LIFE_DAYS.
 */
import { Buffer } from "node:buffer";
import { BUCKET_PAGE_MAX, REFUSED_LIFE_DAYS } from "../limits.ts";
import { refusedKey } from "./keys.ts";

/** Where refused records came in. */
export interface RefusedSource {
  /** A protocol's name, or "api". */
  protocol: string;
  path: string;
  content_type: string | null;
  received_at: string;
}

export interface RefusedRecordView {
  /** Position in its request. */
  index: number;
  reason: string;
  bytes: Uint8Array;
}

/** What a list shows of one request's records. */
export interface RefusedRequest {
  refused_id: string;
  received_at: string;
  protocol: string;
  path: string;
  records: number;
  first_reason: string;
  size_bytes: number;
}

const TIME_DIGITS = 13;
const METADATA_LENGTH_MAX = 400;

/** The id that a request's records are kept under. */
export function refusedId(received_ms: number, batch_id: string): string {
  return `${String(received_ms).padStart(TIME_DIGITS, "0")}-${batch_id}`;
}

export async function storeRefused(
  bucket: R2Bucket,
  project_id: string,
  refused_id: string,
  source: RefusedSource,
  records: readonly RefusedRecordView[],
): Promise<void> {
  const lines = records.map(({ index, reason, bytes }) => JSON.stringify({ index, reason, base64: Buffer.from(bytes).toString("base64") }));
  const customMetadata = {
    received_at: source.received_at,
    protocol: source.protocol,
    path: source.path.slice(0, METADATA_LENGTH_MAX),
    records: String(records.length),
    // Metadata travels in headers.
    first_reason: encodeURIComponent((records[0]?.reason ?? "").slice(0, METADATA_LENGTH_MAX).toWellFormed()),
  };
  await bucket.put(refusedKey(project_id, refused_id), [JSON.stringify(source), ...lines].join("\n"), { customMetadata });
}

export async function listRefused(
  bucket: R2Bucket,
  project_id: string,
  options: { limit: number; cursor?: string | undefined },
): Promise<{ requests: RefusedRequest[]; cursor: string | null }> {
  const prefix = refusedKey(project_id, "");
  const page = await bucket.list({
    prefix,
    limit: Math.min(options.limit, BUCKET_PAGE_MAX),
    include: ["customMetadata"],
    ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
  });
  const requests = page.objects.map(({ key, size, customMetadata = {} }) => ({
    refused_id: key.slice(prefix.length),
    received_at: customMetadata.received_at ?? "",
    protocol: customMetadata.protocol ?? "",
    path: customMetadata.path ?? "",
    records: Number(customMetadata.records ?? 0),
    first_reason: decodeURIComponent(customMetadata.first_reason ?? ""),
    size_bytes: size,
  }));
  return { requests, cursor: page.truncated ? page.cursor : null };
}

/** Null where there is none of that id. */
export async function readRefused(
  bucket: R2Bucket,
  project_id: string,
  refused_id: string,
): Promise<{ source: RefusedSource; records: RefusedRecordView[] } | null> {
  const object = await bucket.get(refusedKey(project_id, refused_id));
  if (!object) return null;
  const [first = "{}", ...lines] = (await object.text()).split("\n");
  const records = lines.map((line) => {
    const { index, reason, base64 } = JSON.parse(line) as { index: number; reason: string; base64: string };
    return { index, reason, bytes: new Uint8Array(Buffer.from(base64, "base64")) };
  });
  return { source: JSON.parse(first) as RefusedSource, records };
}

export async function removeRefused(bucket: R2Bucket, project_id: string, refused_id: string): Promise<void> {
  await bucket.delete(refusedKey(project_id, refused_id));
}

/** Removes what is older than REFUSED_LIFE_DAYS, at most a page at once. @returns how many */
export async function expireRefused(bucket: R2Bucket, project_id: string, now_ms: number): Promise<number> {
  const prefix = refusedKey(project_id, "");
  const oldest_ms = now_ms - REFUSED_LIFE_DAYS * 86_400_000;
  const page = await bucket.list({ prefix, limit: BUCKET_PAGE_MAX });
  const expired = page.objects
    .map(({ key }) => key)
    .filter((key) => Number(key.slice(prefix.length, prefix.length + TIME_DIGITS)) < oldest_ms);
  if (expired.length > 0) await bucket.delete(expired);
  return expired.length;
}
