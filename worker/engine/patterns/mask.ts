/**
 * Masking: one pass over the bytes of a message that writes its masked form. Rules are tried in the order in which they stand here; each either
 * takes some bytes or leaves them to the next. Stateless: the same bytes give the same form, always and everywhere.
 */
import { viewOf } from "../batch/byte-hash.ts";
import {
  CLASS,
  DIGIT,
  DIGIT_SHIFT,
  GOES_ON,
  JOINER,
  LETTER,
  MASK,
  NOT_HEX,
  PERIOD,
  PERIOD_SHIFT,
  SPACE,
  STOP,
  UNDERSCORE,
  UPPER,
  VALUE_END,
  WORD,
} from "./byte-classes.ts";
import { Chunk, IS_DOTTED, IS_MASK, IS_NOTHING, IS_NUMBER, IS_NUMBERED, paddingEnd } from "./chunk.ts";
import { FORM_SIZE_BYTES_MAX, FORM_SLACK_BYTES, MaskedForm, onlyListBytes } from "./masked-form.ts";
import {
  hexGroupsEnd,
  listEnd,
  numberInParenthesesEnd,
  opensMemberValue,
  quotedNameEnd,
  quotedValueEnd,
  runEnd,
  urlEnd,
} from "./shapes.ts";
import { ENUMERATION_KEYS, MESSAGE_KEYS, SWITCHES } from "./vocabulary.ts";

const SPACE_BYTE = 0x20;
const OPEN_PARENTHESIS = 0x28;
const CLOSE_PARENTHESIS = 0x29;
const DASH = 0x2d;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
const NUMBERED_DIGITS_MAX = 3;
/** Units are not longer, and come behind numbers; nor are weekdays, months and time zones, which have capitals. */
const SHORT_WORD_LENGTH_MAX = 4;

const EMPTY: Uint8Array = new Uint8Array(0);
const EMPTY_VIEW = new DataView(EMPTY.buffer);

class Masker {
  readonly form = new MaskedForm();
  private readonly chunk = new Chunk();
  private bytes: Uint8Array = EMPTY;
  private view: DataView = EMPTY_VIEW;
  private start = 0;
  private end = 0;
  private keeps_dotted = false;
  private saw_dotted = false;

  run(bytes: Uint8Array, start: number, end: number): MaskedForm {
    this.pass(bytes, start, end, false);
    // A message that is nothing but dotted names says what it says by them.
    if (this.saw_dotted && !this.form.has_words) this.pass(bytes, start, end, true);
    this.bytes = EMPTY;
    this.view = EMPTY_VIEW;
    return this.form;
  }

  private pass(bytes: Uint8Array, start: number, end: number, keeps_dotted: boolean): void {
    const { form } = this;
    this.bytes = bytes;
    this.view = viewOf(bytes);
    this.start = start;
    this.end = end;
    this.keeps_dotted = keeps_dotted;
    this.saw_dotted = false;
    form.clear();
    let at = start;
    while (at < end && !form.full) {
      const byte = bytes[at]!;
      const kind = CLASS[byte]!;
      if ((kind & WORD) !== 0) at = this.takeText(at);
      else if ((kind & SPACE) !== 0) {
        form.space();
        at++;
      } else at = this.takePunctuation(at, byte);
    }
    form.dropSpace();
  }

