/**
 * Where a paged search goes on. The place of an event is its time, the hash of its row and a counter among identical rows: it stays the
 * same when the event moves from the window into a segment and when segments are merged. The cursor also pins what the first page was
 * asked: the absolute range, the moment that relative times in the query refer to, and the query itself by its hash.
 */
import { Problem } from "../errors.ts";

export type Order = "asc" | "desc";

export interface Position {
  timestamp_us: number;
  /** 16 hex characters. */
  hash: string;
  /** How many rows identical to this one were shown already. */
  copies: number;
}

export interface Cursor {
  order: Order;
  position: Position;
  from_us: number;
  to_us: number;
  now_us: number;
  /** Shards of the project when the first page was made. */
  shards: number;
  /** Events shown so far: a `limit` in the query bounds all pages together. */
  shown: number;
  query_hash: string;
}

const VERSION = 1;

function toBase64Url(text: string): string {
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): string {
  return atob(text.replaceAll("-", "+").replaceAll("_", "/"));
}

/** 64 bits of what a cursor belongs to (two FNV-1a chains with different offsets): tells queries and projects apart, hides nothing. */
export function queryHash(parts: readonly (string | null | undefined)[]): string {
  const text = JSON.stringify(parts);
  let low = 0x811c9dc5;
  let high = 0x9e3779b9;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) ^ (low >>> 15);
  }
  return (high >>> 0).toString(16).padStart(8, "0") + (low >>> 0).toString(16).padStart(8, "0");
}

export function encodeCursor(cursor: Cursor): string {
  const { order, position, from_us, to_us, now_us, shards, shown, query_hash } = cursor;
  const { timestamp_us, hash, copies } = position;
  return toBase64Url(JSON.stringify([VERSION, order, timestamp_us, hash, copies, from_us, to_us, now_us, shards, shown, query_hash]));
}

const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);
const isCount = (value: unknown): value is number => isWhole(value) && value >= 1;
const isHash = (value: unknown): value is string => typeof value === "string" && /^[0-9a-f]{16}$/.test(value);

function parseCursor(text: string): Cursor | null {
  let fields: unknown;
  try {
    fields = JSON.parse(fromBase64Url(text));
  } catch {
    return null;
  }
  if (!Array.isArray(fields) || fields.length !== 11) return null;
  const [version, order, timestamp_us, hash, copies, from_us, to_us, now_us, shards, shown, query_hash] = fields as unknown[];
  if (version !== VERSION || (order !== "asc" && order !== "desc")) return null;
  if (!isHash(hash) || !isHash(query_hash) || !isCount(copies) || !isCount(shards) || !isWhole(shown) || shown < 0) return null;
  if (!isWhole(timestamp_us) || !isWhole(from_us) || !isWhole(to_us) || !isWhole(now_us) || from_us > to_us) return null;
  return { order, position: { timestamp_us, hash, copies }, from_us, to_us, now_us, shards, shown, query_hash };
}

function refuse(message: string): never {
  throw new Problem("bad_request", `cursor: ${message}`, { errors: [{ field: "cursor", message }] });
}

/**
 * @param expected what the cursor must belong to: the query hash of this request
 * @throws Problem `bad_request` where it is damaged or of another query, order or project
 */
export function decodeCursor(text: string, expected: { query_hash: string; order: Order | undefined }): Cursor {
  const cursor = parseCursor(text);
  if (!cursor) refuse("this is no cursor of a search; leave it out to begin at the first page");
  if (cursor.query_hash !== expected.query_hash)
    refuse("it belongs to another search; send the same query and filters as for the first page");
  if (expected.order !== undefined && cursor.order !== expected.order) refuse(`it belongs to a search with order=${cursor.order}`);
  return cursor;
}
