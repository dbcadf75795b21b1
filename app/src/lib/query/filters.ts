/** Makes and changes queries as people do by clicking. Text in, text out: the service's parser alone understands queries. */

/** `value` as one word of the language, quoted where it must be. */
export function quoteValue(value: string): string {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u.test(value) && !/^(and|or|not|in|to|contains|icase|words|expr)$/i.test(value)
    ? value
    : quoted(value);
}

export function quoted(value: string): string {
  const text = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("*", "\\*");
  return `"${text.replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
}

/** A field's name as it may stand before a colon. */
export function quoteName(name: string): string {
  return /^[\p{L}_@$][\p{L}\p{N}_.@$/-]*$/u.test(name) ? name : quoted(name);
}

export type Scalar = string | number | boolean | null;

/** The condition that a field has this value; null where none can be written. */
export function conditionOf(field: string, value: unknown, exclude = false): string | null {
  const sign = exclude ? "-" : "";
  if (value === null || value === undefined) return `${exclude ? "" : "-"}${quoteName(field)}:*`;
  if (Array.isArray(value)) {
    const parts = value.filter((each) => each !== null && typeof each !== "object").map((each) => quoteValue(String(each)));
    if (parts.length === 0) return null;
    return parts.length === 1 ? `${sign}${quoteName(field)}:${parts[0]}` : `${sign}${quoteName(field)}:(${parts.slice(0, 20).join(", ")})`;
  }
  if (typeof value === "object") return null;
  const text = String(value);
  if (field === "message") return `${sign}message:=${quoted(text)}`;
  return `${sign}${quoteName(field)}:${typeof value === "number" ? numberText(value) : quoteValue(text)}`;
}

function numberText(value: number): string {
  return value < 0 || !Number.isInteger(value) ? `=${value}` : String(value);
}

/** The query with one more condition, in front of its pipes; unchanged where it stands there already. */
export function withCondition(query: string, condition: string): string {
  const { filter, pipes } = split(query);
  const present = ` ${filter} `.includes(` ${condition} `);
  if (present) return query;
  const opposite = condition.startsWith("-") ? condition.slice(1) : `-${condition}`;
  const kept = withoutPart(filter, opposite);
  const grouped = /\sOR\s/.test(kept) ? `(${kept})` : kept;
  return joined([grouped === "*" ? "" : grouped, condition], pipes);
}

/** The query without a condition that a click has put there. */
export function withoutCondition(query: string, condition: string): string {
  const { filter, pipes } = split(query);
  return joined([withoutPart(filter, condition)], pipes);
}

export function hasCondition(query: string, condition: string): boolean {
  return ` ${split(query).filter} `.includes(` ${condition} `);
}

function withoutPart(filter: string, condition: string): string {
  const padded = ` ${filter} `;
  const at = padded.indexOf(` ${condition} `);
  if (at < 0) return filter;
  return `${padded.slice(0, at)} ${padded.slice(at + condition.length + 2)}`.trim();
}

function joined(parts: string[], pipes: string): string {
  const filter = parts.filter((part) => part !== "").join(" ");
  return [filter === "" && pipes !== "" ? "*" : filter, pipes].filter((part) => part !== "").join(" ");
}

/** The query without its pipes, but for the `where` before all others: what a histogram counts and an export sends. */
export function filterPart(query: string): string {
  let end = firstPipe(query);
  let match = WHERE.exec(query.slice(end));
  while (match) {
    const next = firstPipe(query.slice(end + match[0].length));
    end = end + match[0].length + next;
    match = WHERE.exec(query.slice(end));
  }
  return query.slice(0, end).trim();
}
const WHERE = /^\|\s*where\s/i;

/** The query with another pipe at its end. */
export function withPipe(query: string, pipe: string): string {
  const text = filterPart(query);
  return `${text === "" ? "*" : text} | ${pipe}`;
}

export function hasPipes(query: string): boolean {
  return filterPart(query) !== query.trim();
}

function split(query: string): { filter: string; pipes: string } {
  const at = firstPipe(query);
  return { filter: query.slice(0, at).trim(), pipes: query.slice(at).trim() };
}

/** Where the first pipe outside of quotes and parentheses stands; the length where there is none. */
export function firstPipe(query: string): number {
  let quote = "";
  for (let index = 0; index < query.length; index++) {
    const character = query[index] ?? "";
    if (character === "\\") index++;
    else if (quote !== "") quote = character === quote ? "" : quote;
    else if ((character === '"' || character === "'") && !/[\p{L}\p{N}]/u.test(query[index - 1] ?? "")) quote = character;
    else if (character === "|" && query[index + 1] === "|") index++;
    else if (character === "|") return index;
  }
  return query.length;
}
