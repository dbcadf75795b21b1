import { Buffer } from "node:buffer";
import type { RE2JS } from "re2js";
import { Automaton } from "./automaton.ts";
import { Backtracker } from "./backtracker.ts";
import { type Node, UnsupportedRegex } from "./parse.ts";
import { compileProgram, type Program } from "./program.ts";
import { type RequiredTexts, requiredTexts, requiredWords } from "./required.ts";

const SCRATCH_SIZE_BYTES = 16 * 1024;
const scratch = Buffer.alloc(SCRATCH_SIZE_BYTES);
const encoder = new TextEncoder();

/** A text's UTF-8; in the scratch buffer where it fits, until the next text. */
function bytesOf(text: string): { bytes: Uint8Array; size: number } {
  if (text.length * 3 <= SCRATCH_SIZE_BYTES) return { bytes: scratch, size: encoder.encodeInto(text, scratch).written };
  const bytes = encoder.encode(text);
  return { bytes, size: bytes.length };
}

/**
 * An expression ready to match, in time linear in the text: by an automaton over bytes where it can be one, else by the library that
 * says what is valid.
 */
export class Matcher {
  /** Texts to look for before a row is tried; null where none is known. */
  readonly required: RequiredTexts | null;
  /** Lower-cased ASCII words that are whole words of every text that matches. */
  readonly words: readonly string[];
  readonly #library: RE2JS;
  readonly #program: Program | null;
  #automaton: Automaton | null = null;
  #backtracker: Backtracker | null = null;

  constructor(pattern: string, library: RE2JS) {
    this.#library = library;
    const compiled = compiledOrNull(pattern);
    this.#program = compiled?.program ?? null;
    this.required = compiled && requiredTexts(compiled.root);
    this.words = compiled ? requiredWords(compiled.root) : [];
    if (this.#program) this.#automaton = new Automaton(this.#program);
  }

  /** Whether the expression could be made an automaton. */
  get isAutomaton(): boolean {
    return this.#program !== null;
  }

  get groupCount(): number {
    return this.#library.groupCount();
  }

  test(text: string): boolean {
    if (!this.#automaton) return this.#library.test(text);
    const { bytes, size } = bytesOf(text);
    const met = this.#automaton.test(bytes, 0, size);
    this.#dropExhausted();
    return met;
  }

  /**
   * Whether it matches in `bytes[start .. end)`, a text of its own.
   * @param from no match begins before this place
   */
  testBytes(bytes: Buffer, start: number, end: number, from = start): boolean {
    if (!this.#automaton) return this.#library.test(bytes.toString("utf8", start, end));
    const met = this.#automaton.test(bytes, start, end, from);
    this.#dropExhausted();
    return met;
  }

  #dropExhausted(): void {
    if (this.#automaton?.exhausted) this.#automaton = null;
  }

  /**
   * Calls `visit` with the places of each match from the first to the last, as `replaceAll` takes them, until it answers false: begin and
   * end of the match and of each group in UTF-16 units, -1 where a group took no part. They are filled anew for each call.
   * @param matches it is known that there is a match
   */
  forEachMatch(text: string, visit: (places: Int32Array) => boolean, matches = false): void {
    if (!matches && this.#automaton && !this.test(text)) return;
    if (this.#program) {
      this.#backtracker ??= new Backtracker(this.#program);
      const { bytes, size } = bytesOf(text);
      if (this.#backtracker.takes(size)) {
        this.#visitByBacktracking(this.#backtracker, text, bytes, size, visit);
        return;
      }
    }
    this.#visitByLibrary(text, visit);
  }

  #visitByBacktracking(
    backtracker: Backtracker,
    text: string,
    bytes: Uint8Array,
    size: number,
    visit: (places: Int32Array) => boolean,
  ): void {
    const units = size === text.length ? null : unitsOfBytes(bytes, size);
    const places = new Int32Array(2 * this.groupCount + 2);
    let from = 0;
    while (from <= size && backtracker.find(bytes, 0, size, from, places)) {
      const end = places[1]!;
      from = end > places[0]! ? end : nextCharacter(bytes, end, size);
      if (units) for (let index = 0; index < places.length; index++) if (places[index]! >= 0) places[index] = units[places[index]!]!;
      if (!visit(places)) return;
    }
  }

  #visitByLibrary(text: string, visit: (places: Int32Array) => boolean): void {
    const matcher = this.#library.matcher(text);
    const places = new Int32Array(2 * this.groupCount + 2);
    while (matcher.find()) {
      for (let group = 0; group <= this.groupCount; group++) {
        places[2 * group] = matcher.start(group);
        places[2 * group + 1] = matcher.end(group);
      }
      if (!visit(places)) return;
    }
  }

  /**
   * What all of the first match (group 0) and its groups hold; null for a group that took no part, and without a match.
   * @param matches it is known that there is a match
   */
  groups(text: string, matches = false): (string | null)[] | null {
    let groups: (string | null)[] | null = null;
    this.forEachMatch(
      text,
      (places) => {
        groups = [];
        for (let index = 0; index < places.length; index += 2) {
          groups.push(places[index]! < 0 ? null : text.slice(places[index], places[index + 1]));
        }
        return false;
      },
      matches,
    );
    return groups;
  }
}

function compiledOrNull(pattern: string): { program: Program; root: Node } | null {
  try {
    return compileProgram(pattern);
  } catch (error) {
    if (error instanceof UnsupportedRegex) return null;
    throw error;
  }
}

function nextCharacter(bytes: Uint8Array, at: number, size: number): number {
  let next = at + 1;
  while (next < size && (bytes[next]! & 0xc0) === 0x80) next++;
  return next;
}

/** For each place among the bytes the number of UTF-16 units before it. */
function unitsOfBytes(bytes: Uint8Array, size: number): Uint32Array {
  const units = new Uint32Array(size + 1);
  let count = 0;
  for (let at = 0; at < size; at++) {
    units[at] = count;
    const byte = bytes[at]!;
    if ((byte & 0xc0) !== 0x80) count += byte >= 0xf0 ? 2 : 1;
  }
  units[size] = count;
  return units;
}