  /**
   * Words and numbers with single spaces between them, which no rule needs to look at: most of any message. Bytes are written while they are
   * read, and what the form knows of its last token is held in variables meanwhile. Ends at the first chunk that is more than that, which its
   * own reader takes over, or at the first byte that is neither; returns where to go on.
   */
  private takeText(from: number): number {
    const { bytes, end, form } = this;
    const out = form.bytes;
    let { length, mask_end, numbered_start, after_number, has_words } = form;
    let at = from;
    let to = at;
    let flags = 0;
    let plain = true;
    while (length < FORM_SIZE_BYTES_MAX) {
      if (mask_end < 0 || !after_number || length - mask_end > 1) {
        const run_end = this.takeWords(at, length);
        if (run_end > at) {
          length += run_end - at;
          at = run_end;
          has_words = true;
          mask_end = -1;
          numbered_start = -1;
          if (at >= end || (CLASS[bytes[at]!]! & WORD) === 0) break;
          if (length >= FORM_SIZE_BYTES_MAX) break;
        }
      }
      const limit = Math.min(end, at + FORM_SLACK_BYTES);
      const chunk_length = length;
      let kind = 0;
      flags = 0;
      for (to = at; to < limit; to++) {
        const byte = bytes[to]!;
        kind = CLASS[byte]!;
        if ((kind & WORD) === 0) break;
        flags |= kind;
        out[length++] = byte;
      }
      plain = to === end || (to < limit && ((kind & (JOINER | GOES_ON)) === 0 || !this.goesOn(to, kind)));
      if (plain) {
        if ((flags & DIGIT) === 0) {
          const follows_number = after_number && mask_end >= 0 && chunk_length - mask_end <= 1;
          plain = to - at > SHORT_WORD_LENGTH_MAX ? (flags & NOT_HEX) !== 0 : (flags & UPPER) === 0 && !follows_number;
          if (plain) {
            has_words = true;
            mask_end = -1;
            numbered_start = -1;
          }
        } else {
          plain = (flags & (LETTER | UNDERSCORE)) === 0;
          if (plain) {
            if (mask_end >= 0 && onlyListBytes(out, mask_end, chunk_length)) length = mask_end;
            else {
              out[chunk_length] = MASK;
              length = chunk_length + 1;
              mask_end = length;
              numbered_start = -1;
            }
            after_number = true;
          }
        }
      }
      if (!plain) {
        length = chunk_length;
        break;
      }
      at = to;
      // A space and a word behind it: on it goes.
      if (at + 1 >= end || bytes[at] !== SPACE_BYTE || (CLASS[bytes[at + 1]!]! & WORD) === 0) break;
      out[length++] = SPACE_BYTE;
      at++;
    }
    form.length = Math.min(length, FORM_SIZE_BYTES_MAX);
    form.mask_end = mask_end;
    form.numbered_start = numbered_start;
    form.after_number = after_number;
    form.has_words = has_words;
    return plain ? at : this.takeShape(at, to, flags);
  }

  /**
   * Copies words of small letters that single spaces follow, four bytes a step, to the form's place `length`; returns where the first word begins
   * that it leaves. Four letters that are all hexadecimal digits end it: only words without any such four are surely none.
   */
  private takeWords(from: number, length: number): number {
    const { view, form } = this;
    const out = form.view;
    const last = Math.min(this.end, from + FORM_SIZE_BYTES_MAX - length) - 4;
    const shift = length - from;
    let word_at = from;
    let space_before = 0;
    // Four bytes side by side. Numbers stand here as they are: under a name the bundler would make variables of them.
    for (let at = from; at <= last; at += 4) {
      const word = view.getInt32(at, true);
      const low = word & 0x7f7f7f7f;
      const other = word ^ 0x20202020;
      const spaces = ~(((other & 0x7f7f7f7f) + 0x7f7f7f7f) | other) & 0x80808080;
      // From `a` on, and not past `z`: what is added lifts `{` to the eighth bit.
      const letters = ((word | 0x80808080) - 0x61616161) & ~(low + 0x05050505) & ~word & 0x80808080;
      if ((spaces & ((spaces << 8) | space_before)) !== 0) break;
      const others = (letters | spaces) ^ 0x80808080;
      if (others !== 0) {
        // What stands before the first other byte.
        const whole = spaces & (others - 1) & ~others;
        if (whole !== 0) {
          out.setInt32(at + shift, word, true);
          word_at = at + 4 - (Math.clz32(whole) >>> 3);
        }
        break;
      }
      // All of them hexadecimal: `g` is lifted to the eighth bit.
      if ((((low + 0x19191919) & 0x80808080) | spaces) === 0) break;
      out.setInt32(at + shift, word, true);
      space_before = spaces >>> 24;
      if (spaces !== 0) word_at = at + 4 - (Math.clz32(spaces) >>> 3);
    }
    return word_at;
  }

  /** Whether the byte behind a run of word bytes may make it part of something longer. */
  private goesOn(at: number, kind: number): boolean {
    const byte = this.bytes[at]!;
    if ((kind & JOINER) !== 0) return byte === DASH || this.isWord(at + 1);
    return byte === COLON || byte === OPEN_PARENTHESIS;
  }

