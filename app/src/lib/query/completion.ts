/** What can be written next: fields, then values with their counts, then functions with a line of help. */
import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import { shortCount } from "../format/number.ts";
import { firstPipe, quoteName, quoteValue } from "./filters.ts";
import { knownFields, knownValues, queryReference, type Reference, type Span } from "./reference.ts";

const WORD = /[\p{L}\p{N}_.@$/-]*$/u;
const FIELD_BEFORE = /(?:^|[\s(!-])("(?:[^"\\]|\\.)*"|[\p{L}_@$][\p{L}\p{N}_.@$/-]*):([<>=!]*)("?)([^\s"()|]*)$/u;
const NO_VALUES = new Set(["timestamp", "ingest_ts", "message", "_any"]);

export function queryCompletions(range: () => Span) {
  return async (context: CompletionContext): Promise<CompletionResult | null> => {
    const text = context.state.sliceDoc(0, context.pos);
    const pipe = lastPipe(text);
    if (pipe !== null && /^\s*[A-Za-z_]*$/.test(pipe)) return afterPipe(context, pipe);
    if (pipe !== null && !/^\s*where\b/.test(pipe)) return inPipe(context, pipe, range());
    return inFilter(context, pipe ?? text, range());
  };
}

/** What stands after the last pipe; null where there is none. */
function lastPipe(text: string): string | null {
  let rest: string | null = null;
  let from = 0;
  for (let at = firstPipe(text); at < text.length - from; at = firstPipe(text.slice(from))) {
    from += at + 1;
    rest = text.slice(from);
  }
  return rest;
}

async function afterPipe(context: CompletionContext, pipe: string): Promise<CompletionResult> {
  const { pipes } = await queryReference();
  const typed = pipe.trimStart();
  const options = pipes.map(({ name, usage, doc }, index) => ({
    label: name,
    apply: `${name} `,
    type: "keyword",
    info: doc,
    detail: usage,
    boost: -index,
  }));
  return { from: context.pos - typed.length, options, validFor: /^\w*$/ };
}

async function fieldOptions(range: Span, apply: (name: string) => string): Promise<Completion[]> {
  const [{ fields: own }, fields] = await Promise.all([queryReference(), knownFields(range)]);
  const counted = new Set(fields.map(({ name }) => name));
  const known = fields.map(({ name, type, count }, index) => ({
    label: name,
    apply: apply(quoteName(name)),
    type: "property",
    detail: `${type} · ${shortCount(count)}`,
    boost: 50 - Math.min(49, index),
  }));
  const others = own
    .filter((name) => !counted.has(name))
    .map((name) => ({ label: name, apply: apply(name), type: "property", detail: "not in this time", boost: -50 }));
  return [...known, ...others];
}

async function inFilter(context: CompletionContext, text: string, range: Span): Promise<CompletionResult | null> {
  const field = FIELD_BEFORE.exec(text);
  if (field) return valuesOf(context, field, range);
  const typed = WORD.exec(text)?.[0] ?? "";
  if (typed === "" && !context.explicit && !/[\s(]$|^$/.test(text)) return null;
  const options = await fieldOptions(range, (name) => `${name}:`);
  const words = ["AND", "OR", "NOT"].map((label) => ({ label, type: "keyword", boost: -90 }));
  return { from: context.pos - typed.length, options: [...options, ...words], validFor: /^[\p{L}\p{N}_.@$/-]*$/u };
}

async function valuesOf(context: CompletionContext, field: RegExpExecArray, range: Span): Promise<CompletionResult | null> {
  const [, written = "", operator = "", quote = "", typed = ""] = field;
  const name = written.startsWith('"') ? written.slice(1, -1) : written;
  const from = context.pos - typed.length - quote.length;
  const reference = await queryReference();
  if (name === "level") return { from, options: levelOptions(reference), validFor: /^\w*$/ };
  const values = NO_VALUES.has(name) ? [] : await knownValues(name, typed, range);
  const options: Completion[] = values.map(({ value, count }, index) => ({
    label: value,
    apply: quoteValue(value),
    type: "text",
    detail: shortCount(count),
    boost: 90 - index,
  }));
  if (operator === "" && quote === "" && typed === "") options.push(...conditionOptions(reference));
  return options.length === 0 ? null : { from, options, filter: typed !== "" };
}

function levelOptions({ levels }: Reference): Completion[] {
  return levels.toReversed().map((level, index) => ({ label: level.toLowerCase(), type: "enum", boost: 20 - index }));
}

/** Further forms of conditions, as they are written behind the colon. */
function conditionOptions({ conditions }: Reference): Completion[] {
  return conditions
    .filter(({ usage }) => usage.startsWith("field:"))
    .map(({ usage, doc }, index) => ({ label: usage.slice("field:".length), type: "function", detail: doc, boost: -index }));
}

async function inPipe(context: CompletionContext, pipe: string, range: Span): Promise<CompletionResult | null> {
  const typed = WORD.exec(pipe)?.[0] ?? "";
  const before = pipe.slice(0, pipe.length - typed.length);
  if (typed === "" && !context.explicit && !/[\s(,]$/.test(before)) return null;
  const kind = /^\s*([a-z_]+)/i.exec(pipe)?.[1]?.toLowerCase() ?? "";
  const reference = await queryReference();
  const options: Completion[] = [];
  const counts = kind === "stats" || kind === "timeseries";
  const in_call = /\([^)]*$/.test(before);
  const grouped = /\bby\s[^()]*$/.test(before);
  if (counts && !in_call && !grouped) options.push(...functionOptions(reference.stats));
  if (counts && grouped) options.push({ label: "bucket(5m)", type: "function", detail: "Pieces of time.", boost: 60 });
  if (counts && !grouped && /\)\s*$/.test(before)) options.push({ label: "by", apply: "by ", type: "keyword", boost: 95 });
  if (kind === "eval" || kind === "stats" || kind === "expr") options.push(...functionOptions(reference.functions, -20));
  options.push(...(await fieldOptions(range, (name) => name)));
  return { from: context.pos - typed.length, options, validFor: /^[\p{L}\p{N}_.@$/-]*$/u };
}

function functionOptions(words: Reference["stats"], boost = 70): Completion[] {
  return words.map(({ name, usage, doc }, index) => ({
    label: name,
    displayLabel: usage,
    apply: /\(\)$/.test(usage) ? usage : `${name}(`,
    type: "function",
    detail: doc,
    boost: Math.max(-99, boost - index),
  }));
}
