import { Buffer } from "node:buffer";
import type { BytesColumn, EventBatch } from "../batch/event-batch.ts";
import { bufferOf } from "../batch/record.ts";

type Visit = (row: number, value: unknown) => void;

/**
 * Calls `visit` for each row of `mask` whose remaining attributes (the JSON column) hold this one, with its value (not null).
 * Only rows whose bytes contain the name are parsed, and only pages with rows of the mask are looked at.
 */
export function forEachRest(batch: EventBatch, name: string, mask: Uint8Array, visit: Visit): void {
  const { rest } = batch;
  if (!rest) return;
  const search = { name, key: Buffer.from(JSON.stringify(name)) };
  if (!rest.pages) {
    visitRows(rest, search, mask, visit);
    return;
  }
  const { starts } = rest.pages;
  for (let index = 0; index < starts.length - 1; index++) {
    const first_row = starts[index]!;
    const part = mask.subarray(first_row, starts[index + 1]!);
    if (!part.includes(1)) continue;
    const page = rest.pages.page(index);
    if (page?.kind === "bytes") visitRows(page, search, part, (row, value) => visit(first_row + row, value));
  }
}

function visitRows(rest: BytesColumn, { name, key }: { name: string; key: Uint8Array }, mask: Uint8Array, visit: Visit): void {
  const bytes = bufferOf(rest.bytes);
  let at = bytes.indexOf(key);
  if (at < 0) return;
  const { offsets, present } = rest;
  const end = offsets[mask.length]!;
  if (at < offsets[0]!) at = bytes.indexOf(key, offsets[0]);
  for (let row = 0; at >= 0 && at < end; at = bytes.indexOf(key, offsets[row + 1])) {
    while (offsets[row + 1]! <= at) row++;
    if (mask[row] === 0 || (present && present[row] === 0)) continue;
    const object = JSON.parse(bytes.toString("utf8", offsets[row], offsets[row + 1])) as Record<string, unknown>;
    if (Object.hasOwn(object, name) && object[name] !== null) visit(row, object[name]);
  }
}
