import { ATTRIBUTE_DEPTH_MAX } from "../../../limits.ts";
import { parseExactJson } from "../../normalize/flatten.ts";
import { scalarOf } from "../expressions/field-vector.ts";
import type { Scalar } from "../expressions/vector.ts";

type Visit = (name: string, value: Scalar) => void;

/** Visits the members of a text that is a JSON object, nested names joined by dots; arrays are their JSON text. Other texts have none. */
export function visitJson(text: string, visit: Visit): void {
  if (!/^\s*\{/.test(text)) return;
  let object: unknown;
  try {
    object = parseExactJson(text);
  } catch {
    return;
  }
  visitMembers(object as Record<string, unknown>, "", 0, visit);
}

function visitMembers(object: Record<string, unknown>, prefix: string, depth: number, visit: Visit): void {
  for (const [name, value] of Object.entries(object)) {
    const whole_name = prefix + name.toWellFormed();
    const nested = typeof value === "object" && value !== null && !Array.isArray(value) && depth + 1 < ATTRIBUTE_DEPTH_MAX;
    if (nested) visitMembers(value as Record<string, unknown>, `${whole_name}.`, depth + 1, visit);
    else visit(whole_name, scalarOf(value));
  }
}

const PAIR = /([^\s="]+)=(?:"((?:[^"\\]|\\[\s\S])*)"|(\S*))/g;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Visits the pairs `name=value` and `name="quoted value"` of a text; what is no pair is passed over. */
export function visitLogfmt(text: string, visit: Visit): void {
  for (const [, name, quoted, bare] of text.matchAll(PAIR)) {
    const value = quoted?.replace(/\\([\s\S])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
    visit(name!, value ?? bare ?? null);
  }
}
