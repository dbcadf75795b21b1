/** The text of a SQL statement as words, literals and signs. Lexical rules are PostgreSQL's, but names keep their case. */
import { SQL_DEPTH_MAX, SQL_LENGTH_MAX, SQL_TOKENS_MAX } from "../../../limits.ts";
import { fail, type Span } from "./fail.ts";

export interface Token extends Span {
  /** `word`: bare; `name`: in double quotes; `sign`: operators and punctuation. */
  kind: "word" | "name" | "text" | "number" | "sign";
  /** What is meant: quotes removed and escapes resolved; a word as it is written. */
  text: string;
  /** A word in small letters, else the text. */
  lower: string;
  /** Of a parenthesis or bracket: the index of the token that closes or opens it; else -1. */
  match: number;
}

const SPACE = /\s+/y;
const LINE_COMMENT = /--[^\r\n]*/y;
const WORD = /[\p{L}_][\p{L}\p{N}_$]*/uy;
const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const DOLLAR_TAG = /\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$/uy;
const PARAMETER = /\$\d+|:[\p{L}_]\w*|\?/uy;
/** Longest first. */
const SIGN = /->>|->|::|<=|>=|<>|!=|\|\||!~\*|!~|~\*|[-+*/%^<>=~(),.;[\]]/y;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]" };

/** @throws QuerySyntaxError where the text is too long, a quote is left open, or parentheses do not match or are nested too deep */
export function tokenize(source: string): Token[] {
  if (source.length > SQL_LENGTH_MAX) {
    const at = { position: SQL_LENGTH_MAX, end: SQL_LENGTH_MAX + 1 };
    fail(`a statement has at most ${SQL_LENGTH_MAX} characters, this one has ${source.length}`, at, source, "a shorter statement");
  }
  const tokens: Token[] = [];
  for (let position = skipSpace(source, 0); position < source.length; ) {
    const token = readToken(source, position);
    tokens.push(token);
    if (tokens.length > SQL_TOKENS_MAX)
      fail(`a statement has at most ${SQL_TOKENS_MAX} words and signs`, token, source, "a shorter statement");
    position = skipSpace(source, token.end);
  }
  matchParentheses(tokens, source);
  return tokens;
}

function matchAt(pattern: RegExp, source: string, position: number): string | null {
  pattern.lastIndex = position;
  return pattern.exec(source)?.[0] ?? null;
}

function skipSpace(source: string, from: number): number {
  let position = from;
  for (;;) {
    const space = matchAt(SPACE, source, position) ?? matchAt(LINE_COMMENT, source, position);
    if (space !== null) position += space.length;
    else if (source.startsWith("/*", position)) position = blockCommentEnd(source, position);
    else return position;
  }
}

/** Comments of this kind may hold others. */
function blockCommentEnd(source: string, from: number): number {
  let depth = 0;
  for (let position = from; position < source.length; position++) {
    if (source.startsWith("/*", position)) {
      depth++;
      position++;
    } else if (source.startsWith("*/", position)) {
      depth--;
      position++;
      if (depth === 0) return position + 1;
    }
  }
  return fail(`the comment opened at ${from} is not closed`, { position: from, end: from + 2 }, source, "*/");
}

function readToken(source: string, position: number): Token {
  const letter = source[position]!;
  if (letter === "'") return quoted(source, position, position, "text");
  if (letter === '"') return quoted(source, position, position, "name");
  if (/[eE]/.test(letter) && source[position + 1] === "'") return escapedText(source, position);
  if (/[uUbBxXnN]/.test(letter) && /^.(?:&)?'/.test(source.slice(position, position + 3))) {
    fail("only plain texts '…' and E'…' are possible", { position, end: position + 2 }, source, "a text in single quotes");
  }
  const word = matchAt(WORD, source, position);
  if (word !== null) return tokenOf("word", word, position, position + word.length);
  const number = matchAt(NUMBER, source, position);
  if (number !== null) return numberToken(source, number, position);
  if (letter === "$") return dollarText(source, position);
  const sign = matchAt(SIGN, source, position);
  if (sign !== null) return tokenOf("sign", sign, position, position + sign.length);
  return refuseLetter(source, position);
}

function tokenOf(kind: Token["kind"], text: string, position: number, end: number): Token {
  return { kind, text, lower: kind === "word" ? text.toLowerCase() : text, position, end, match: -1 };
}

