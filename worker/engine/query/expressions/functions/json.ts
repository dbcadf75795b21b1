import { parseExactJson } from "../../../normalize/flatten.ts";
import { scalarOf } from "../field-vector.ts";
import { type Scalar, textOf } from "../vector.ts";
import { type ExpressionFunction, scalar } from "./function.ts";

const STEP = /\.?(?:([^.[\]"$][^.[\]"]*)|"([^"]*)")|\[(\d{1,9})\]|\["([^"]*)"\]/y;

/** Names and places of a path such as `$.user.roles[0]`; null for what is no path. */
export function parsePath(path: string): (string | number)[] | null {
  const steps: (string | number)[] = [];
  let at = path.startsWith("$") ? 1 : 0;
  while (at < path.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(path);
    if (!found) return null;
    at = STEP.lastIndex;
    steps.push(found[3] === undefined ? (found[1] ?? found[2] ?? found[4] ?? "") : Number(found[3]));
  }
  return steps;
}

const paths = new Map<string, (string | number)[]>();
const PATHS_KEPT_MAX = 64;

function stepsOf(path: string): (string | number)[] {
  let steps = paths.get(path);
  if (!steps) {
    if (paths.size >= PATHS_KEPT_MAX) paths.clear();
    steps = parsePath(path) ?? [];
    paths.set(path, steps);
  }
  return steps;
}

/** Null where the text is no JSON or holds nothing there. */
export function jsonValue(text: string, steps: readonly (string | number)[]): Scalar {
  let value: unknown;
  try {
    value = parseExactJson(text);
  } catch {
    return null;
  }
  for (const step of steps) {
    if (typeof value !== "object" || value === null) return null;
    if (typeof step === "number" && !Array.isArray(value)) return null;
    if (!Object.hasOwn(value, step)) return null;
    value = (value as Record<string | number, unknown>)[step];
  }
  return scalarOf(value);
}

export const JSONS: Readonly<Record<string, ExpressionFunction>> = {
  json_extract: scalar({
    aliases: ["json_value", "json_extract_string"],
    parameters: [
      { name: "json", type: "text" },
      {
        name: "path",
        type: "text",
        constant: (value) => (typeof value === "string" && parsePath(value) ? null : 'a path such as "user.roles[0]"'),
      },
    ],
    result: "text",
    doc: "What stands at a path of a JSON text, as text; null where there is nothing, or no JSON.",
    example: ['json_extract(\'{"user":{"roles":["admin"]}}\', "user.roles[0]")', "admin"],
    of: (text: string, path: string) => textOf(jsonValue(text, stepsOf(path))),
  }),
};