  private takeShape(at: number, to: number, flags: number): number {
    const { bytes, end, form, chunk } = this;
    const kind = chunk.read(bytes, at, end, to, flags, form);
    if (kind === IS_NUMBER) form.mask(true);
    else if (kind === IS_MASK) {
      form.mask(false);
      return paddingEnd(bytes, at, chunk.end, end);
    } else if (kind === IS_NUMBERED) form.numberedWord(bytes, at, chunk.letters_end);
    else if (kind === IS_NOTHING) form.dropSpace();
    else if (kind === IS_DOTTED && !this.keeps_dotted) {
      this.saw_dotted = true;
      form.mask(false);
    } else return this.takeWord(at, chunk.end);
    return chunk.end;
  }

  /** A word; LOCAL(0) is a word with a number. */
  private takeWord(at: number, word_end: number): number {
    const { bytes, end, form } = this;
    if (word_end + 2 < end && bytes[word_end] === OPEN_PARENTHESIS && this.isDigit(word_end + 1)) {
      let close = word_end + 2;
      while (close < end && this.isDigit(close)) close++;
      if (close < end && bytes[close] === CLOSE_PARENTHESIS && close - word_end - 1 <= NUMBERED_DIGITS_MAX) {
        form.numberedWord(bytes, at, word_end);
        return close + 1;
      }
    }
    form.word(bytes, at, word_end);
    return word_end;
  }

  /** Returns where to go on. */
  private takePunctuation(at: number, byte: number): number {
    const { form } = this;
    switch (byte) {
      case 0x22: // "
      case 0x27: // '
      case 0x60: // `
        return this.takeQuote(at, byte);
      case 0x23: // #
        if (this.isDigit(at + 1) || this.isDigit(at - 1)) return at + 1;
        break;
      case OPEN_PARENTHESIS:
        if (this.isAfterSpace(at)) return this.takeParenthesis(at);
        break;
      case 0x2b: // +
      case DASH:
        if (this.isDigit(at + 1) && !this.isWord(at - 1)) return at + 1;
        break;
      case DOT:
      case SLASH:
      case BACKSLASH:
      case 0x7e: // ~
        return this.takePath(at, byte);
      case COLON: {
        const groups_end = this.byteAt(at + 1) === COLON && !this.isWord(at - 1) ? hexGroupsEnd(this.bytes, at, this.end) : -1;
        if (groups_end > 0) return this.maskTo(groups_end);
        break;
      }
      case LESS:
      case GREATER:
        if (this.isComparison(at)) return at + 1;
        break;
      case EQUALS:
        if (this.isWord(at - 1)) return this.takeValue(at);
        break;
      case 0x5b: {
        const list_end = listEnd(this.bytes, at, this.end);
        if (list_end > 0) return this.maskTo(list_end);
        break;
      }
    }
    form.separator(byte);
    return at + 1;
  }

  private takeQuote(at: number, quote: number): number {
    const { bytes, end } = this;
    let closed = -1;
    if (opensMemberValue(bytes, this.start, at)) closed = quotedValueEnd(bytes, at, end);
    else if (!this.isWord(at - 1)) closed = quotedNameEnd(bytes, at, end);
    if (closed > 0) return this.maskTo(closed);
    this.form.separator(quote);
    return at + 1;
  }

  private takeParenthesis(at: number): number {
    const { form } = this;
    if (this.byteAt(at + 1) === CLOSE_PARENTHESIS) {
      form.separator(OPEN_PARENTHESIS);
      form.mask(false);
      form.separator(CLOSE_PARENTHESIS);
      return at + 2;
    }
    const closed = numberInParenthesesEnd(this.bytes, at, this.end);
    if (closed > 0) {
      form.dropSpace();
      return closed;
    }
    form.separator(OPEN_PARENTHESIS);
    return at + 1;
  }

  /** "/a", "./a", "../a", "~/a", "\\a": where a path may begin, everything to the next stop. */
  private takePath(at: number, byte: number): number {
    let slash = at;
    if (byte === DOT || byte === 0x7e) {
      slash++;
      if (byte === DOT && this.byteAt(slash) === DOT) slash++;
    }
    const first = this.byteAt(slash);
    const next = this.byteAt(slash + 1);
    if ((first === SLASH || (first === BACKSLASH && slash === at)) && this.mayBeginPath(at) && next >= 0 && (CLASS[next]! & STOP) === 0) {
      const path_end = runEnd(this.bytes, slash + 1, this.end);
      if (path_end > slash + 1) return this.maskTo(path_end);
    }
    this.form.separator(byte);
    return at + 1;
  }

