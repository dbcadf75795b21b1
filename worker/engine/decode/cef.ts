/** ArcSight's Common Event Format: `CEF:0|vendor|product|version|signature|name|severity|key=value …`. */
import { utf8Text } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";

const HEADER = /^CEF:\s*\d+\|/;
const HEADER_FIELDS = ["device_vendor", "device_product", "device_version", "signature_id", "name", "severity"] as const;
const EXTENSION_KEY = /(?:^|\s)([A-Za-z][\w.[\]-]*)=/g;
const KEYS_MAX = 512;
/** Index into LEVELS by severity: 0-3 low, 4-6 medium, 7-8 high, 9-10 very high. */
const LEVEL_OF_SEVERITY = [2, 2, 2, 2, 3, 3, 3, 4, 4, 5, 5];
const LEVEL_OF_WORD: Readonly<Record<string, number>> = { unknown: 2, low: 2, medium: 3, high: 4, "very-high": 5 };

/** Whether a text is CEF. */
export function isCef(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 0x43 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x46 && bytes[start + 3] === 0x3a;
}

function unescaped(text: string): string {
  return text.includes("\\")
    ? text.replaceAll(/\\([\\|=nr])/g, (_, mark: string) => (mark === "n" ? "\n" : mark === "r" ? "\r" : mark))
    : text;
}

/** Adds what the event says beside its words: attributes `cef.…`, and the level where nothing said it yet. */
export function addCef(draft: Draft, bytes: Uint8Array, start: number, end: number): void {
  const text = utf8Text(bytes.subarray(start, end));
  const begin = HEADER.exec(text)?.[0].length;
  if (begin === undefined) return;
  let at = begin;
  for (const field of HEADER_FIELDS) {
    let stop = at;
    while (stop < text.length && text[stop] !== "|") stop += text[stop] === "\\" ? 2 : 1;
    if (stop >= text.length) return;
    const value = unescaped(text.slice(at, stop));
    draft.addText(draft.pathNamed(`cef.${field}`), value);
    if (field === "severity" && draft.level < 0) draft.level = LEVEL_OF_SEVERITY[Number(value)] ?? LEVEL_OF_WORD[value.toLowerCase()] ?? -1;
    at = stop + 1;
  }
  addExtension(draft, text.slice(at));
}

/** Values go on to the next key. */
function addExtension(draft: Draft, text: string): void {
  const keys = [...text.matchAll(EXTENSION_KEY)].filter(({ index }) => text[index - 1] !== "\\").slice(0, KEYS_MAX);
  for (const [place, match] of keys.entries()) {
    const from = match.index + match[0].length;
    const value = unescaped(text.slice(from, keys[place + 1]?.index ?? text.length).trim());
    if (value !== "") draft.addText(draft.pathNamed(`cef.${match[1]!}`), value);
  }
}
