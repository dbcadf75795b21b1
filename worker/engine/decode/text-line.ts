import { digitRun, isDigit, isLetter } from "../normalize/clock.ts";
import { BODY, type Draft, Path } from "../normalize/draft.ts";
import type { LevelReader } from "../normalize/level.ts";
import { epochTime_us, type TimeReader } from "../normalize/time.ts";
import { AccessLineReader } from "./access-line.ts";
import { PairReader } from "./pairs.ts";
import { type Guesses, SyslogPrefixReader } from "./syslog-prefix.ts";

const ESCAPE = 0x1b;
const SPACE = 0x20;
const DASH = 0x2d;
const DOT = 0x2e;
const COLON = 0x3a;
const OPEN = 0x5b;
const LESS = 0x3c;
const BAR = 0x7c;
/** Words before a time that may be passed over. */
const WORDS_BEFORE_TIME_MAX = 2;
/** Words after the time among which a level is looked for. */
const LEVEL_WORDS_MAX = 8;
const WORD_SIZE_BYTES_MAX = 200;
const LEVEL_LETTERS = "TDIWEFV";

/** Finds time, level, pairs and what else a line of text tells beside its words. */
export class TextLineReader {
  #draft: Draft;
  #time: TimeReader;
  #levels: LevelReader;
  #pairs: PairReader;
  #access: AccessLineReader;
  #syslog: SyslogPrefixReader;
  readonly #severity_text = new Path("severity_text", null);
  /** Of the word read last, without what surrounds it. */
  #word_start = 0;
  #word_end = 0;

  constructor(draft: Draft, time: TimeReader, levels: LevelReader, guesses: Guesses) {
    this.#draft = draft;
    this.#time = time;
    this.#levels = levels;
    this.#pairs = new PairReader(draft);
    this.#access = new AccessLineReader(draft, time);
    this.#syslog = new SyslogPrefixReader(draft, time, guesses);
  }

  /** Adds to the draft what the line `b[start .. end)` tells. */
  read(b: Uint8Array, start: number, end: number): void {
    if (this.#access.read(b, start, end)) return;
    let at = start;
    if (b[at] === LESS) {
      at = this.#syslog.readPriority(b, start, end);
      const after = at > start ? this.#syslog.read5424(b, at, end) : at;
      if (after > at) {
        this.#pairs.read(b, after, end, false);
        return;
      }
    }
    const time_end = this.#findTime(b, at, end);
    const rest = time_end < 0 ? at : this.#afterTime(b, time_end, end);
    const first = skipSpace(b, rest, end);
    const only_pairs = this.#pairs.areAt(b, first, end);
    this.#pairs.read(b, first, end, only_pairs);
    if (this.#draft.level < 0 && !only_pairs) this.#findLevel(b, time_end < 0 || rest === time_end ? at : rest, end, time_end);
  }

  /** Sets the event's time from the beginning of the line; returns where the time ends, -1 where there is none. */
  #findTime(b: Uint8Array, start: number, end: number): number {
    let at = start;
    for (let words = 0; words <= WORDS_BEFORE_TIME_MAX; words++) {
      at = skipSpace(b, at, end);
      const word_end = wordEnd(b, at, end);
      if (word_end === at) return -1;
      const from = isOpening(b[at]!) ? at + 1 : at;
      const after = this.#timeAt(b, from, end, words === 0 || isLabel(b, start, at));
      if (after >= 0) return after;
      if (!this.#mayPrecedeTime(b, at, word_end)) return -1;
      at = word_end;
    }
    return -1;
  }

  #timeAt(b: Uint8Array, at: number, end: number, epoch_allowed: boolean): number {
    const time_us = this.#time.readPrefix(b, at, end);
    if (!Number.isNaN(time_us) && this.#time.has_clock && isBoundary(b, this.#time.end, end)) {
      this.#draft.time_us = time_us;
      return this.#time.end;
    }
    return epoch_allowed ? this.#epochAt(b, at, end) : -1;
  }

  /** Ten digits (seconds), with a fraction perhaps, or thirteen (milliseconds). */
  #epochAt(b: Uint8Array, at: number, end: number): number {
    const digits = digitRun(b, at, end);
    if (digits !== 10 && digits !== 13) return -1;
    let to = at + digits;
    const fraction = b[to] === DOT ? digitRun(b, to + 1, end) : 0;
    if (fraction > 0 && digits === 10) to += 1 + fraction;
    if (!isBoundary(b, to, end)) return -1;
    const time_us = epochTime_us(Number(String.fromCharCode(...b.subarray(at, to))));
    if (Number.isNaN(time_us) || this.#time.isTooFarAhead(time_us)) return -1;
    this.#draft.time_us = time_us;
    return to;
  }

  /** Words that lead to a time: levels, brackets, dashes, names of files and hosts; not plain words, since prose may go on to tell of any time. */
  #mayPrecedeTime(b: Uint8Array, start: number, end: number): boolean {
    if (isOpening(b[start]!) || (end === start + 1 && !isLetter(b[start]!))) return true;
    let has_digit = false;
    let has_mark = false;
    for (let at = start; at < end; at++) {
      if (isDigit(b[at]!)) has_digit = true;
      else if (b[at] === DOT || b[at] === DASH || b[at] === COLON) has_mark = true;
    }
    return (has_digit && has_mark) || isLabel(b, start, end) || this.#isLevelWord(b, start, end, false);
  }