  private mayBeginPath(at: number): boolean {
    if (at === this.start) return true;
    const before = this.bytes[at - 1]!;
    return before === EQUALS || before === COLON || ((CLASS[before]! & STOP) !== 0 && before !== LESS);
  }

  /** "<1", "> 5": a bound of a number, not a bracket that is closed. */
  private isComparison(at: number): boolean {
    if (!this.isAfterSpace(at) || !this.isDigit(at + 1)) return false;
    let next = at + 1;
    while (next < this.end && (this.isDigit(next) || this.bytes[next] === DOT)) next++;
    return this.byteAt(next) !== GREATER;
  }

  /** "key=value": the value is a variable, unless it says which way the program went. */
  private takeValue(at: number): number {
    const { bytes, end, form } = this;
    const from = at + 1;
    form.separator(EQUALS);
    const first = this.byteAt(from);
    if (first < 0 || first === EQUALS) return from;
    if ((CLASS[first]! & STOP) !== 0) {
      const quoted = (first === 0x22 || first === 0x27) && !MESSAGE_KEYS.has(bytes, this.keyStart(at), at);
      const closed = quoted ? quotedValueEnd(bytes, from, end) : -1;
      return closed > 0 ? this.maskTo(closed) : from;
    }
    let to = from;
    let flags = 0;
    let digits = 0;
    let dots = 0;
    for (; to < end; to++) {
      const kind = CLASS[bytes[to]!]!;
      if ((kind & VALUE_END) !== 0) break;
      flags |= kind;
      digits += (kind & DIGIT) >> DIGIT_SHIFT;
      dots += (kind & PERIOD) >> PERIOD_SHIFT;
    }
    if ((flags & GOES_ON) !== 0 && hasScheme(bytes, from, to, end)) return this.maskTo(urlEnd(bytes, from, end));
    // A value that opens a bracket is a structure of its own: its name is a word.
    const stop = this.byteAt(to);
    if (digits === 0 && (stop === 0x7b || stop === OPEN_PARENTHESIS || stop === 0x5b)) return from;
    while (to > from + 1 && (bytes[to - 1] === DOT || bytes[to - 1] === COLON)) to--;
    if (SWITCHES.has(bytes, from, to)) return from;
    if (digits === 0 && ENUMERATION_KEYS.has(bytes, this.keyStart(at), at)) return from;
    form.mask(digits > 0 && digits + Math.min(dots, 1) === to - from);
    return to;
  }

  /** Where the last part of a key begins: "status" in "http.response_status". */
  private keyStart(key_end: number): number {
    let at = key_end;
    while (at > this.start && this.isWord(at - 1) && (CLASS[this.bytes[at - 1]!]! & UNDERSCORE) === 0) at--;
    return at;
  }

  private maskTo(end: number): number {
    this.form.mask(false);
    return end;
  }

  private byteAt(at: number): number {
    return at < this.end ? this.bytes[at]! : -1;
  }

  private isDigit(at: number): boolean {
    return at >= this.start && at < this.end && (CLASS[this.bytes[at]!]! & DIGIT) !== 0;
  }

  private isWord(at: number): boolean {
    return at >= this.start && at < this.end && (CLASS[this.bytes[at]!]! & WORD) !== 0;
  }

  private isAfterSpace(at: number): boolean {
    return at === this.start || (CLASS[this.bytes[at - 1]!]! & SPACE) !== 0;
  }
}

const masker = new Masker();

/** The masked form of the message `bytes[start .. end)`; valid until the next call. */
export function maskedForm(bytes: Uint8Array, start: number, end: number): MaskedForm {
  return masker.run(bytes, start, end);
}

/** Whether a colon of `bytes[start .. limit)` begins `://`, of which the slashes stand before `end`. */
function hasScheme(bytes: Uint8Array, start: number, limit: number, end: number): boolean {
  for (let at = start; at < limit && at + 2 < end; at++)
    if (bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH) return true;
  return false;
}
