import { STRING_FIELDS } from "../batch/event-batch.ts";

const FIELD_ORDER: readonly string[] = [...STRING_FIELDS, "fingerprint"];

/** Columns as a segment stores them: the fields in their order, then the attributes by name. */
export function columnOrder(names: Iterable<string>): string[] {
  const rank = (name: string): number => {
    const index = FIELD_ORDER.indexOf(name);
    return index < 0 ? FIELD_ORDER.length : index;
  };
  return [...names].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : a > b ? 1 : 0));
}
