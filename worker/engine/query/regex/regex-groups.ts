import { compileRegex, matcherOf } from "./regex.ts";

/** Names of the named groups of an expression, in order of the groups. */
export function groupNames(pattern: string): string[] {
  return groupsOf(pattern).map(([name]) => name);
}

function groupsOf(pattern: string): [name: string, index: number][] {
  return Object.entries(compileRegex(pattern).namedGroups()).sort(([, left], [, right]) => left - right);
}

/** Reads what the named groups of the first match hold (null for one that took no part); null without a match. */
export function regexGroups(pattern: string): (text: string) => (string | null)[] | null {
  const indexes = groupsOf(pattern).map(([, index]) => index);
  const matcher = matcherOf(pattern);
  return (text) => {
    const groups = matcher.groups(text);
    return groups && indexes.map((index) => groups[index] ?? null);
  };
}
