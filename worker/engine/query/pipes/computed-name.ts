import { STRING_FIELDS } from "../../batch/event-batch.ts";
import { ANY_FIELD, isPlainName, resolveField } from "../fields.ts";
import { isOperator } from "../quote.ts";
import type { Scanner } from "../scanner.ts";

/** Fields of an event that are what happened, not what was said of it: nothing takes their place. */
const FIXED: ReadonlySet<string> = new Set(["timestamp", "ingest_ts", "fingerprint", ANY_FIELD]);
/** Fields whose column is a dictionary whatever it holds (`event-batch.ts`). */
const DICTIONARY_FIELDS: ReadonlySet<string> = new Set(["level", "service", "environment", "host", "source"]);

/** Whether a computed column may have this name. */
export function isComputable(field: string): boolean {
  return !FIXED.has(field);
}

export function isDictionaryField(field: string): boolean {
  return DICTIONARY_FIELDS.has(field);
}

/** Whether a field holds texts only. */
export function isTextField(field: string): boolean {
  return (STRING_FIELDS as readonly string[]).includes(field);
}

/** The column that a name found in the data stands for: one of an event's fields that cannot be computed becomes an attribute. */
export function foundField(name: string): string {
  const field = resolveField(name);
  return isComputable(field) ? field : `attributes.${name}`;
}

/** The name before `=`, as the column that it means. */
export function readComputedName(scanner: Scanner): string {
  scanner.skipSpace();
  const position = scanner.position;
  const quoted = scanner.next === '"' || scanner.next === "'";
  const name = quoted ? scanner.quoted().text : scanner.bare("=,").text;
  if (name === "" || !(quoted || isPlainName(name)) || isOperator(name)) scanner.fail("a name for what is computed", { position });
  const field = resolveField(name);
  if (!isComputable(field)) scanner.fail("another name", { position, message: `${name} cannot be computed; choose another name` });
  return field;
}
