/**
 * A statement's tokens as text for the parsing library. The library sees words of SQL, signs, and numbered stand-ins for names and literals:
 * nothing of what a client wrote passes through its own rules for quotes, case and digits. Forms that it does not know are written as others
 * that it does.
 */
import { fail, type Span } from "./fail.ts";
import { isPart } from "./refuse.ts";
import type { Token } from "./tokens.ts";

/** One piece of the library's text, and the stretch of the statement that it stands for. */
export interface Piece extends Span {
  /** In the library's text. */
  from: number;
  to: number;
  text: string;
  /** Of a parenthesis: the index of the piece that closes or opens it; else -1. */
  match: number;
}

export interface NamePart {
  text: string;
  quoted: boolean;
}

export interface Rewritten {
  source: string;
  text: string;
  pieces: Piece[];
  /** What `"n0"`, `"n1"` … stand for. */
  names: (Span & { parts: NamePart[]; reversed: boolean })[];
  /** What `'0'`, `'1'` … stand for. */
  texts: { value: string; escaped_by: string | null }[];
  /** What the numbers 0, 1 … stand for. */
  numbers: string[];
  /** Tables before a star: `logs.*`. */
  stars: (Span & { name: string })[];
  /** GROUP BY ALL. */
  group_all: boolean;
}

/** Words that are never names, unless after a dot or AS. */
const KEYWORDS: ReadonlySet<string> = new Set(
  `select distinct all from where group by having order asc desc limit offset fetch and or not in between like ilike is null isnull notnull
   true false case when then else as cast`.split(/\s+/),
);
export const KEYWORD_NAMES: readonly string[] = [...KEYWORDS, "end", "filter", "within", "nulls"];

const UNITS = /^(?:microsecond|millisecond|second|minute|hour|day|week|month|quarter|year|decade|century|centuries)s?$/;
const TYPED: ReadonlySet<string> = new Set(["timestamp", "timestamptz", "date", "time", "interval", "datetime"]);
const NOW: ReadonlySet<string> = new Set(["current_timestamp", "localtimestamp", "current_date"]);
/** How IS [NOT] DISTINCT FROM and [NOT] SIMILAR TO are written for the library. */
export const STAND_INS: Readonly<Record<string, string>> = {
  distinct: "operator(d.<)",
  "not distinct": "operator(n.<)",
  similar: "operator(s.~)",
  "not similar": "operator(x.~)",
};

export function rewrite(tokens: readonly Token[], source: string): Rewritten {
  return new Rewriter(tokens, source).run();
}

class Rewriter {
  readonly #tokens: readonly Token[];
  readonly #out: Rewritten;
  readonly #open: number[] = [];
  #index = 0;
  #cases = 0;
  /** Tokens that stand for a comma: FROM and FOR in substring(), IN in position(). */
  readonly #commas = new Map<Token, "," | ", 1 ,">();

  constructor(tokens: readonly Token[], source: string) {
    this.#tokens = tokens;
    this.#out = { source, text: "", pieces: [], names: [], texts: [], numbers: [], stars: [], group_all: false };
  }

  run(): Rewritten {
    while (this.#index < this.#tokens.length) this.#step();
    return this.#out;
  }

  #at(offset = 0): Token | undefined {
    return this.#tokens[this.#index + offset];
  }

