/** What a draft already holds, for decoders that must look at a value before it becomes a field or an attribute. */
import { utf8Text } from "../batch/utf8.ts";
import { BODY, type Draft, NUMBER, SCRATCH } from "../normalize/draft.ts";
import { epochTime_us, type TimeReader } from "../normalize/time.ts";

function slotOf(draft: Draft, name: string): number {
  return draft.has(name) ? draft.pathNamed(name).slot : -1;
}

/** The text under a name; null where there is none, or no text. */
export function textIn(draft: Draft, name: string): string | null {
  const slot = slotOf(draft, name);
  if (slot < 0) return null;
  const kind = draft.kinds[slot];
  if (kind !== BODY && kind !== SCRATCH) return null;
  const bytes = kind === BODY ? draft.body : draft.scratch;
  return utf8Text(bytes.subarray(draft.starts[slot], draft.ends[slot]));
}

/** The number under a name; null where there is none, or no number. */
export function numberIn(draft: Draft, name: string): number | null {
  const slot = slotOf(draft, name);
  return slot >= 0 && draft.kinds[slot] === NUMBER ? draft.numbers[slot]! : null;
}

/** Takes a value out of the event: what it said is told otherwise. */
export function drop(draft: Draft, name: string): void {
  const slot = slotOf(draft, name);
  if (slot >= 0) draft.consumed[slot] = 1;
}

/** Takes the event's time from the first of these names that has one: a number since the epoch of any unit, or a text. */
export function takeTime(draft: Draft, time: TimeReader, names: readonly string[]): void {
  for (const name of names) {
    const slot = slotOf(draft, name);
    if (slot < 0) continue;
    const kind = draft.kinds[slot];
    const bytes = kind === BODY ? draft.body : draft.scratch;
    const time_us =
      kind === NUMBER
        ? epochTime_us(draft.numbers[slot]!)
        : kind === BODY || kind === SCRATCH
          ? time.read(bytes, draft.starts[slot]!, draft.ends[slot]!)
          : Number.NaN;
    if (Number.isNaN(time_us)) continue;
    draft.time_us = time_us;
    draft.consumed[slot] = 1;
    return;
  }
}
