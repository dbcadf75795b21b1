import { isTimeField, shortName } from "../fields.ts";
import { printFilter } from "../filters/filters.ts";
import { parseInnerFilter } from "../filters/parse-filter.ts";
import { printOutputName, readOutputName } from "../output-name.ts";
import type { StatsCall } from "../pipes/pipe-stats.ts";
import type { Scanner } from "../scanner.ts";
import { suggest } from "../suggest.ts";
import type { StatFunction } from "./stat.ts";
import { STATS_FUNCTIONS } from "./stats-functions.ts";
import { parseSource, printSource, type Source } from "./stats-source.ts";

const CALL = /([A-Za-z_][A-Za-z0-9_]*)\s*\(/y;
const NUMBER = /\s*(\d{1,12}(?:\.\d{1,12})?|\.\d{1,12})(?=[\s,)])/y;

/** `count()`, `quantile(0.95, duration_ms) where (service:api) as p`. */
export function parseCall(scanner: Scanner): StatsCall {
  const { name, known } = parseName(scanner);
  const parameters = parseParameters(scanner, known, "before");
  const source = parseField(scanner, name, known);
  parameters.push(...parseParameters(scanner, known, "after"));
  scanner.expectMark(
    ")",
    known.parameters?.place === "after" ? `a comma and ${known.parameters.expected}, or the closing )` : "the closing )",
  );
  const call: StatsCall = { name, ...(source ?? { field: null }), as: "" };
  if (parameters.length > 0) call.parameters = parameters;
  if (scanner.takeWord("where")) call.where = parseCondition(scanner);
  call.as = scanner.takeWord("as") ? readOutputName(scanner) : defaultName(call);
  return call;
}

export function printCall(call: StatsCall): string {
  const { name, parameters = [], where, as } = call;
  const before = STATS_FUNCTIONS[name]?.parameters?.place === "before";
  const source = call.field === null ? [] : [printSource(call as Source)];
  const inside = before ? [...parameters, ...source] : [...source, ...parameters];
  const condition = where ? ` where (${printFilter(where)})` : "";
  const named = as === defaultName(call) ? "" : ` as ${printOutputName(as)}`;
  return `${name}(${inside.join(", ")})${condition}${named}`;
}

function parseName(scanner: Scanner): { name: string; known: StatFunction } {
  scanner.skipSpace();
  const position = scanner.position;
  const names = Object.keys(STATS_FUNCTIONS);
  const found = scanner.match(CALL);
  const name = found?.[1]?.toLowerCase() ?? "";
  const known = Object.hasOwn(STATS_FUNCTIONS, name) ? STATS_FUNCTIONS[name] : undefined;
  if (known) return { name, known };
  const word = /^[A-Za-z0-9_]*/.exec(scanner.source.slice(position))?.[0] ?? "";
  const calls = names.map((each) => `${each}()`).join(", ");
  return scanner.fail(`one of the functions ${calls}`, { position, suggestion: suggest(word, names) });
}

function parseField(scanner: Scanner, name: string, known: StatFunction): Source | null {
  scanner.skipSpace();
  const position = scanner.position;
  if (scanner.next === ")") {
    if (known.field === "needed") scanner.fail(`the field that ${name} is taken of`);
    return null;
  }
  if (known.field === "none") scanner.fail("the closing )", { message: `${name} takes no field` });
  const source = parseSource(scanner);
  if (known.numbers_only && isTimeField(source.field))
    scanner.fail("a field of numbers", { position, message: `${name} is taken of numbers, not of times` });
  return source;
}

function parseParameters(scanner: Scanner, { parameters }: StatFunction, place: "before" | "after"): number[] {
  if (parameters?.place !== place) return [];
  if (place === "after" && !scanner.takeMark(",")) return [];
  scanner.skipSpace();
  const position = scanner.position;
  const found = scanner.match(NUMBER);
  const value = Number(found?.[1] ?? Number.NaN);
  if (!parameters.valid(value)) scanner.fail(parameters.expected, { position });
  if (place === "before") scanner.expectMark(",", "a comma and the field");
  return [value];
}

function parseCondition(scanner: Scanner): NonNullable<StatsCall["where"]> {
  scanner.expectMark("(", "a condition in parentheses after where");
  const filter = parseInnerFilter(scanner);
  scanner.expectMark(")", "the closing ) of the condition");
  return filter;
}

/** The name of a call's column where none is given. */
export function defaultName(call: StatsCall): string {
  const { name, field, expression, parameters = [] } = call;
  if (field === null) return name;
  if (expression) return `${name}(${printSource(call as Source)})`;
  const share = STATS_FUNCTIONS[name]?.parameters?.place === "before" ? `_${parameters.join("_")}` : "";
  return `${name}${share}_${shortName(field)}`;
}
