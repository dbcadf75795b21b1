/** Makes filters of the query language from values that were clicked. */

/** `value` as one word of the language, quoted where it must be. */
export function quoteValue(value: string): string {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_./-]*$/u.test(value) && !/^(and|or|not)$/i.test(value)
    ? value
    : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t")}"`;
}

/** The query with one more condition, in front of its pipes. */
export function withFilter(query: string, field: string, value: string, exclude: boolean): string {
  const condition = `${exclude ? "-" : ""}${field}:${quoteValue(value)}`;
  const pipe = firstPipe(query);
  const filter = query.slice(0, pipe).trim();
  const pipes = query.slice(pipe).trim();
  if (filter === condition || filter.split(/\s+/).includes(condition)) return query;
  const grouped = /\bOR\b/i.test(filter) ? `(${filter})` : filter;
  return [grouped, condition, pipes].filter((part) => part !== "").join(" ");
}

/** The query without its pipes: what a histogram counts. */
export function filterPart(query: string): string {
  return query.slice(0, firstPipe(query)).trim();
}

/** Where the first pipe outside of quotes stands; the length where there is none. */
function firstPipe(query: string): number {
  let quoted = false;
  for (let index = 0; index < query.length; index++) {
    const character = query[index];
    if (character === "\\" && quoted) index++;
    else if (character === '"') quoted = !quoted;
    else if (character === "|" && !quoted) return index;
  }
  return query.length;
}
