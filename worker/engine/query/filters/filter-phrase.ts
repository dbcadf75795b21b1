import { WORD_BYTE } from "../../batch/words.ts";
import { ANY_FIELD } from "../fields.ts";
import { printField, printPattern } from "../quote.ts";
import { searchCandidates, searchColumn } from "./column-search.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { isAscii, isWordUnit } from "./fold.ts";
import { phraseTest } from "./text-pattern.ts";
import { remembered, textTest, type ValueTest } from "./value-test.ts";

/**
 * `timeout`, `"connection reset"`, `time*`, `"user * logged in"`: whole words in sequence, separators as written, case-insensitively.
 * On the message as a bare word or phrase, on every field as `_any:…`, on another field as `field:words("…")`.
 */
export interface PhraseFilter {
  kind: "phrase";
  field: string;
  /** The text between stars (`text-pattern.ts`), as written. */
  parts: string[];
}

export function phrase(field: string, parts: string[]): PhraseFilter {
  return { kind: "phrase", field, parts };
}

export const phraseKind: FilterKind<PhraseFilter> = {
  print({ field, parts }) {
    if (field === "message") return printPattern(parts);
    return field === ANY_FIELD ? printField(field) + printPattern(parts) : `${printField(field)}words(${printPattern(parts)})`;
  },
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, phraseValueTest), mask),
};

function phraseValueTest({ parts }: PhraseFilter): ValueTest {
  const test = phraseTest(parts);
  const texts = parts.filter(Boolean);
  const words = wholeWords(parts);
  if (texts.length === 1) return textTest(test, borderedScan(parts), words);
  const key = texts.reduce((longest, text) => (text.length > longest.length ? text : longest));
  return textTest(test, (column, mask) => searchCandidates(column, key, { any_case: true }, mask, test), words);
}

/** One text, open or closed at its ends: the bytes decide alone. */
function borderedScan(parts: readonly string[]): ValueTest["scan"] {
  const text = parts.find(Boolean) as string;
  const left = parts[0] !== "" && isWordUnit(text.charCodeAt(0));
  const right = parts.at(-1) !== "" && isWordUnit(text.charCodeAt(text.length - 1));
  return (column, mask) => {
    const { bytes } = column;
    searchColumn(column, text, { any_case: true }, mask, (at, end, row_start, row_end) => {
      if (left && at > row_start && WORD_BYTE[bytes[at - 1] as number] === 1) return false;
      return !(right && end < row_end && WORD_BYTE[bytes[end] as number] === 1);
    });
  };
}

/** Lower-cased ASCII words that every message with this phrase has: those with a border on both sides inside it. */
export function wholeWords(parts: readonly string[]): string[] {
  const words: string[] = [];
  parts.forEach((part, index) => {
    const pattern = /[A-Za-z0-9_\u0080-\uffff]+/g;
    for (let match = pattern.exec(part); match; match = pattern.exec(part)) {
      const open_left = match.index === 0 && index > 0;
      const open_right = pattern.lastIndex === part.length && index < parts.length - 1;
      if (!open_left && !open_right && isAscii(match[0])) words.push(match[0].toLowerCase());
    }
  });
  return words;
}
