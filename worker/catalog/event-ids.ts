import { utf8Bytes } from "../engine/batch/utf8.ts";
import { murmur128 } from "../engine/segment/hash.ts";
import type { Env } from "../env.ts";
import { ASKED_EVENT_IDS_MAX, CLIENT_EVENT_ID_SIZE_BYTES, KEY_LOOKUP_TIMEOUT_MS } from "../limits.ts";
import { callStream } from "../stream-call.ts";

/**
 * Which of these client event ids the project has had within the time that they are remembered. Where they are accepted by queue, those still in
 * it are not known yet; the first ASKED_EVENT_IDS_MAX are asked about.
 * @throws Problem `unavailable`
 */
export async function knownEventIds(env: Pick<Env, "STREAM">, project_id: string, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const asked = ids.slice(0, ASKED_EVENT_IDS_MAX);
  if (asked.length === 0) return new Set();
  const hashes = new Uint8Array(asked.length * CLIENT_EVENT_ID_SIZE_BYTES);
  const hash = new Uint32Array(4);
  for (const [index, id] of asked.entries()) {
    const bytes = utf8Bytes(id);
    murmur128(bytes, 0, bytes.length, hash);
    hashes.set(new Uint8Array(hash.buffer, 0, CLIENT_EVENT_ID_SIZE_BYTES), index * CLIENT_EVENT_ID_SIZE_BYTES);
  }
  const known = await callStream(env, project_id, KEY_LOOKUP_TIMEOUT_MS, (stream) => stream.knownEventIds(hashes));
  return new Set(asked.filter((_, index) => known[index] === 1));
}
