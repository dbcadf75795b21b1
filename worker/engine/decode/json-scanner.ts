import { ATTRIBUTE_DEPTH_MAX } from "../../limits.ts";
import { utf8Text } from "../batch/utf8.ts";
import { BODY, type Draft, type Edge, FALSE, NULL, type Path, SCRATCH, TRUE } from "../normalize/draft.ts";
import { addWhole, isWholeMessage, parseExactJson } from "../normalize/flatten.ts";
import { unescapeInto } from "./json-escapes.ts";
import { skipString, skipValue } from "./json-skip.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const COLON = 0x3a;
const COMMA = 0x2c;
const DASH = 0x2d;
const DOT = 0x2e;
/** A double holds any number of so many digits exactly. */
const EXACT_DIGITS = 15;
const POWERS_OF_TEN = Array.from({ length: 23 }, (_, exponent) => 10 ** exponent);

/** 1 for the bytes that end a run of plain string content: quote, backslash, control characters. */
const STOP: Uint8Array = (() => {
  const table = new Uint8Array(256);
  table.fill(1, 0, 0x20);
  table[QUOTE] = 1;
  table[BACKSLASH] = 1;
  return table;
})();

/**
 * Reads one JSON object from bytes straight into a draft, nested objects flattened. It accepts what JSON.parse accepts,
 * and NaN and Infinity as Python writes them (kept as text); arrays and what is nested too deeply pass through JSON.parse.
 */
export class JsonScanner {
  /** What was wrong where, after `scan` returned -1. */
  error = "";
  error_at = 0;
  #draft: Draft;
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #limit = 0;
  #after_key = 0;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Reads the object that begins at `at`; returns where it ends, or -1. Nothing from `limit` on is looked at. The bytes must be valid UTF-8. */
  scan(bytes: Uint8Array, at: number, limit: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    this.#limit = limit;
    return this.#object(this.#draft.root, at + 1, 0);
  }

