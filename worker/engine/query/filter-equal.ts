import { Buffer } from "node:buffer";
import type { BytesColumn } from "../batch/event-batch.ts";
import { fieldCost, matchField } from "./field-match.ts";
import { ANY_FIELD } from "./fields.ts";
import type { FilterKind } from "./filter.ts";
import { readExactNumber } from "./numbers.ts";
import { printField, printValue, quote } from "./quote.ts";
import type { ValueTest } from "./value-test.ts";

/** `service:api`, `path:"/a b"`, `message:="all of it"`: the whole value, letter by letter; a number also where it is written otherwise (`5.0`). */
export interface EqualFilter {
  kind: "equal";
  field: string;
  value: string;
}

export function equal(field: string, value: string): EqualFilter {
  return { kind: "equal", field, value };
}

export const equalKind: FilterKind<EqualFilter> = {
  print({ field, value }) {
    const exact = field === "message" || field === ANY_FIELD;
    return printField(field) + (exact ? `=${quote(value)}` : printValue(value));
  },
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, equalTest(filter.value), mask),
};

function equalTest(value: string): ValueTest {
  const number = readExactNumber(value);
  return {
    text: (text) => text === value,
    number: (stored) => stored === number || String(stored) === value,
    scan: (column, mask) => scanEqual(column, Buffer.from(value), mask),
  };
}

function scanEqual(column: BytesColumn, wanted: Uint8Array, mask: Uint8Array): void {
  const { offsets, bytes } = column;
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    const start = offsets[row] as number;
    if ((offsets[row + 1] as number) - start !== wanted.length || !bytesEqual(bytes, start, wanted)) mask[row] = 0;
  }
}

function bytesEqual(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) if (bytes[start + index] !== wanted[index]) return false;
  return true;
}
