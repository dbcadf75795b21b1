import { ATTRIBUTE_DEPTH_MAX } from "../../limits.ts";
import { type Draft, FALSE, JSON_TEXT, NULL, type Path, TRUE } from "./draft.ts";
import { ROLES } from "./fields.ts";

const MESSAGE = ROLES.indexOf("message");
const UNSAFE_DIGITS = /\d{16}/;

/**
 * JSON.parse that keeps whole numbers beyond ±2^53 as strings of their digits.
 * @throws SyntaxError
 */
export function parseExactJson(text: string): unknown {
  if (!UNSAFE_DIGITS.test(text)) return JSON.parse(text);
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source;
    const is_cut = typeof value === "number" && source !== undefined && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
    return is_cut ? source : value;
  };
  return JSON.parse(text, revive);
}

/** Adds every member of an object to the draft, nested names joined by dots. */
export function addRecord(draft: Draft, record: object): void {
  for (const [name, value] of Object.entries(record)) addValue(draft, draft.pathNamed(name.toWellFormed()), value, 0);
}

/** Adds a value as parsed from JSON under a path. @param depth of the object that holds it */
export function addValue(draft: Draft, path: Path, value: unknown, depth: number): void {
  if (typeof value === "string") draft.addText(path, value);
  else if (typeof value === "number") addNumber(draft, path, value);
  else if (typeof value === "boolean") draft.addLiteral(path, value ? TRUE : FALSE);
  else if (value === null || value === undefined) draft.addLiteral(path, NULL);
  else if (typeof value === "bigint") draft.addText(path, String(value));
  else if (typeof value === "object") addObject(draft, path, value, depth);
}

function addNumber(draft: Draft, path: Path, value: number): void {
  if (Number.isFinite(value)) draft.addNumber(path, value);
  else draft.addText(path, String(value));
}

function addObject(draft: Draft, path: Path, value: object, depth: number): void {
  const entries = Array.isArray(value) ? null : Object.entries(value);
  if (entries === null || entries.length === 0 || depth + 1 >= ATTRIBUTE_DEPTH_MAX || isWholeMessage(path)) {
    addWhole(draft, path, value, depth + 1);
    return;
  }
  for (const [name, inner] of entries) addValue(draft, draft.pathNamed(`${path.name}.${name.toWellFormed()}`), inner, depth + 1);
}

/** Whether an object under this path is the message itself and not a place of attributes. */
export function isWholeMessage(path: Path): boolean {
  return path.alias !== null && path.alias.role === MESSAGE && !path.alias.weak;
}

/**
 * Adds an array or object as one value: JSON, or a string of it where it is too deep to be worked with.
 * @param depth of the value itself
 * @param raw the JSON text it was parsed from, where there is one
 */
export function addWhole(draft: Draft, path: Path, value: object, depth: number, raw: string | null = null): void {
  const inner = isWholeMessage(path) ? stringValue(value) : null;
  if (inner !== null) draft.addText(path, inner);
  else if (depth >= ATTRIBUTE_DEPTH_MAX || depthOf(value) > ATTRIBUTE_DEPTH_MAX) draft.addText(path, raw ?? deepText(draft, path, value));
  else draft.addText(path, JSON.stringify(value), JSON_TEXT);
}

/** JSON.stringify runs out of stack some thousand levels down; nothing but the name is kept of such a value. */
function deepText(draft: Draft, path: Path, value: object): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    draft.markCut(path.name);
    return "";
  }
}

/** The text of a body as OpenTelemetry's JSON writes it: `{"stringValue": "…"}`. */
function stringValue(value: object): string | null {
  const inner = (value as { stringValue?: unknown }).stringValue;
  return typeof inner === "string" && Object.keys(value).length === 1 ? inner : null;
}

/** Nesting of arrays and objects, counted no further than needed. */
function depthOf(value: unknown): number {
  let level: unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= ATTRIBUTE_DEPTH_MAX) {
    const next: unknown[] = [];
    let has_objects = false;
    for (const item of level) {
      if (typeof item !== "object" || item === null) continue;
      has_objects = true;
      for (const inner of Object.values(item)) next.push(inner);
    }
    if (!has_objects) break;
    depth++;
    level = next;
  }
  return depth;
}
