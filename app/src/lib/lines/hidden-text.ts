/** Log lines are shown as they are, with everything that would hide, move or recolour text made visible. */

/** C0 and C1 controls but tab, bidirectional marks, zero-width and other invisible characters; not the joiners, which writing and emoji need. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these characters are what is looked for
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]/g;

/** The controls by the short names of ASCII. */
const C0 = "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US".split(" ");

export interface HiddenCharacter {
  at: number;
  length: number;
  /** What is shown in its place. */
  name: string;
}

function nameOf(character: string): string {
  const code = character.charCodeAt(0);
  if (character === "\n") return "↵";
  return C0[code] ?? (code === 0x7f ? "DEL" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`);
}

/** Characters without a look of their own, in order. @param keep_lines line ends stay line ends */
export function hiddenCharacters(text: string, keep_lines: boolean): HiddenCharacter[] {
  const found: HiddenCharacter[] = [];
  for (const match of text.matchAll(HIDDEN)) {
    const character = match[0];
    if (keep_lines && (character === "\n" || (character === "\r" && text[match.index + 1] === "\n"))) continue;
    found.push({ at: match.index, length: 1, name: nameOf(character) });
  }
  return found;
}
