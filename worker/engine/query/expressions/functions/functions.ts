import { ARITHMETIC } from "./arithmetic.ts";
import { COMPARISONS } from "./comparison.ts";
import { CONDITIONS } from "./conditions.ts";
import { CONVERSIONS } from "./conversions.ts";
import type { ExpressionFunction } from "./function.ts";
import { JSONS } from "./json.ts";
import { NETWORK } from "./network.ts";
import { REGEXPS } from "./regexps.ts";
import { STRINGS } from "./strings.ts";
import { TIMES } from "./times.ts";

/** Functions and operators of expressions by their names, in the groups in which they are documented. */
export const FUNCTION_GROUPS: Readonly<Record<string, Readonly<Record<string, ExpressionFunction>>>> = {
  Conditions: CONDITIONS,
  Comparison: COMPARISONS,
  Arithmetic: ARITHMETIC,
  Texts: STRINGS,
  "Regular expressions": REGEXPS,
  JSON: JSONS,
  Conversion: CONVERSIONS,
  Times: TIMES,
  Networks: NETWORK,
};

const FUNCTIONS: ReadonlyMap<string, ExpressionFunction> = new Map(
  Object.values(FUNCTION_GROUPS).flatMap((group) => Object.entries(group)),
);

const NAMES: ReadonlyMap<string, string> = new Map(
  [...FUNCTIONS].flatMap(([name, { aliases = [] }]) => [name, ...aliases].map((own) => [own, name] as const)),
);

/** Every name under which a function can be called, operators left out. */
export const FUNCTION_NAMES: readonly string[] = [...NAMES.keys(), "now"].filter((name) => /^[a-z]/.test(name));

/** The entry of a function by the name that expressions hold. */
export function functionOf(name: string): ExpressionFunction | undefined {
  return FUNCTIONS.get(name);
}

/** The name that expressions hold for one of a function's names, in any case. */
export function functionName(name: string): string | null {
  return NAMES.get(name.toLowerCase()) ?? null;
}