function numberToken(source: string, number: string, position: number): Token {
  const end = position + number.length;
  if (matchAt(WORD, source, end) !== null)
    fail("a letter right after a number", { position: end, end: end + 1 }, source, "a space or a sign");
  return tokenOf("number", number, position, end);
}

/** Up to the closing quote; a doubled one stands for itself. */
function quoted(source: string, position: number, open: number, kind: "text" | "name"): Token {
  const mark = source[open]!;
  for (let at = open + 1; at < source.length; at++) {
    if (source[at] !== mark) continue;
    if (source[at + 1] === mark) at++;
    else {
      const text = source.slice(open + 1, at).replaceAll(mark + mark, mark);
      if (kind === "name" && text === "")
        fail("a name needs at least one letter", { position, end: at + 1 }, source, "a name between the quotes");
      // Columns that a plan makes for itself begin with U+0001.
      if (kind === "name" && text.includes("\u0001")) fail("a name cannot hold U+0001", { position, end: at + 1 }, source, "another name");
      return tokenOf(kind, text, position, at + 1);
    }
  }
  return fail(`the quote opened at ${position} is not closed`, { position, end: position + 1 }, source, `a closing ${mark}`);
}

/** `E'…'`: with backslashes as in C. */
function escapedText(source: string, position: number): Token {
  let text = "";
  for (let at = position + 2; at < source.length; at++) {
    const letter = source[at]!;
    if (letter === "'" && source[at + 1] !== "'") return tokenOf("text", text, position, at + 1);
    if (letter === "'") at++;
    if (letter !== "\\") {
      text += letter;
      continue;
    }
    const code = matchAt(/\\(?:x[0-9a-fA-F]{1,2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|U0010[0-9a-fA-F]{4})/y, source, at);
    if (code !== null) {
      text += String.fromCodePoint(Number.parseInt(code.slice(2), 16));
      at += code.length - 1;
    } else {
      const next = source[++at] ?? "";
      text += ESCAPES[next] ?? next;
    }
  }
  return fail(`the quote opened at ${position} is not closed`, { position, end: position + 2 }, source, "a closing '");
}

/** `$$…$$`, `$tag$…$tag$`. */
function dollarText(source: string, position: number): Token {
  const tag = matchAt(DOLLAR_TAG, source, position);
  if (tag === null) return refuseLetter(source, position);
  const end = source.indexOf(tag, position + tag.length);
  if (end < 0) fail(`the quote opened at ${position} is not closed`, { position, end: position + tag.length }, source, `a closing ${tag}`);
  return tokenOf("text", source.slice(position + tag.length, end), position, end + tag.length);
}

function refuseLetter(source: string, position: number): never {
  const parameter = matchAt(PARAMETER, source, position);
  if (parameter !== null) {
    const at = { position, end: position + parameter.length };
    fail("a statement takes no parameters", at, source, "the value itself, texts in single quotes");
  }
  const letter = String.fromCodePoint(source.codePointAt(position)!);
  const at = { position, end: position + letter.length };
  const names = letter === "@" || letter === "`" || letter === "#";
  return fail(
    `${letter} has no meaning here`,
    at,
    source,
    names ? 'a name with other letters in double quotes, such as "@timestamp"' : "a name, a value or an operator",
  );
}

/** Also bounds how deep parentheses and CASE are nested: recursion over the tree follows them. */
function matchParentheses(tokens: Token[], source: string): void {
  const open: number[] = [];
  let cases = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.kind === "word" && token.lower === "case") cases++;
    else if (token.kind === "word" && token.lower === "end" && cases > 0) cases--;
    if (token.kind === "sign" && token.text in CLOSING) open.push(index);
    if (open.length + cases > SQL_DEPTH_MAX)
      fail(`a statement is at most ${SQL_DEPTH_MAX} levels deep`, token, source, "fewer parentheses inside one another");
    if (token.kind !== "sign" || (token.text !== ")" && token.text !== "]")) continue;
    const opened = open.pop();
    const opening = opened === undefined ? null : tokens[opened]!;
    if (!opening || CLOSING[opening.text] !== token.text)
      fail(`there is no parenthesis open that ${token.text} would close`, token, source, "another part of the statement");
    opening!.match = index;
    token.match = opened!;
  }
  const left = open.pop();
  if (left === undefined) return;
  const at = { position: source.length, end: source.length };
  fail(`the parenthesis opened at ${tokens[left]!.position} is not closed`, at, source, `a closing ${CLOSING[tokens[left]!.text]}`);
}
