import { QUERY_TERMS_MAX } from "../../limits.ts";
import { isPlainName, resolveField } from "./fields.ts";
import { QuerySyntaxError } from "./syntax-error.ts";

/** A text as it stood in the query. */
export interface TextToken {
  /** Between unescaped stars, which are runs of `*` taken as one. */
  parts: string[];
  /** All of it, stars included. */
  text: string;
  quoted: boolean;
  position: number;
}

const SPACE = /\s/;
const ENDS_BARE = /[\s()|"]/;
const ESCAPED: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };
/** What a backslash takes its meaning from, inside quotes; before anything else it stands for itself. */
const ESCAPABLE = "\"'\\*";
const FOUND_LENGTH_MAX = 40;

/** Reads a query's text from left to right. Every method that fails throws a QuerySyntaxError. */
export class Scanner {
  readonly source: string;
  /** Against which times such as `-15m` are taken. */
  readonly now_us: number;
  position = 0;
  #terms = 0;

  constructor(source: string, now_us: number) {
    this.source = source;
    this.now_us = now_us;
  }

  /** The character at the position; "" at the end. */
  get next(): string {
    return this.source[this.position] ?? "";
  }

  get atEnd(): boolean {
    return this.position >= this.source.length;
  }

  skipSpace(): void {
    while (!this.atEnd && SPACE.test(this.next)) this.position++;
  }

  /** Takes the text if it stands here. */
  take(text: string): boolean {
    if (!this.source.startsWith(text, this.position)) return false;
    this.position += text.length;
    return true;
  }

  /** Skips space and takes the mark if it is next. */
  takeMark(mark: string): boolean {
    const from = this.position;
    this.skipSpace();
    if (this.take(mark)) return true;
    this.position = from;
    return false;
  }

  expectMark(mark: string, expected: string): void {
    if (!this.takeMark(mark)) {
      this.skipSpace();
      this.fail(expected);
    }
  }

  /** What a sticky expression matches here; the position moves behind it. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.source);
    if (found) this.position = pattern.lastIndex;
    return found;
  }

  /** Whether one of these characters, space or the end stands here. */
  isDelimited(delimiters: string): boolean {
    return this.atEnd || SPACE.test(this.next) || delimiters.includes(this.next);
  }

  /** A text in double or single quotes, with the position on the opening one. */
  quoted(): TextToken {
    const position = this.position;
    const mark = this.next;
    this.position++;
    const reader = new TextReader();
    while (!this.atEnd && this.next !== mark) this.#readLetter(reader, false);
    if (this.atEnd) this.fail(`a closing ${mark}`, { message: "the quoted text has no end" });
    this.position++;
    return reader.finish(true, position);
  }

  /** A text without quotes: up to space, parentheses, `|`, `"` or one of the further ends. May be empty. */
  bare(ends = ""): TextToken {
    const position = this.position;
    const reader = new TextReader();
    while (!this.atEnd && !ENDS_BARE.test(this.next) && !ends.includes(this.next)) this.#readLetter(reader, true);
    return reader.finish(false, position);
  }

  /** A text in quotes or without. */
  text(ends: string, expected: string): TextToken {
    if (this.next === '"' || this.next === "'") return this.quoted();
    const token = this.bare(ends);
    if (token.text === "") this.fail(expected);
    return token;
  }

  /** A text in quotes whose backslashes keep their meaning for another language; only `\"` becomes the quote. */
  verbatim(expected: string): string {
    const mark = this.next;
    if (mark !== '"' && mark !== "'") this.fail(expected);
    const from = ++this.position;
    let text = "";
    while (!this.atEnd && this.next !== mark) {
      const unit = this.next === "\\" ? this.source.slice(this.position, this.position + 2) : this.next;
      text += unit === '\\"' || unit === "\\'" ? unit.slice(1) : unit;
      this.position += unit.length;
    }
    if (this.atEnd) this.fail(`a closing ${mark}`, { message: "the quoted text has no end", position: from - 1 });
    this.position++;
    return text;
  }

  /** A field's name, in quotes or without, as the column it means. */
  field(): string {
    this.skipSpace();
    const position = this.position;
    const name = this.next === '"' || this.next === "'" ? this.quoted().text : this.bare(",:").text;
    const plain = this.source[position] === '"' || this.source[position] === "'" || isPlainName(name);
    if (name === "" || !plain) this.fail("the name of a field", { position });
    return resolveField(name);
  }

  /** Takes a word of the language, whatever its case, if it is next. */
  takeWord(word: string): boolean {
    const from = this.position;
    this.skipSpace();
    const found = this.match(/[A-Za-z_]+/y);
    if (found && found[0].toLowerCase() === word) return true;
    this.position = from;
    return false;
  }

  /** Counts a condition against the bound. */
  countTerm(): void {
    if (++this.#terms > QUERY_TERMS_MAX)
      this.fail("a query of fewer conditions", { message: `a query has at most ${QUERY_TERMS_MAX} conditions` });
  }

  /** What stands at a position, for an error. */
  found(position: number): string {
    if (position >= this.source.length) return "the end";
    const word = /^\S+/.exec(this.source.slice(position, position + FOUND_LENGTH_MAX));
    return word ? word[0] : "a space";
  }

  fail(expected: string, details: { message?: string; position?: number; suggestion?: string | null; found?: string } = {}): never {
    const position = details.position ?? this.position;
    const found = details.found ?? this.found(position);
    const hint = details.suggestion ? `; did you mean ${details.suggestion}?` : "";
    const message = `${details.message ?? `expected ${expected}, found ${found}`} (at ${position})${hint}`;
    throw new QuerySyntaxError(message, { position, found, expected, suggestion: details.suggestion ?? null });
  }

  #readLetter(reader: TextReader, bare: boolean): void {
    const letter = this.next;
    const escaped = letter === "\\" ? (this.source[this.position + 1] ?? "") : "";
    if (letter === "*") reader.star();
    else if (escaped !== "" && (bare || ESCAPABLE.includes(escaped))) reader.add(escaped);
    else if (escaped !== "" && ESCAPED[escaped]) reader.add(ESCAPED[escaped]);
    else {
      reader.add(letter);
      this.position++;
      return;
    }
    this.position += letter === "*" ? 1 : 2;
  }
}

class TextReader {
  readonly #parts = [""];
  #text = "";

  add(letter: string): void {
    this.#text += letter;
    this.#parts[this.#parts.length - 1] += letter;
  }

  star(): void {
    this.#text += "*";
    if (this.#parts.length === 1 || this.#parts.at(-1) !== "") this.#parts.push("");
  }

  finish(quoted: boolean, position: number): TextToken {
    return { parts: this.#parts, text: this.#text, quoted, position };
  }
}
