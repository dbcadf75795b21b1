/** A text of an event in the parts of which it is drawn: colours of terminals, marks, hidden characters. Always text, never markup. */
import { type AnsiLook, ansiRuns } from "./ansi.ts";
import { hiddenCharacters } from "./hidden-text.ts";
import type { MarkFinder, MarkRange } from "./marks.ts";

export interface LinePart {
  text: string;
  /** A line may end behind it, though no space is there. */
  breaks?: boolean;
  kind: "text" | "hidden" | "more";
  marked: boolean;
  look: AnsiLook | null;
}

export interface LineOptions {
  /** Line ends stay line ends. */
  keep_lines?: boolean;
  /** Lines end where the room does. Layout of a run without a space takes time by the square of its length: such runs are given places to end. */
  wraps?: boolean;
  /** Shown at most; what is left out is said. */
  length_max?: number;
  field?: string;
  find?: MarkFinder | null;
}

export function lineParts(
  text: string,
  { keep_lines = false, wraps = keep_lines, length_max = 100_000, field = "message", find = null }: LineOptions = {},
): LinePart[] {
  const cut = text.length > length_max ? text.slice(0, length_max) : text;
  const runs = ansiRuns(cut) ?? [{ text: cut, look: null }];
  const plain = runs.length === 1 ? (runs[0]?.text ?? "") : runs.map((run) => run.text).join("");
  const ranges = find ? find(field, plain) : [];
  const hidden = hiddenCharacters(plain, keep_lines);
  const uncut = ranges.length === 0 && hidden.length === 0 && runs.length === 1;
  const whole_parts = uncut ? whole(plain, runs[0]?.look ?? null) : cutUp(plain, runs, ranges, hidden);
  const parts = wraps ? whole_parts.flatMap(breakable) : whole_parts;
  if (cut.length < text.length) {
    parts.push({
      text: `… ${(text.length - cut.length).toLocaleString("en-US")} more characters`,
      kind: "more",
      marked: false,
      look: null,
    });
  }
  return parts;
}

const LONG_RUN = /[^\s-]{400,}/;
const PIECE_LENGTH = 100;

function breakable(part: LinePart): LinePart[] {
  if (part.text.length < 400 || !LONG_RUN.test(part.text)) return [part];
  const pieces = Array.from({ length: Math.ceil(part.text.length / PIECE_LENGTH) }, (_, index) =>
    part.text.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH),
  );
  // Halves of one character stay together.
  for (let index = 0; index < pieces.length - 1; index++) {
    const piece = pieces[index] ?? "";
    if (!/[\ud800-\udbff]$/.test(piece)) continue;
    pieces[index] = piece.slice(0, -1);
    pieces[index + 1] = piece.slice(-1) + (pieces[index + 1] ?? "");
  }
  return pieces.map((text) => ({ ...part, text, breaks: true }));
}

function whole(text: string, look: AnsiLook | null): LinePart[] {
  return text === "" ? [] : [{ text, kind: "text", marked: false, look }];
}

/** Cuts at every border of a run, a mark or a hidden character. */
function cutUp(
  plain: string,
  runs: readonly { text: string; look: AnsiLook | null }[],
  ranges: readonly MarkRange[],
  hidden: readonly { at: number; length: number; name: string }[],
): LinePart[] {
  const names = new Map(hidden.map(({ at, name }) => [at, name]));
  const borders = new Set<number>([plain.length]);
  for (const { from, to } of ranges) borders.add(from).add(to);
  for (const { at, length } of hidden) borders.add(at).add(at + length);
  let end = 0;
  const ends = runs.map((run) => {
    end += run.text.length;
    borders.add(end);
    return end;
  });
  const parts: LinePart[] = [];
  let from = 0;
  let run = 0;
  let range = 0;
  for (const border of [...borders].sort((one, other) => one - other)) {
    if (border <= from) continue;
    while (run < ends.length - 1 && (ends[run] ?? 0) <= from) run++;
    while (range < ranges.length && (ranges[range]?.to ?? 0) <= from) range++;
    const current = ranges[range];
    const marked = current !== undefined && current.from <= from && from < current.to;
    const name = names.get(from);
    parts.push({
      text: name ?? plain.slice(from, border),
      kind: name === undefined ? "text" : "hidden",
      marked,
      look: runs[run]?.look ?? null,
    });
    from = border;
  }
  return parts;
}
