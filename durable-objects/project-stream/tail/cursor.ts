/** The place of a reader as the text that it is given and brings back. */
import { Problem } from "../../../worker/errors.ts";
import type { StreamIdentity } from "../stream-core.ts";
import type { TailPosition } from "../types.ts";

const CURSOR = /^1-([a-z2-7]{12})-(\d{1,4})-([0-9a-z]{1,11})-([0-9a-z]{1,6})-([0-9a-z]{1,11})$/;
const RADIX = 36;

export function encodeTailCursor({ project_id, shard }: StreamIdentity, { seq, rows, accepted_ms }: TailPosition): string {
  return `1-${project_id}-${shard}-${seq.toString(RADIX)}-${rows.toString(RADIX)}-${accepted_ms.toString(RADIX)}`;
}

/** @throws Problem `invalid` where the text is no cursor, or one of another project */
export function decodeTailCursor({ project_id, shard }: StreamIdentity, text: string): TailPosition {
  const match = CURSOR.exec(text);
  const [seq, rows, accepted_ms] = (match?.slice(3) ?? []).map((digits) => Number.parseInt(digits, RADIX));
  if (!match || ![seq, rows, accepted_ms].every(Number.isSafeInteger)) throw wrong(text, "expected the cursor of an earlier frame");
  if (match[1] !== project_id || Number(match[2]) !== shard) throw wrong(text, "the cursor belongs to another project");
  return { seq: seq!, rows: rows!, accepted_ms: accepted_ms! };
}

function wrong(value: string, message: string): Problem {
  return new Problem("invalid", `cursor: ${message}`, { errors: [{ field: "cursor", value: value.slice(0, 200), message }] });
}

export function samePosition(a: TailPosition, b: TailPosition): boolean {
  return a.seq === b.seq && a.rows === b.rows;
}