  #fail(at: number, message: string): number {
    this.error_at = at;
    this.error = at >= this.#limit ? "the text ends inside the event" : message;
    return -1;
  }

  #blank(from: number): number {
    const b = this.#bytes;
    let at = from;
    for (let byte = b[at]; byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = b[at]) at++;
    return at;
  }

  /** The members of an object up to its closing brace. */
  #object(parent: Path, from: number, depth: number): number {
    const b = this.#bytes;
    const limit = this.#limit;
    let at = this.#blank(from);
    if (b[at] === CLOSE_OBJECT && at < limit) {
      if (depth > 0) addWhole(this.#draft, parent, {}, depth);
      return at + 1;
    }
    let edge = this.#draft.headOf(parent);
    for (;;) {
      if (b[at] !== QUOTE || at >= limit) return this.#fail(at, "a name in quotes was expected");
      const key = this.#key(parent, edge, at + 1);
      if (key === null) return -1;
      edge = key;
      at = this.#after_key;
      if (b[at]! <= 0x20) at = this.#blank(at);
      if (b[at] !== COLON) return this.#fail(at, "a colon was expected");
      at++;
      if (b[at]! <= 0x20) at = this.#blank(at);
      at = this.#value(edge.path, at, depth);
      if (at < 0) return -1;
      if (b[at]! <= 0x20) at = this.#blank(at);
      if (at >= limit) return this.#fail(at, "");
      if (b[at] === CLOSE_OBJECT) return at + 1;
      if (b[at] !== COMMA) return this.#fail(at, "a comma or a closing brace was expected");
      at++;
      if (b[at]! <= 0x20) at = this.#blank(at);
    }
  }

  /** The key at the place, which mostly is the one that followed the previous key before; null where it is broken. */
  #key(parent: Path, previous: Edge, at: number): Edge | null {
    const b = this.#bytes;
    const next = previous.next;
    if (next !== null && this.#stands(next, at)) {
      this.#after_key = at + next.quoted.length;
      return next;
    }
    const end = skipString(b, at, this.#limit);
    if (end < 0) {
      this.#fail(-end - 1, "a name is broken");
      return null;
    }
    this.#after_key = end + 1;
    const second = previous.second;
    let edge = second !== null && this.#stands(second, at) ? second : this.#draft.knownEdge(parent, b, at, end);
    if (edge === null) {
      const name = this.#name(at, end);
      if (name === null) return null;
      edge = this.#draft.learnEdge(parent, name, b, at, end);
      if (!edge.is_learnt) return edge;
    }
    previous.second = next;
    previous.next = edge;
    return edge;
  }

  /** Whether the edge's key stands at the place. */
  #stands(edge: Edge, at: number): boolean {
    const size_bytes = edge.quoted.length;
    if (at + size_bytes > this.#limit) return false;
    const { words } = edge;
    const view = this.#view;
    if (words.length === 0) return this.#standsByBytes(edge.quoted, at);
    const last = words.length - 1;
    if (view.getInt32(at + size_bytes - 4) !== words[last]) return false;
    for (let index = 0; index < last; index++) if (view.getInt32(at + index * 4) !== words[index]) return false;
    return true;
  }

  #standsByBytes(quoted: Uint8Array, at: number): boolean {
    for (let index = 0; index < quoted.length; index++) if (this.#bytes[at + index] !== quoted[index]) return false;
    return true;
  }

  #name(at: number, end: number): string | null {
    const raw = utf8Text(this.#bytes.subarray(at, end));
    if (!raw.includes("\\")) return raw;
    try {
      return (JSON.parse(`"${raw}"`) as string).toWellFormed();
    } catch {
      this.#fail(at, "a name has an escape that JSON does not know");
      return null;
    }
  }

  #value(path: Path, at: number, depth: number): number {
    if (at >= this.#limit) return this.#fail(at, "");
    const byte = this.#bytes[at]!;
    switch (byte) {
      case QUOTE:
        return this.#string(path, at + 1);
      case OPEN_OBJECT:
        if (depth + 1 >= ATTRIBUTE_DEPTH_MAX || isWholeMessage(path)) return this.#whole(path, at, depth + 1);
        return this.#object(path, at + 1, depth + 1);
      case OPEN_ARRAY:
        return this.#whole(path, at, depth + 1);
      case 0x74:
        return this.#literal(path, at, "true", TRUE);
      case 0x66:
        return this.#literal(path, at, "false", FALSE);
      case 0x6e:
        return this.#literal(path, at, "null", NULL);
      case 0x4e:
        return this.#notFinite(path, at, at, "NaN");
      case 0x49:
        return this.#notFinite(path, at, at, "Infinity");
      default:
        return this.#number(path, at);
    }
  }

  #string(path: Path, start: number): number {
    const b = this.#bytes;
    const limit = this.#limit;
    let at = start;
    while (at < limit && STOP[b[at]!] === 0) at++;
    if (at < limit && b[at] === QUOTE) {
      this.#draft.addBytes(path, BODY, start, at);
      return at + 1;
    }
    const end = skipString(b, at, limit);
    if (end < 0) return this.#fail(-end - 1, "a text has a control character in it that JSON does not allow");
    const draft = this.#draft;
    const from = draft.scratch_used;
    draft.reserveScratch(end - start);
    const used = unescapeInto(draft.scratch, from, b, start, end);
    if (used < 0) return this.#fail(-used - 1, "a text has an escape that JSON does not know");
    draft.scratch_used = used;
    draft.addBytes(path, SCRATCH, from, used);
    return end + 1;
  }

  #literal(path: Path, at: number, word: string, kind: typeof TRUE | typeof FALSE | typeof NULL): number {
    if (!this.#isWord(at, word)) return this.#fail(at, "a value was expected");
    this.#draft.addLiteral(path, kind);
    return at + word.length;
  }

  #notFinite(path: Path, start: number, at: number, word: string): number {
    if (!this.#isWord(at, word)) return this.#fail(at, "a value was expected");
    this.#draft.addBytes(path, BODY, start, at + word.length);
    return at + word.length;
  }

  #isWord(at: number, word: string): boolean {
    for (let index = 0; index < word.length; index++) if (this.#bytes[at + index] !== word.charCodeAt(index)) return false;
    return true;
  }

  #number(path: Path, start: number): number {
    const b = this.#bytes;
    let at = start;
    const negative = b[at] === DASH;
    if (negative) at++;
    const digits_at = at;
    let mantissa = 0;
    let digit = b[at]! - 0x30;
    for (; digit >= 0 && digit <= 9; digit = b[++at]! - 0x30) mantissa = mantissa * 10 + digit;
    let digits = at - digits_at;
    if (digits === 0)
      return b[at] === 0x49 && negative ? this.#notFinite(path, start, at, "Infinity") : this.#fail(at, "a value was expected");
    if (digits > 1 && b[digits_at] === 0x30) return this.#fail(digits_at, "a number may not begin with 0");
    let decimals = 0;
    if (b[at] === DOT) {
      const fraction_at = ++at;
      digit = b[at]! - 0x30;
      for (; digit >= 0 && digit <= 9; digit = b[++at]! - 0x30) mantissa = mantissa * 10 + digit;
      decimals = at - fraction_at;
      digits += decimals;
      if (decimals === 0) return this.#fail(at, "digits were expected after the point");
    }
    if (digits > EXACT_DIGITS || (b[at]! | 0x20) === 0x65) return this.#longNumber(path, start, at, decimals > 0);
    const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
    this.#draft.addNumber(path, negative ? -value : value);
    return at;
  }

  /** Numbers with an exponent or more digits than a double surely holds. @param at after the digits */
  #longNumber(path: Path, start: number, at: number, has_point: boolean): number {
    const b = this.#bytes;
    let end = at;
    let whole = !has_point;
    if ((b[end]! | 0x20) === 0x65) {
      whole = false;
      end++;
      if (b[end] === 0x2b || b[end] === DASH) end++;
      const exponent_at = end;
      while (b[end]! >= 0x30 && b[end]! <= 0x39) end++;
      if (end === exponent_at) return this.#fail(end, "digits were expected in the exponent");
    }
    const value = Number(utf8Text(b.subarray(start, end)));
    if (!Number.isFinite(value) || (whole && !Number.isSafeInteger(value))) this.#draft.addBytes(path, BODY, start, end);
    else this.#draft.addNumber(path, value);
    return end;
  }

  /** An array, or an object that stays one. */
  #whole(path: Path, start: number, depth: number): number {
    const end = skipValue(this.#bytes, start, this.#limit);
    if (end < 0) return this.#fail(this.#limit, "");
    const raw = utf8Text(this.#bytes.subarray(start, end));
    try {
      addWhole(this.#draft, path, parseExactJson(raw) as object, depth, raw);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return this.#fail(start, "an array or object is broken");
    }
    return end;
  }
}
