/** Log lines are shown as they are, with everything that would hide, move or recolour text made visible. */

export interface TextPart {
  text: string;
  /** A character that has no look of its own; `text` then names it. */
  hidden: boolean;
}

/** C0 and C1 controls but tab, bidirectional marks, zero-width and other invisible characters; not the joiners, which writing and emoji need. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
const NEWLINE = /\r\n|\r|\n/;

/** The controls by the short names of ASCII. */
const C0 = "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");

function nameOf(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\n") return "↵";
  return C0[code] ?? (code === 0x7f ? "DEL" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** The text in parts, hidden characters named. `keepLines`: line ends stay line ends. At most `length_max` characters are shown. */
export function visibleParts(text: string, options: { keepLines?: boolean; length_max?: number } = {}): TextPart[] {
  const { keepLines = false, length_max = Number.POSITIVE_INFINITY } = options;
  const shown = text.length > length_max ? text.slice(0, length_max) : text;
  const parts: TextPart[] = [];
  let from = 0;
  for (const match of shown.matchAll(HIDDEN)) {
    if (keepLines && NEWLINE.test(match[0])) continue;
    if (match.index > from) parts.push({ text: shown.slice(from, match.index), hidden: false });
    parts.push({ text: nameOf(match[0]), hidden: true });
    from = match.index + 1;
  }
  if (from < shown.length) parts.push({ text: shown.slice(from), hidden: false });
  if (shown.length < text.length) parts.push({ text: `… ${text.length - shown.length} more characters`, hidden: true });
  return parts;
}