  /** Passes `host program[pid]:` where the time is one that syslog writes. */
  #afterTime(b: Uint8Array, time_end: number, end: number): number {
    if (b[time_end] !== SPACE) return time_end;
    const start = skipSpace(b, time_end, end);
    const after = this.#syslog.readHostAndTag(b, start, end, this.#time.has_year);
    return after > start ? after : time_end;
  }

  /** Looks for a level among the first words from `start` on. @param time_end where the time ended, -1 without one */
  #findLevel(b: Uint8Array, start: number, end: number, time_end: number): void {
    let at = start;
    let only_numbers = time_end >= 0;
    for (let words = 0; words < LEVEL_WORDS_MAX; ) {
      at = skipSpace(b, at, end);
      const word_end = wordEnd(b, at, end);
      if (word_end === at) return;
      const in_time = at < time_end && time_end > start;
      this.#strip(b, at, word_end);
      if (this.#word_end > this.#word_start && !in_time) {
        const first = words === 0 && time_end >= 0;
        if (this.#takeLevel(b, at, word_end, first, only_numbers)) return;
        words++;
        if (!isNumberLike(b, this.#word_start, this.#word_end)) only_numbers = false;
      } else if (in_time && isGlog(b, this.#word_start, this.#word_end) && this.#letterLevel(b[this.#word_start]!)) return;
      at = word_end;
    }
  }

  #takeLevel(b: Uint8Array, at: number, word_end: number, first: boolean, after_numbers: boolean): boolean {
    const start = this.#word_start;
    const end = this.#word_end;
    if (end === start + 1) return after_numbers && this.#letterLevel(b[start]!);
    const marked = first || isOpening(b[at]!) || b[end] === COLON || b[end] === BAR || b[at] === ESCAPE || b[word_end - 1] === COLON;
    if (!this.#isLevelWord(b, start, end, marked)) return false;
    this.#draft.level = this.#levels.level;
    if (this.#levels.telling) this.#draft.addBytes(this.#severity_text, BODY, start, end);
    return true;
  }

  #letterLevel(letter: number): boolean {
    const character = String.fromCharCode(letter);
    if (!LEVEL_LETTERS.includes(character)) return false;
    const bytes = new Uint8Array([letter]);
    if (!this.#levels.read(bytes, 0, 1)) return false;
    this.#draft.level = this.#levels.level;
    return true;
  }

  /** Whether the word is a level. Unless something marks it as one, it must be in capitals. */
  #isLevelWord(b: Uint8Array, start: number, end: number, marked: boolean): boolean {
    if (end - start < 2) return false;
    for (let at = start; at < end; at++) {
      if (!isLetter(b[at]!) || (!marked && b[at]! >= 0x61)) return false;
    }
    return this.#levels.read(b, start, end) && !this.#levels.everyday;
  }

  /** Takes brackets, punctuation and terminal colours off a word. */
  #strip(b: Uint8Array, start: number, end: number): void {
    let from = start;
    let to = end;
    while (from < to && !isLetter(b[from]!) && !isDigit(b[from]!)) {
      if (b[from] === ESCAPE) while (from < to && b[from] !== 0x6d) from++;
      if (from < to) from++;
    }
    let at = from;
    while (at < to && (isLetter(b[at]!) || isDigit(b[at]!))) at++;
    // What follows the letters must be punctuation up to the end of the word, a colour or a bar: `java.lang.Error` is no level.
    if (at < to && b[at] !== ESCAPE && b[at] !== BAR && !isClosing(b, at, to)) at = from;
    this.#word_start = from;
    this.#word_end = at === from && from < to ? to : at;
    to = this.#word_end;
  }
}

function skipSpace(b: Uint8Array, at: number, end: number): number {
  while (at < end && (b[at] === SPACE || b[at] === 0x09)) at++;
  return at;
}

function wordEnd(b: Uint8Array, at: number, end: number): number {
  const limit = Math.min(end, at + WORD_SIZE_BYTES_MAX);
  while (at < limit && b[at] !== SPACE && b[at] !== 0x09) at++;
  return at;
}

function isOpening(byte: number): boolean {
  return byte === OPEN || byte === 0x28 || byte === LESS;
}

function isBoundary(b: Uint8Array, at: number, end: number): boolean {
  return at >= end || !(isLetter(b[at]!) || isDigit(b[at]!));
}

/** `-` and words in capitals alone, as some machines label lines. */
function isLabel(b: Uint8Array, start: number, end: number): boolean {
  let to = end;
  while (to > start && b[to - 1] === SPACE) to--;
  if (to === start + 1) return b[start] === DASH;
  for (let at = start; at < to; at++) if (!(b[at]! >= 0x41 && b[at]! <= 0x5a)) return false;
  return to > start;
}

function isClosing(b: Uint8Array, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (isLetter(b[at]!) || isDigit(b[at]!) || b[at]! >= 0x80) return false;
  return true;
}

function isNumberLike(b: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (isLetter(b[at]!) || b[at]! >= 0x80) return false;
  return true;
}

/** `I0102`: a level's letter, month and day. */
function isGlog(b: Uint8Array, start: number, end: number): boolean {
  return end === start + 5 && isLetter(b[start]!) && digitRun(b, start + 1, end) === 4;
}
