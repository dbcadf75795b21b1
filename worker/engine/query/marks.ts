import { shortName } from "./fields.ts";
import type { Filter } from "./filters/filter.ts";
import type { Query } from "./parse.ts";

/** A text or expression that a query looks for in a field: what a reader wants to see marked in what was found. */
export type Mark =
  | {
      kind: "text";
      /** As it is written in queries; `_any` for every field. */
      field: string;
      text: string;
      /** Whether a border of words stands before it, and after it. */
      word_start: boolean;
      word_end: boolean;
      any_case: boolean;
    }
  /** An expression in RE2's syntax. */
  | { kind: "regex"; field: string; pattern: string };

type TextMark = Extract<Mark, { kind: "text" }>;

/** What the conditions of a query look for, each once; those that are negated find nothing to mark. */
export function marksOf({ filter, pipes }: Query): Mark[] {
  const conditions = [filter, ...pipes.flatMap((pipe) => (pipe.kind === "where" ? [pipe.filter] : []))];
  const marks = conditions.flatMap(marksOfFilter);
  return [...new Map(marks.map((mark) => [JSON.stringify(mark), mark])).values()];
}

function marksOfFilter(filter: Filter): Mark[] {
  switch (filter.kind) {
    case "and":
    case "or":
      return filter.filters.flatMap(marksOfFilter);
    case "phrase": {
      const last = filter.parts.length - 1;
      return filter.parts.flatMap((text, index) =>
        textMark(filter.field, text, { word_start: index === 0, word_end: index === last, any_case: true }),
      );
    }
    case "contains":
      return textMark(filter.field, filter.text, { any_case: false });
    case "icase":
      return textMark(filter.field, filter.value, { any_case: true });
    case "equal":
      return textMark(filter.field, filter.value, { word_start: true, word_end: true, any_case: false });
    case "in":
      return filter.values.flatMap((value) => textMark(filter.field, value, { word_start: true, word_end: true, any_case: false }));
    case "wildcard":
      return filter.parts.flatMap((text) => textMark(filter.field, text, { any_case: false }));
    case "regex":
      return [{ kind: "regex", field: shortName(filter.field), pattern: filter.pattern }];
    default:
      return [];
  }
}

function textMark(field: string, text: string, rest: Partial<TextMark>): Mark[] {
  return text === "" ? [] : [{ kind: "text", field: shortName(field), text, word_start: false, word_end: false, any_case: false, ...rest }];
}
