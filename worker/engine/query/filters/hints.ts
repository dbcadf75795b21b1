import { LEVELS } from "../../batch/event-batch.ts";
import type { Needed } from "../../segment/read.ts";
import { severityOf } from "../levels.ts";
import { requiredWords } from "../regex/regex.ts";
import type { Filter } from "./filter.ts";
import { wholeWords } from "./filter-phrase.ts";

/** Necessary conditions of a filter: an event that misses one of them does not match. They serve to leave out segments and row groups. */
export interface FilterHints {
  /** The service is one of these. */
  services: string[] | null;
  /** The level is one of these. */
  levels: string[] | null;
  /** Lower-cased ASCII words that all occur in the message as whole words. */
  tokens: string[];
  /** By field (trace_id, span_id, request_id, event_id): the value is one of these. */
  values: Record<string, string[]>;
  /** The event has all that one of these asks for: what tokens and values say, alternative by alternative. */
  needed: Needed[];
  /** Event time, both ends included; infinite where open. */
  time: { min_us: number; max_us: number };
}

const VALUE_FIELDS: ReadonlySet<string> = new Set(["trace_id", "span_id", "request_id", "event_id"]);

function nothing(): FilterHints {
  return {
    services: null,
    levels: null,
    tokens: [],
    values: {},
    needed: [{ words: [], values: {} }],
    time: { min_us: Number.NEGATIVE_INFINITY, max_us: Number.POSITIVE_INFINITY },
  };
}

export function filterHints(filter: Filter): FilterHints {
  switch (filter.kind) {
    case "and":
      return filter.filters.map(filterHints).reduce(both);
    case "or":
      return filter.filters.map(filterHints).reduce(either);
    case "equal":
      return exactHints(filter.field, [filter.value]);
    case "in":
      return exactHints(filter.field, filter.values);
    case "phrase":
    case "wildcard":
      return wordHints(filter.field, wholeWords(filter.parts));
    case "contains":
      return wordHints(filter.field, wholeWords(["", filter.text, ""]));
    case "icase":
      return wordHints(filter.field, wholeWords([filter.value]));
    case "regex":
      return wordHints(filter.field, filter.field === "message" ? requiredWords(filter.pattern) : []);
    case "compare":
    case "range":
      return orderHints(filter);
    default:
      return nothing();
  }
}

function wordHints(field: string, words: readonly string[]): FilterHints {
  if (field !== "message" || words.length === 0) return nothing();
  const tokens = unique(words);
  return { ...nothing(), tokens, needed: [{ words: tokens, values: {} }] };
}

function exactHints(field: string, values: string[]): FilterHints {
  const hints = nothing();
  if (field === "service") hints.services = unique(values);
  else if (field === "level") hints.levels = unique(values);
  else if (field === "message") return wordHints(field, wholeWords(values.slice(0, 1)));
  else if (VALUE_FIELDS.has(field)) {
    hints.values[field] = unique(values);
    hints.needed = [{ words: [], values: { [field]: unique(values) } }];
  }
  return hints;
}

function orderHints(filter: Extract<Filter, { kind: "compare" | "range" }>): FilterHints {
  const hints = nothing();
  const sides = filter.kind === "range" ? rangeSides(filter) : compareSides(filter);
  for (const { operand, side } of sides) {
    if (operand.kind === "time" && filter.field === "timestamp") {
      if (side <= 0) hints.time.max_us = operand.time_us;
      if (side >= 0) hints.time.min_us = operand.time_us;
    }
    if (operand.kind !== "level" || filter.field !== "level") continue;
    const rank = severityOf(operand.level);
    const levels = LEVELS.filter((_, index) => (side === 0 ? index === rank : side > 0 ? index >= rank : index <= rank));
    hints.levels = intersect(hints.levels, levels);
  }
  return hints;
}

type Side = { operand: Extract<Filter, { kind: "compare" }>["operand"]; side: number };

/** side 1: at or above the operand; -1: at or below; 0: equal. */
function compareSides({ operator, operand }: Extract<Filter, { kind: "compare" }>): Side[] {
  return [{ operand, side: operator === "=" ? 0 : operator.startsWith(">") ? 1 : -1 }];
}

function rangeSides({ min, max }: Extract<Filter, { kind: "range" }>): Side[] {
  return [...(min ? [{ operand: min.operand, side: 1 }] : []), ...(max ? [{ operand: max.operand, side: -1 }] : [])];
}

function both(left: FilterHints, right: FilterHints): FilterHints {
  const values = { ...left.values };
  for (const [field, list] of Object.entries(right.values)) values[field] = intersect(values[field] ?? null, list) ?? [];
  return {
    services: intersect(left.services, right.services),
    levels: intersect(left.levels, right.levels),
    tokens: unique([...left.tokens, ...right.tokens]),
    values,
    needed: bothNeeded(left.needed, right.needed),
    time: { min_us: Math.max(left.time.min_us, right.time.min_us), max_us: Math.min(left.time.max_us, right.time.max_us) },
  };
}

function either(left: FilterHints, right: FilterHints): FilterHints {
  const values: Record<string, string[]> = {};
  for (const [field, list] of Object.entries(left.values)) {
    const other = right.values[field];
    if (other) values[field] = unique([...list, ...other]);
  }
  return {
    services: left.services && right.services ? unique([...left.services, ...right.services]) : null,
    levels: left.levels && right.levels ? unique([...left.levels, ...right.levels]) : null,
    tokens: left.tokens.filter((token) => right.tokens.includes(token)),
    values,
    needed: eitherNeeded(left.needed, right.needed),
    time: { min_us: Math.min(left.time.min_us, right.time.min_us), max_us: Math.max(left.time.max_us, right.time.max_us) },
  };
}

/** Alternatives that are told apart; of more, one side's are taken, or none. */
const ALTERNATIVES_MAX = 16;

function bothNeeded(left: readonly Needed[], right: readonly Needed[]): Needed[] {
  if (left.length * right.length > ALTERNATIVES_MAX) return [...(left.length < right.length ? left : right)];
  return left.flatMap((a) =>
    right.map((b) => {
      const values: Record<string, readonly string[]> = { ...a.values };
      for (const [field, list] of Object.entries(b.values)) values[field] = values[field]?.filter((value) => list.includes(value)) ?? list;
      return { words: unique([...a.words, ...b.words]), values };
    }),
  );
}

function eitherNeeded(left: readonly Needed[], right: readonly Needed[]): Needed[] {
  const needed: Needed[] = [];
  for (const one of [...left, ...right]) {
    const fields = Object.keys(one.values);
    if (one.words.length === 0 && fields.length === 0) return [one];
    const field = fields.length === 1 && one.words.length === 0 ? fields[0]! : null;
    const alike = field === null ? -1 : needed.findIndex(({ words, values }) => words.length === 0 && Object.keys(values).join() === field);
    if (alike < 0) needed.push(one);
    else needed[alike] = { words: [], values: { [field!]: unique([...needed[alike]!.values[field!]!, ...one.values[field!]!]) } };
  }
  return needed.length <= ALTERNATIVES_MAX ? needed : nothing().needed;
}

function intersect(left: string[] | null, right: string[] | null): string[] | null {
  if (!left || !right) return left ?? right;
  return left.filter((value) => right.includes(value));
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