  #isWord(offset: number, ...words: string[]): boolean {
    const token = this.#at(offset);
    return token?.kind === "word" && words.includes(token.lower);
  }

  #isSign(offset: number, sign: string): boolean {
    const token = this.#at(offset);
    return token?.kind === "sign" && token.text === sign;
  }

  #span(count: number): Span {
    return { position: this.#at()!.position, end: this.#at(count - 1)!.end };
  }

  #emit(text: string, at: Span): void {
    const out = this.#out;
    const from = out.text.length;
    let match = -1;
    if (text === "(") this.#open.push(out.pieces.length);
    if (text === ")") {
      match = this.#open.pop()!;
      out.pieces[match]!.match = out.pieces.length;
    }
    out.pieces.push({ from, to: from + text.length, text, match, position: at.position, end: at.end });
    out.text += `${text} `;
  }

  /** Emits the text for the next `count` tokens. */
  #take(count: number, text: string): void {
    this.#emit(text, this.#span(count));
    this.#index += count;
  }

  #step(): void {
    const token = this.#at()!;
    const comma = this.#commas.get(token);
    if (comma === ", 1 ,") {
      this.#emit(",", token);
      this.#emitNumber("1", token);
      this.#take(1, ",");
    } else if (comma) this.#take(1, ",");
    else if (token.kind === "text") this.#text();
    else if (token.kind === "number") {
      this.#emitNumber(token.text, token);
      this.#index++;
    } else if (token.kind === "sign") this.#sign(token);
    else if (token.kind === "name" || isPart(this.#tokens, this.#index)) this.#name();
    else this.#word(token);
  }

  #sign(token: Token): void {
    if (token.text === "[" || token.text === "]" || token.text.startsWith("->")) {
      fail(`${token.text} is not possible here`, token, this.#out.source, "a name before it: attributes->>'name', attributes['name']");
    }
    this.#take(1, token.text);
  }

  #emitNumber(text: string, at: Span): void {
    this.#emit(String(this.#out.numbers.push(text) - 1), at);
  }

  #emitText(value: string, escaped_by: string | null, at: Span): void {
    this.#emit(`'${this.#out.texts.push({ value, escaped_by }) - 1}'`, at);
  }

  #emitName(parts: NamePart[], at: Span, reversed = false): void {
    this.#emit(`"n${this.#out.names.push({ parts, reversed, position: at.position, end: at.end }) - 1}"`, at);
  }

  /** A text, with the ESCAPE of a LIKE after it. */
  #text(): void {
    const escaped_by = this.#isWord(1, "escape") && this.#at(2)?.kind === "text" ? this.#at(2)!.text : null;
    const count = escaped_by === null ? 1 : 3;
    if (escaped_by !== null && [...escaped_by].length > 1)
      fail("ESCAPE takes one character", this.#at(2)!, this.#out.source, "one character, or none");
    this.#emitText(this.#at()!.text, escaped_by, this.#span(count));
    this.#index += count;
  }

  #word(token: Token): void {
    const { lower } = token;
    const typed = TYPED.has(lower) || lower === "timestamp" ? this.#typedLiteral() : false;
    if (typed || this.#composed(lower)) return;
    if (lower === "case") this.#cases++;
    if (lower === "end" && this.#cases > 0) {
      this.#cases--;
      this.#take(1, lower);
    } else if (KEYWORDS.has(lower)) this.#take(1, lower);
    else this.#name();
  }

  /** Forms of several words. */
  #composed(lower: string): boolean {
    const not = this.#isWord(1, "not") ? 1 : 0;
    const negated = not ? "not " : "";
    if (lower === "is" && this.#isWord(1 + not, "distinct") && this.#isWord(2 + not, "from"))
      this.#take(3 + not, STAND_INS[`${negated}distinct`]!);
    else if (lower === "is" && this.#isWord(1 + not, "unknown")) this.#take(2 + not, `is ${negated}null`);
    else if (lower === "not" && this.#isWord(1, "similar") && this.#isWord(2, "to")) this.#take(3, STAND_INS["not similar"]!);
    else if (lower === "similar" && this.#isWord(1, "to")) this.#take(2, STAND_INS.similar!);
    else if (lower === "limit" && this.#isWord(1, "all")) this.#index += 2;
    else if (lower === "group" && this.#isWord(1, "by") && this.#isWord(2, "all")) {
      this.#out.group_all = true;
      this.#index += 3;
    } else if (lower === "nulls" && this.#isWord(1, "first", "last")) this.#take(2, `nulls ${this.#at(1)!.lower}`);
    else if (lower === "filter" && this.#isSign(1, "(") && this.#isWord(2, "where")) this.#take(1, lower);
    else if (lower === "within" && this.#isWord(1, "group")) this.#take(2, "within group");
    else if (lower === "at" && this.#isWord(1, "time") && this.#isWord(2, "zone")) this.#take(3, "at time zone");
    else if (lower === "fetch" && this.#isWord(1, "first", "next")) this.#fetch();
    else if (this.#isWord(0, "row", "rows") && this.#at(-2)?.lower === "offset") this.#index++;
    else return this.#specialCall(lower);
    return true;
  }

  /** FETCH FIRST 10 ROWS ONLY is LIMIT 10. */
  #fetch(): void {
    const counted = this.#at(2)?.kind === "number" ? 1 : 0;
    if (!(this.#isWord(2 + counted, "row", "rows") && this.#isWord(3 + counted, "only"))) {
      fail("FETCH is written FETCH FIRST 10 ROWS ONLY", this.#at()!, this.#out.source, "LIMIT 10");
    }
    this.#emit("limit", this.#span(2));
    this.#emitNumber(counted ? this.#at(2)!.text : "1", this.#at(2)!);
    this.#index += 4 + counted;
  }

  /** Calls with words between their arguments, and those without parentheses. */
  #specialCall(lower: string): boolean {
    if (NOW.has(lower) && !this.#isSign(1, "(")) {
      const at = this.#at()!;
      this.#emitName([{ text: lower, quoted: false }], at);
      this.#emit("(", at);
      this.#take(1, ")");
      return true;
    }
    if (!this.#isSign(1, "(")) return false;
    const inner = this.#wordsInside();
    const extracted = lower === "extract" ? inner.find((word) => word.lower === "from") : undefined;
    if (extracted && this.#at(3) === extracted) {
      this.#emitName([{ text: "date_part", quoted: false }], this.#at()!);
      this.#emit("(", this.#at(1)!);
      this.#emitText(this.#at(2)!.text, null, this.#at(2)!);
      this.#commas.set(extracted, ",");
      this.#index += 3;
      return true;
    }
    const first = inner.find((word) => word.lower === (lower === "position" ? "in" : "from"));
    if (lower === "position" && first) this.#commas.set(first, ",");
    else if (lower === "trim" && first) return this.#trim(first);
    else if (lower === "substring") this.#substring(inner);
    else return false;
    this.#emitName([{ text: lower, quoted: false }], this.#at()!, lower === "position");
    this.#index++;
    return true;
  }

  /** Words directly between the parentheses that open next. */
  #wordsInside(): Token[] {
    const words: Token[] = [];
    for (let index = this.#index + 2; index < this.#at(1)!.match; index++) {
      const token = this.#tokens[index]!;
      if (token.kind === "word") words.push(token);
      else if (token.match > index) index = token.match;
    }
    return words;
  }

  #substring(inner: readonly Token[]): void {
    const from = inner.find(({ lower }) => lower === "from");
    const length = inner.find(({ lower }) => lower === "for");
    if (from) this.#commas.set(from, ",");
    if (length) this.#commas.set(length, from ? "," : ", 1 ,");
  }

  /** `trim(both 'x' from y)`: the characters come after the text, as in other calls. */
  #trim(from: Token): boolean {
    const side = this.#at(2)!.kind === "word" ? { both: "trim", leading: "ltrim", trailing: "rtrim" }[this.#at(2)!.lower] : undefined;
    const characters = this.#at(side ? 3 : 2) !== from;
    this.#emitName([{ text: side ?? "trim", quoted: false }], this.#at()!, characters);
    this.#emit("(", this.#at(1)!);
    this.#index += side ? 3 : 2;
    if (characters) this.#commas.set(from, ",");
    else this.#index++;
    return true;
  }

  /** `timestamp '…'`, `interval '1 hour'`, `interval '1' hour`, `interval 5 minutes`: CAST('…' AS type). */
  #typedLiteral(): boolean {
    const type = this.#at()!.lower;
    const value = this.#at(1);
    const counted =
      type === "interval" &&
      /^\s*[+-]?\d+(\.\d+)?\s*$/.test(value?.text ?? "") &&
      this.#at(2)?.kind === "word" &&
      UNITS.test(this.#at(2)!.lower);
    if (!counted && value?.kind !== "text") return false;
    if (counted && value!.kind !== "text" && value!.kind !== "number") return false;
    const count = counted ? 3 : 2;
    const at = this.#span(count);
    this.#emit("cast", at);
    this.#emit("(", at);
    this.#emitText(counted ? `${value!.text} ${this.#at(2)!.lower}` : value!.text, null, at);
    this.#emit("as", at);
    this.#emitName([{ text: type, quoted: false }], at);
    this.#emit(")", at);
    this.#index += count;
    return true;
  }

  /** A name with what follows its dots and arrows, or the name of a type in several words. */
  #name(): void {
    const begin = this.#index;
    const { lower } = this.#at()!;
    const parts: NamePart[] = [this.#part(0)];
    this.#index++;
    if ((lower === "double" && this.#isWord(0, "precision")) || (lower === "character" && this.#isWord(0, "varying"))) this.#index++;
    else if (
      (lower === "timestamp" || lower === "time") &&
      this.#isWord(0, "with", "without") &&
      this.#isWord(1, "time") &&
      this.#isWord(2, "zone")
    )
      this.#index += 3;
    else if (this.#chain(parts, begin)) return;
    const at = { position: this.#tokens[begin]!.position, end: this.#at(-1)!.end };
    this.#emitName(parts, at);
  }

  #part(offset: number): NamePart {
    const { text, kind } = this.#at(offset)!;
    return { text, quoted: kind !== "word" };
  }

  /** @returns whether the chain ended in a star, which is emitted */
  #chain(parts: NamePart[], begin: number): boolean {
    for (;;) {
      const next = this.#at(1);
      if (this.#isSign(0, ".") && next && (next.kind === "word" || next.kind === "name")) {
        parts.push(this.#part(1));
        this.#index += 2;
      } else if ((this.#isSign(0, "->") || this.#isSign(0, "->>")) && next?.kind === "text") {
        parts.push({ text: next.text, quoted: true });
        this.#index += 2;
      } else if (this.#isSign(0, "[") && next?.kind === "text" && this.#isSign(2, "]")) {
        parts.push({ text: next.text, quoted: true });
        this.#index += 3;
      } else if (this.#isSign(0, ".") && this.#isSign(1, "*")) {
        const at = { position: this.#tokens[begin]!.position, end: next!.end };
        this.#out.stars.push({ ...at, name: parts.map(({ text }) => text).join(".") });
        this.#index += 2;
        this.#emit("*", at);
        return true;
      } else return false;
    }
  }
}
