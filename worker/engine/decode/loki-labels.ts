import { RecordError } from "./records.ts";

const PAIR = /\s*([A-Za-z_][A-Za-z0-9_.:-]*)\s*=\s*("(?:[^"\\]|\\.)*"|`[^`]*`)\s*(,|\}|$)/y;

/**
 * Labels of a stream as Loki writes them: `{app="web", host="a\"b"}`.
 * @throws RecordError
 */
export function parseLabels(text: string): [name: string, value: string][] {
  const trimmed = text.trim();
  if (!trimmed.startsWith("{") || !trimmed.endsWith("}")) throw new RecordError('labels must be written {name="value", …}', "labels", text);
  const pairs: [string, string][] = [];
  const end = trimmed.length - 1;
  for (PAIR.lastIndex = 1; trimmed.slice(PAIR.lastIndex, end).trim() !== ""; ) {
    const match = PAIR.exec(trimmed);
    if (!match) throw new RecordError('labels must be written {name="value", …}', "labels", text);
    pairs.push([match[1]!, unquoted(match[2]!)]);
    if (match[3] !== ",") break;
  }
  return pairs;
}

function unquoted(quoted: string): string {
  const inner = quoted.slice(1, -1);
  if (quoted.startsWith("`") || !inner.includes("\\")) return inner;
  try {
    return JSON.parse(quoted.replaceAll(/\\x([0-9a-fA-F]{2})/g, "\\u00$1").replaceAll(/\\([av'])/g, "$1")) as string;
  } catch {
    return inner;
  }
}
