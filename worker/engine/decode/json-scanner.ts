import { ATTRIBUTE_DEPTH_MAX } from "../../limits.ts";
import { hashEnd, hashStep } from "../batch/byte-hash.ts";
import { utf8Text } from "../batch/utf8.ts";
import { BODY, type Draft, FALSE, NULL, SCRATCH, TRUE } from "../normalize/draft.ts";
import { addWhole, isWholeMessage, parseExactJson } from "../normalize/flatten.ts";
import { type Edge, knownEdge, type Path, Step } from "../normalize/path.ts";
import { unescapeInto } from "./json-escapes.ts";
import { skipString, skipValue } from "./json-skip.ts";

const QUOTE = 0x22;
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

/** For each count of bytes below sixteen the four words that keep so many of them. */
const MASKS: Int32Array = (() => {
  const masks = new Int32Array(64);
  const bytes = new Uint8Array(masks.buffer);
  for (let count = 0; count < 16; count++) bytes.fill(0xff, count * 16, count * 16 + count);
  return masks;
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
  /** The key read last. */
  #edge: Edge;

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#edge = draft.headOf(draft.root);
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
    let edge = this.#draft.headOf(parent);
    for (let at = from, first = true; ; first = false) {
      const step = edge.next;
      if (step !== null && this.#stands(step, at)) {
        edge = step.edge;
        at += step.size_bytes;
      } else {
        at = this.#member(parent, edge, at, first);
        if (at < 0) return -1;
        if (first && this.#edge === edge) {
          if (depth > 0) addWhole(this.#draft, parent, {}, depth);
          return at;
        }
        edge = this.#edge;
      }
      at = b[at] === QUOTE ? this.#string(edge.path, at + 1) : this.#value(edge.path, b[at]! <= 0x20 ? this.#blank(at) : at, depth);
      if (at < 0) return at;
      if (b[at]! <= 0x20) at = this.#blank(at);
      if (at >= limit) return this.#fail(at, "");
      if (b[at] === CLOSE_OBJECT) return at + 1;
    }
  }

  /** Whether what the step says stands at the place, so that a value follows that is the value of the step's key. */
  #stands({ words, size_bytes }: Step, at: number): boolean {
    if (at + size_bytes >= this.#limit) return false;
    const view = this.#view;
    const last = words.length - 1;
    for (let index = 0; index < last; index++) if (view.getInt32(at + index * 4, true) !== words[index]) return false;
    return view.getInt32(at + size_bytes - 4, true) === words[last];
  }

  /**
   * Reads on to the next value: comma, key, colon. Leaves the key in `#edge`, which is the previous one where the object has no member.
   * @returns where the value begins or the empty object ends; -1 where something is broken
   */
  #member(parent: Path, previous: Edge, from: number, first: boolean): number {
    const b = this.#bytes;
    const { second } = previous;
    if (second !== null && this.#stands(second, from)) {
      previous.second = previous.next;
      previous.next = second;
      this.#edge = second.edge;
      return from + second.size_bytes;
    }
    let at = from;
    if (!first) {
      if (b[at] !== COMMA) return this.#fail(at, "a comma or a closing brace was expected");
      at++;
    }
    at = this.#blank(at);
    if (first && b[at] === CLOSE_OBJECT && at < this.#limit) {
      this.#edge = previous;
      return at + 1;
    }
    if (b[at] !== QUOTE || at >= this.#limit) return this.#fail(at, "a name in quotes was expected");
    const end = skipString(b, at + 1, this.#limit);
    if (end < 0) return this.#fail(-end - 1, "a name is broken");
    const edge = this.#edgeOf(parent, at + 1, end);
    if (edge === null) return -1;
    at = this.#blank(end + 1);
    if (b[at] !== COLON) return this.#fail(at, "a colon was expected");
    at = this.#blank(at + 1);
    if (edge.is_learnt) this.#learn(previous, edge, from, at);
    this.#edge = edge;
    return at;
  }

  #edgeOf(parent: Path, at: number, end: number): Edge | null {
    const known = knownEdge(parent, this.#bytes, at, end);
    if (known !== null) return known;
    const name = this.#name(at, end);
    return name === null ? null : this.#draft.learnEdge(parent, name, this.#bytes, at, end);
  }

  #learn(previous: Edge, edge: Edge, from: number, at: number): void {
    const step = Step.to(edge, this.#bytes.subarray(from, at));
    if (step === null) return;
    if (previous.next?.edge !== edge) previous.second = previous.next;
    previous.next = step;
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

  /** A string's content is hashed (see byte-hash.ts) on the way to its end, sixteen bytes a step; most strings are shorter. */
  #string(path: Path, start: number): number {
    const view = this.#view;
    const last = this.#bytes.length - 16;
    let hash = 0x2f0b4a27;
    for (let at = start; at <= last; at += 16) {
      const word0 = view.getInt32(at, true);
      const word1 = view.getInt32(at + 4, true);
      const word2 = view.getInt32(at + 8, true);
      const word3 = view.getInt32(at + 12, true);
      // Quotes change places with spaces, so that they stand next to the control characters; backslashes become zero.
      const turned0 = word0 ^ 0x02020202;
      const turned1 = word1 ^ 0x02020202;
      const turned2 = word2 ^ 0x02020202;
      const turned3 = word3 ^ 0x02020202;
      const slashes0 = word0 ^ 0x5c5c5c5c;
      const slashes1 = word1 ^ 0x5c5c5c5c;
      const slashes2 = word2 ^ 0x5c5c5c5c;
      const slashes3 = word3 ^ 0x5c5c5c5c;
      // The highest bit of a byte says that it ends a run of plain text; above the first of a word there may be false ones.
      const stops0 = (((turned0 - 0x21212121) & ~turned0) | ((slashes0 - 0x01010101) & ~slashes0)) & 0x80808080;
      const stops1 = (((turned1 - 0x21212121) & ~turned1) | ((slashes1 - 0x01010101) & ~slashes1)) & 0x80808080;
      const stops2 = (((turned2 - 0x21212121) & ~turned2) | ((slashes2 - 0x01010101) & ~slashes2)) & 0x80808080;
      const stops3 = (((turned3 - 0x21212121) & ~turned3) | ((slashes3 - 0x01010101) & ~slashes3)) & 0x80808080;
      if ((stops0 | stops1 | stops2 | stops3) !== 0) {
        // One bit a byte, in order; then without a branch, for lengths are hard to foresee.
        const low = (Math.imul(stops0 >>> 7, 0x01020408) >>> 24) | ((Math.imul(stops1 >>> 7, 0x01020408) >>> 20) & 0xf0);
        const high = (Math.imul(stops2 >>> 7, 0x01020408) >>> 24) | ((Math.imul(stops3 >>> 7, 0x01020408) >>> 20) & 0xf0);
        const marks = low | (high << 8);
        const count = 31 - Math.clz32(marks & -marks);
        const end = at + count;
        if (end >= this.#limit || this.#bytes[end] !== QUOTE) break;
        const mask = count * 4;
        hash = hashStep(hash, word0 & MASKS[mask]!, word1 & MASKS[mask + 1]!, word2 & MASKS[mask + 2]!, word3 & MASKS[mask + 3]!);
        this.#draft.addHashed(path, BODY, start, end, hashEnd(hash, end - start));
        return end + 1;
      }
      hash = hashStep(hash, word0, word1, word2, word3);
    }
    return this.#rareString(path, start);
  }

  /** A string with escapes, with something broken, or at the very end of the bytes. */
  #rareString(path: Path, start: number): number {
    const b = this.#bytes;
    const end = skipString(b, start, this.#limit);
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
