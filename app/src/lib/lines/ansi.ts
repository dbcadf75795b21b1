/**
 * Colours of terminals (SGR sequences) as looks of ours: sixteen colours that can be read on both grounds, weight, slant, line. Finer colours
 * become the nearest of them, so that no line can hide its text in the ground. All other sequences stay in the text, visibly.
 */
export interface AnsiLook {
  colour: AnsiColour | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  /** Ground and text exchanged. */
  inverse: boolean;
}

export const ANSI_COLOURS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
export type AnsiColour = (typeof ANSI_COLOURS)[number];

export interface AnsiRun {
  text: string;
  look: AnsiLook | null;
}

const PLAIN: AnsiLook = { colour: null, bold: false, dim: false, italic: false, underline: false, strike: false, inverse: false };
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const SGR = /\u001b\[([\d;:]*)m/g;
/** More changes of colour than this belong to no log line. */
const RUNS_MAX = 500;

/** The text without its colours, in runs of one look each; null where there are none. */
export function ansiRuns(text: string): AnsiRun[] | null {
  if (!text.includes("\u001b[")) return null;
  const runs: AnsiRun[] = [];
  let look = PLAIN;
  let from = 0;
  for (const match of text.matchAll(SGR)) {
    if (runs.length >= RUNS_MAX) break;
    if (match.index > from) runs.push({ text: text.slice(from, match.index), look: isPlain(look) ? null : look });
    look = changed(look, (match[1] ?? "").split(/[;:]/).map(Number));
    from = match.index + match[0].length;
  }
  if (from === 0) return null;
  if (from < text.length) runs.push({ text: text.slice(from), look: isPlain(look) ? null : look });
  return runs;
}

function isPlain(look: AnsiLook): boolean {
  return look.colour === null && !look.bold && !look.dim && !look.italic && !look.underline && !look.strike && !look.inverse;
}

function changed(before: AnsiLook, codes: number[]): AnsiLook {
  const look = { ...before };
  for (let index = 0; index < codes.length; index++) {
    const code = codes[index] ?? 0;
    if (code === 0) Object.assign(look, PLAIN);
    else if (code === 1) look.bold = true;
    else if (code === 2) look.dim = true;
    else if (code === 3) look.italic = true;
    else if (code === 4) look.underline = true;
    else if (code === 7) look.inverse = true;
    else if (code === 9) look.strike = true;
    else if (code === 22) look.bold = look.dim = false;
    else if (code === 23) look.italic = false;
    else if (code === 24) look.underline = false;
    else if (code === 27) look.inverse = false;
    else if (code === 29) look.strike = false;
    else if (code >= 30 && code <= 37) look.colour = ANSI_COLOURS[code - 30] ?? null;
    else if (code >= 90 && code <= 97) look.colour = ANSI_COLOURS[code - 90] ?? null;
    else if (code === 39) look.colour = null;
    else if (code === 38 || code === 48) {
      const [colour, used] = fineColour(codes.slice(index + 1));
      if (code === 38) look.colour = colour;
      index += used;
    }
  }
  return look;
}

/** `5;n` or `2;r;g;b` as the nearest colour, and how many numbers it took. */
function fineColour([kind, first = 0, second = 0, third = 0]: number[]): [AnsiColour | null, number] {
  if (kind === 2) return [nearest(first, second, third), 4];
  if (kind !== 5) return [null, 0];
  if (first < 16) return [ANSI_COLOURS[first % 8] ?? null, 2];
  if (first >= 232) return ["white", 2];
  const cube = first - 16;
  return [nearest(Math.floor(cube / 36) * 51, (Math.floor(cube / 6) % 6) * 51, (cube % 6) * 51), 2];
}

function nearest(red: number, green: number, blue: number): AnsiColour {
  const middle = (Math.max(red, green, blue) + Math.min(red, green, blue)) / 2;
  if (Math.max(red, green, blue) - Math.min(red, green, blue) < 40) return "white";
  return ANSI_COLOURS[(red > middle ? 1 : 0) + (green > middle ? 2 : 0) + (blue > middle ? 4 : 0)] ?? "white";
}
