import { attributeName, EVENT_FIELDS, isAttribute } from "./fields.ts";
import { filterFields } from "./filters/filters.ts";
import type { Plan } from "./plan.ts";
import { addedFields, fieldsRead } from "./plan-columns.ts";
import { suggest } from "./suggest.ts";

export interface Misspelt {
  /** As it stands in the query. */
  field: string;
  /** The field of events that was probably meant. */
  suggestion: string;
}

/**
 * Names of a plan that are one slip away from a field of events. Any name may be an attribute's: these are hints for answers in which nothing
 * was found, never errors.
 */
export function misspeltFields(plan: Plan): Misspelt[] {
  const made = addedFields(plan.steps);
  const names = new Set([...filterFields(plan.filter), ...fieldsRead(plan)]);
  return [...names].flatMap((field) => {
    if (!isAttribute(field) || (made !== "any" && made.has(field))) return [];
    const name = attributeName(field);
    const suggestion = name.length < 4 ? null : suggest(name, EVENT_FIELDS);
    return suggestion === null ? [] : [{ field: name, suggestion }];
  });
}
