import { Buffer } from "node:buffer";
import type { EventBatch } from "../batch/event-batch.ts";
import { bufferOf, restAt } from "../batch/record.ts";

/**
 * Calls `visit` for each row of `mask` whose remaining attributes (the JSON column) hold this one, with its value (not null).
 * Only rows whose bytes contain the name are parsed.
 */
export function forEachRest(batch: EventBatch, name: string, mask: Uint8Array, visit: (row: number, value: unknown) => void): void {
  const rest = batch.rest;
  if (!rest) return;
  const bytes = bufferOf(rest.bytes);
  const key = Buffer.from(JSON.stringify(name));
  const end = rest.offsets[batch.rows] ?? 0;
  let row = 0;
  for (let at = bytes.indexOf(key, rest.offsets[0] ?? 0); at >= 0 && at < end; ) {
    while ((rest.offsets[row + 1] as number) <= at) row++;
    if (mask[row] === 1) {
      const object = restAt(batch, row);
      if (object && Object.hasOwn(object, name) && object[name] !== null) visit(row, object[name]);
    }
    at = bytes.indexOf(key, rest.offsets[row + 1]);
  }
}
