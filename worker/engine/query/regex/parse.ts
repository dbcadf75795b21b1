import { complement, folded, normalized, type Ranges } from "./ranges.ts";

/** A regular expression as a tree. */
export type Node =
  | { kind: "empty" }
  /** One of a set of characters. */
  | { kind: "set"; ranges: Ranges }
  | { kind: "concat"; parts: Node[] }
  | { kind: "alternate"; parts: Node[] }
  | { kind: "repeat"; part: Node; min: number; max: number; greedy: boolean }
  | { kind: "group"; part: Node; index: number }
  | { kind: "assert"; what: Assertion };

export type Assertion = "begin_text" | "end_text" | "begin_line" | "end_line" | "word_border";

/** Something that this parser leaves to the other engine. */
export class UnsupportedRegex extends Error {}

const DIGITS: Ranges = [0x30, 0x39];
const WORD: Ranges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a];
const SPACE: Ranges = [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20];
const PERL: Readonly<Record<string, Ranges>> = { d: DIGITS, w: WORD, s: SPACE };
const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: DIGITS,
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: WORD,
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};
const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
const NEWLINE = 10;
const NOT_NEWLINE = complement([NEWLINE, NEWLINE]);
const ANYTHING = complement([]);
const PUNCTUATION = /[!-/:-@[-`{-~]/;

interface Flags {
  any_case: boolean;
  lines: boolean;
  dot_all: boolean;
  swap_greed: boolean;
}

/**
 * The tree of an expression that is known to be valid in RE2's syntax.
 * @throws UnsupportedRegex for what is rare in searching logs: Unicode classes, octal escapes, `\B` (which would hold inside of a character's bytes)
 */
export function parseRegex(pattern: string): { root: Node; groups: number } {
  const parser = new Parser(pattern);
  const root = parser.alternation();
  if (!parser.atEnd) throw new UnsupportedRegex("a parenthesis too many");
  return { root, groups: parser.groups };
}

class Parser {
  groups = 0;
  readonly #pattern: string;
  #at = 0;
  #flags: Flags = { any_case: false, lines: false, dot_all: false, swap_greed: false };

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  get atEnd(): boolean {
    return this.#at >= this.#pattern.length;
  }

  alternation(): Node {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : { kind: "alternate", parts };
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#pattern);
    if (found) this.#at = pattern.lastIndex;
    return found;
  }

  #letter(): string {
    const letter = String.fromCodePoint(this.#pattern.codePointAt(this.#at) ?? 0);
    this.#at += letter.length;
    return letter;
  }

  #sequence(): Node {
    const parts: Node[] = [];
    while (!this.atEnd && !/[|)]/.test(this.#pattern[this.#at]!)) {
      if (this.#match(/\\Q/y)) for (const letter of this.#quoted()) parts.push(this.#literal(letter));
      else {
        const part = this.#atom();
        if (part) parts.push(part);
      }
      const last = parts.length - 1;
      for (let repeated = this.#repetition(parts[last]); repeated; repeated = this.#repetition(repeated)) parts[last] = repeated;
    }
    return parts.length === 1 ? parts[0]! : parts.length === 0 ? { kind: "empty" } : { kind: "concat", parts };
  }

  /** Up to `\E` or the end. */
  #quoted(): string[] {
    const end = this.#pattern.indexOf("\\E", this.#at);
    const text = this.#pattern.slice(this.#at, end < 0 ? undefined : end);
    this.#at = end < 0 ? this.#pattern.length : end + 2;
    return Array.from(text);
  }

  #repetition(part: Node | undefined): Node | null {
    const found = part && this.#match(/(?:[*+?]|\{(\d+)(,(\d*))?\})(\??)/y);
    if (!part || !found) return null;
    const [text, least, comma, most, lazy] = found;
    const greedy = (lazy === "") !== this.#flags.swap_greed;
    if (text.startsWith("*")) return { kind: "repeat", part, min: 0, max: Number.POSITIVE_INFINITY, greedy };
    if (text.startsWith("+")) return { kind: "repeat", part, min: 1, max: Number.POSITIVE_INFINITY, greedy };
    if (text.startsWith("?")) return { kind: "repeat", part, min: 0, max: 1, greedy };
    const min = Number(least);
    const max = comma === undefined ? min : most === "" || most === undefined ? Number.POSITIVE_INFINITY : Number(most);
    return { kind: "repeat", part, min, max, greedy };
  }

  /** Null for what only changes flags. */
  #atom(): Node | null {
    const letter = this.#letter();
    switch (letter) {
      case "(":
        return this.#group();
      case "[":
        return this.#class();
      case ".":
        return { kind: "set", ranges: this.#flags.dot_all ? ANYTHING : NOT_NEWLINE };
      case "^":
        return { kind: "assert", what: this.#flags.lines ? "begin_line" : "begin_text" };
      case "$":
        return { kind: "assert", what: this.#flags.lines ? "end_line" : "end_text" };
      case "\\":
        return this.#escape();
      default:
        return this.#literal(letter);
    }
  }

  #literal(letter: string): Node {
    const code = letter.codePointAt(0)!;
    return { kind: "set", ranges: this.#cased([code, code]) };
  }

  /** With the other cases of its letters, where case does not matter. */
  #cased(ranges: Ranges): Ranges {
    const all = this.#flags.any_case ? folded(ranges) : ranges;
    if (!all) throw new UnsupportedRegex("other cases of rare letters");
    return all;
  }

  #group(): Node | null {
    if (!this.#take("?")) return this.#inner(++this.groups);
    if (this.#match(/P?<[^>]*>/y)) return this.#inner(++this.groups);
    const found = this.#match(/([imsU]*)(?:-([imsU]*))?([:)])/y);
    if (!found) throw new UnsupportedRegex("a kind of group");
    const [, on = "", off = "", end] = found;
    const before = this.#flags;
    this.#flags = { ...before };
    for (const flag of on) this.#setFlag(flag, true);
    for (const flag of off) this.#setFlag(flag, false);
    if (end === ")") return null;
    const part = this.#inner(null);
    this.#flags = before;
    return part;
  }

  #setFlag(flag: string, value: boolean): void {
    if (flag === "i") this.#flags.any_case = value;
    else if (flag === "m") this.#flags.lines = value;
    else if (flag === "s") this.#flags.dot_all = value;
    else this.#flags.swap_greed = value;
  }

  /** Up to the closing parenthesis; flags that are set inside end with it. */
  #inner(index: number | null): Node {
    const before = this.#flags;
    this.#flags = { ...before };
    const part = this.alternation();
    this.#flags = before;
    if (!this.#take(")")) throw new UnsupportedRegex("an open parenthesis");
    return index === null ? part : { kind: "group", part, index };
  }

  #escape(): Node {
    const set = this.#perlSet();
    if (set) return { kind: "set", ranges: set };
    const letter = this.#pattern[this.#at]!;
    const assertions: Readonly<Record<string, Assertion>> = { A: "begin_text", z: "end_text", b: "word_border" };
    const what = assertions[letter];
    if (what) {
      this.#at++;
      return { kind: "assert", what };
    }
    return this.#literal(String.fromCodePoint(this.#escapedCode()));
  }

  /** The set of `\d`, `\W` and the like, behind the backslash; null where none stands there. */
  #perlSet(): Ranges | null {
    const letter = this.#pattern[this.#at] ?? "";
    const set = PERL[letter.toLowerCase()];
    if (!set) return null;
    this.#at++;
    const own = this.#cased(set);
    return letter === letter.toLowerCase() ? own : complement(own);
  }

  /** The character that an escape stands for. */
  #escapedCode(): number {
    const hex = this.#match(/x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/y);
    if (hex) return Number.parseInt(hex[1] ?? hex[2]!, 16);
    const letter = this.#letter();
    const control = CONTROL[letter];
    if (control !== undefined) return control;
    if (!PUNCTUATION.test(letter)) throw new UnsupportedRegex(`the escape \\${letter}`);
    return letter.codePointAt(0)!;
  }

  #class(): Node {
    const negated = this.#take("^");
    const ranges: number[] = [];
    for (let first = true; first || !this.#take("]"); first = false) {
      if (this.atEnd) throw new UnsupportedRegex("an open class");
      ranges.push(...this.#classPart());
    }
    const set = normalized(ranges);
    return { kind: "set", ranges: negated ? complement(set) : set };
  }

  #classPart(): Ranges {
    const posix = this.#match(/\[:(\^?)([a-z]+):\]/y);
    if (posix) {
      const own = POSIX[posix[2]!];
      if (!own) throw new UnsupportedRegex(`the class ${posix[0]}`);
      return posix[1] === "" ? this.#cased(own) : complement(this.#cased(own));
    }
    if (this.#match(/\\(?=[dwsDWS])/y)) return this.#perlSet()!;
    const first = this.#classCode();
    const last = this.#match(/-(?=[^\]])/y) ? this.#classCode() : first;
    if (last < first) throw new UnsupportedRegex("a range upside down");
    return this.#cased([first, last]);
  }

  #classCode(): number {
    return this.#take("\\") ? this.#escapedCode() : this.#letter().codePointAt(0)!;
  }
}
