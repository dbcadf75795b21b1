import { matcherOf, RegexError } from "../query/regex/regex.ts";

export type MatchOp = "=" | "!=" | "=~" | "!~";

/** A condition on one label. A label that a series does not have counts as empty. */
export interface LabelMatcher {
  name: string;
  op: MatchOp;
  value: string;
}

/** Expressions of PromQL are anchored at both ends, and their `.` takes newlines. */
function anchored(value: string): string {
  return `^(?s:${value})$`;
}

/** What is wrong with the matcher's expression; null where nothing is. */
export function matcherFault({ op, value }: LabelMatcher): string | null {
  if (op === "=" || op === "!=") return null;
  try {
    // By itself, too: with an open parenthesis it would reach out of the anchors.
    matcherOf(value);
    matcherOf(anchored(value));
    return null;
  } catch (error) {
    if (error instanceof RegexError) return error.message;
    throw error;
  }
}

export function matchesValue({ op, value }: LabelMatcher, label: string): boolean {
  if (op === "=") return label === value;
  if (op === "!=") return label !== value;
  return matcherOf(anchored(value)).test(label) === (op === "=~");
}

export function matchesLabels(matchers: readonly LabelMatcher[], labels: Readonly<Record<string, string>>): boolean {
  return matchers.every((matcher) => matchesValue(matcher, Object.hasOwn(labels, matcher.name) ? labels[matcher.name]! : ""));
}
