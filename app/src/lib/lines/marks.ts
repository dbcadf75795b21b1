/** Where what a query looks for stands in a text: ranges to be marked. */
import type { Schemas } from "../api/client.ts";

export type Mark = Schemas["QueryMark"];

export interface MarkRange {
  from: number;
  to: number;
}

/** Finds ranges in the text of one field. */
export type MarkFinder = (field: string, text: string) => MarkRange[];

const RANGES_MAX = 200;
const WORD = /[\p{L}\p{N}_]/u;

interface RegexMatcher {
  find(text: string): MarkRange[];
}

/** The finder for the marks of a query. Expressions are run by the same linear-time engine as the service's, loaded when one is there. */
export async function markFinder(marks: readonly Mark[]): Promise<MarkFinder> {
  const texts = marks.filter((mark) => mark.kind === "text");
  const expressions = marks.filter((mark) => mark.kind === "regex");
  const matchers = expressions.length > 0 ? await compiled(expressions) : [];
  if (texts.length === 0 && matchers.length === 0) return () => [];
  return (field, text) => {
    const ranges = texts.filter((mark) => holds(mark.field, field)).flatMap((mark) => textRanges(text, mark));
    for (const { field: own, matcher } of matchers) if (holds(own, field)) ranges.push(...matcher.find(text));
    return merged(ranges);
  };
}

function holds(own: string, field: string): boolean {
  return own === "_any" || own === field;
}

function textRanges(text: string, mark: Extract<Mark, { kind: "text" }>): MarkRange[] {
  const where = mark.any_case ? text.toLowerCase() : text;
  const wanted = mark.any_case ? mark.text.toLowerCase() : mark.text;
  // Where folding changes lengths places would be wrong: then nothing is marked.
  if (where.length !== text.length) return [];
  const ranges: MarkRange[] = [];
  for (let at = where.indexOf(wanted); at >= 0 && ranges.length < RANGES_MAX; at = where.indexOf(wanted, at + 1)) {
    const end = at + wanted.length;
    if (mark.word_start && bordered(text, at)) continue;
    if (mark.word_end && bordered(text, end)) continue;
    ranges.push({ from: at, to: end });
  }
  return ranges;
}

/** Whether a place lies inside a word. */
function bordered(text: string, at: number): boolean {
  return WORD.test(text[at - 1] ?? "") && WORD.test(text[at] ?? "");
}

async function compiled(marks: readonly Extract<Mark, { kind: "regex" }>[]): Promise<{ field: string; matcher: RegexMatcher }[]> {
  const { RE2JS } = await import("re2js");
  return marks.flatMap(({ field, pattern }) => {
    try {
      const expression = RE2JS.compile(pattern);
      const find = (text: string): MarkRange[] => {
        const matcher = expression.matcher(text);
        const ranges: MarkRange[] = [];
        while (ranges.length < RANGES_MAX && matcher.find()) {
          if (matcher.end() > matcher.start()) ranges.push({ from: matcher.start(), to: matcher.end() });
        }
        return ranges;
      };
      return [{ field, matcher: { find } }];
    } catch {
      return [];
    }
  });
}

/** In order, without overlaps. */
function merged(ranges: MarkRange[]): MarkRange[] {
  const ordered = ranges.toSorted((one, other) => one.from - other.from);
  const result: MarkRange[] = [];
  for (const range of ordered) {
    const last = result.at(-1);
    if (last && range.from <= last.to) last.to = Math.max(last.to, range.to);
    else result.push({ ...range });
  }
  return result;
}
