/** A first definition of a metric from a query of Explore: its filter is counted, its `stats` become the aggregations. */
import type { Schemas } from "../api/client.ts";
import { filterPart } from "../query/filters.ts";

export type MetricInput = Schemas["MetricDefinition"];

const STATS = /\|\s*stats\s+(.+?)(?=\||$)/is;
const NAMED = /^(.+?)\s+as\s+([a-z_][\w]*)$/i;
const BUCKET = /^bucket\(\s*(?:timestamp\s*,\s*)?([0-9]+[smhd])\s*\)$/i;

/** Splits at commas that stand in no parentheses and no quotes. */
export function splitList(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      parts.push(text.slice(from, index).trim());
      from = index + 1;
    }
  }
  return [...parts, text.slice(from).trim()].filter((part) => part !== "");
}

/** Where the word `by` stands outside of parentheses; -1 where it does not. */
function byAt(text: string): number {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    if (text[index] === "(") depth++;
    else if (text[index] === ")") depth--;
    else if (depth === 0 && /^\sby\s/i.test(text.slice(index, index + 4))) return index;
  }
  return -1;
}

/** `p99(duration_ms)` is called `p99_duration_ms`. */
function nameOf(text: string): string {
  const name = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");
  return /^[a-z]/.test(name) ? name : "value";
}

/** Pipes between filter and `stats` that metrics know, too. */
function keptPipes(query: string): string {
  const rest = query.slice(filterPart(query).length);
  const before = rest.split(/\|\s*stats\b/i)[0] ?? "";
  const kept = before
    .split("|")
    .map((pipe) => pipe.trim())
    .filter((pipe) => /^(where|eval|extract)\b/i.test(pipe));
  return kept.map((pipe) => ` | ${pipe}`).join("");
}

export function metricFromQuery(query: string): MetricInput {
  const stats = STATS.exec(query)?.[1]?.trim() ?? "count()";
  const by = byAt(` ${stats}`);
  const functions = by < 0 ? stats : stats.slice(0, Math.max(0, by - 1));
  const groups = splitList(by < 0 ? "" : stats.slice(by + 3));
  const aggregations: Record<string, string> = {};
  for (const part of splitList(functions)) {
    const [, body = part, alias] = NAMED.exec(part) ?? [];
    aggregations[alias ?? nameOf(body)] = body;
  }
  const names = Object.keys(aggregations);
  const size = groups.map((group) => BUCKET.exec(group)?.[1]).find((found) => found !== undefined) ?? "1m";
  return {
    name: "",
    query: `${filterPart(query) === "*" ? "" : filterPart(query)}${keptPipes(query)}`,
    aggregations,
    value: names[0] ?? "",
    group_by: groups.filter((group) => !BUCKET.test(group)),
    window: { kind: "tumbling", size },
  };
}
