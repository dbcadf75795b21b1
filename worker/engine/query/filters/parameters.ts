import { resolveField } from "../fields.ts";
import { Scanner, type TextToken } from "../scanner.ts";
import type { Filter } from "./filter.ts";
import { and } from "./filter-and.ts";
import { or } from "./filter-or.ts";
import { phraseOf, plainValue } from "./parse-value.ts";

/** Plain parameters of a request: fields by any of their names, and `text`. Repeated or parted by commas: one of them. */
export type FilterParameters = Readonly<Record<string, string | readonly string[] | null | undefined>>;

/**
 * The filter that plain parameters stand for: `service=api&level=error,fatal&text=connection reset`. Stars open an end as in the language;
 * `text` is a phrase of the message. Empty ones are passed over.
 * @throws QuerySyntaxError with positions in the parameter's value
 */
export function filterFromParameters(parameters: FilterParameters): Filter {
  const filters: Filter[] = [];
  for (const [name, given] of Object.entries(parameters)) {
    const texts = typeof given === "string" ? [given] : [...(given ?? [])];
    const values = name === "text" ? texts : texts.flatMap((text) => text.split(",")).map((text) => text.trim());
    const [first, ...others] = values.filter((value) => value !== "").map((value) => parameterFilter(name, value));
    if (first) filters.push(or([first, ...others]));
  }
  return and(filters);
}

function parameterFilter(name: string, value: string): Filter {
  const scanner = new Scanner(value, 0);
  const token: TextToken = { parts: value.split(/\*+/), text: value, quoted: true, position: 0 };
  return name === "text" ? phraseOf(scanner, "message", token) : plainValue(scanner, resolveField(name), token);
}
