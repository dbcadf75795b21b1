import { QUERY_BACKTRACKS_MAX } from "../../../limits.ts";
import { holds, sideOf } from "./automaton.ts";
import { ASSERT, BYTE, MATCH, type Program, SPLIT } from "./program.ts";

/**
 * Finds where an expression matches and what its groups hold: of the matches that begin first the one that the order of alternatives and
 * repetitions prefers. Each node is tried once at each place (RE2's BitState), so that time is linear in the text.
 */
export class Backtracker {
  readonly #program: Program;
  /** Bytes with which a match can begin; null where it may be empty. */
  readonly #first_bytes: Uint8Array | null;
  #visited = new Uint32Array(64);
  #stack = new Int32Array(256);
  #depth = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#first_bytes = firstBytes(program);
  }

  /** Whether a text of so many bytes is small enough. */
  takes(size_bytes: number): boolean {
    return this.#program.ops.length * (size_bytes + 1) <= QUERY_BACKTRACKS_MAX;
  }

  /**
   * @param from no match begins before this place
   * @param places filled with begin and end of the match and of each group, -1 where a group took no part
   * @returns whether there is a match in `bytes[start .. end)`
   */
  find(bytes: Uint8Array, start: number, end: number, from: number, places: Int32Array): boolean {
    const words = (this.#program.ops.length * (end - start + 1) + 31) >>> 5;
    if (words > this.#visited.length) this.#visited = new Uint32Array(words);
    else this.#visited.fill(0, 0, words);
    const last = this.#program.anchored ? start : end;
    for (let at = from; at <= last; at++) {
      if (at < end && !this.#canBegin(bytes[at]!)) continue;
      if (at === end && this.#first_bytes) return false;
      places.fill(-1);
      if (!this.#run(bytes, start, end, at, places)) continue;
      places[0] = at;
      return true;
    }
    return false;
  }

  /** Never inside of a character. */
  #canBegin(byte: number): boolean {
    return this.#first_bytes ? this.#first_bytes[byte] === 1 : (byte & 0xc0) !== 0x80;
  }

  #push(node: number, at: number): void {
    if (this.#depth + 2 > this.#stack.length) {
      const grown = new Int32Array(this.#stack.length * 2);
      grown.set(this.#stack);
      this.#stack = grown;
    }
    this.#stack[this.#depth++] = node;
    this.#stack[this.#depth++] = at;
  }

  #run(bytes: Uint8Array, start: number, end: number, from: number, places: Int32Array): boolean {
    this.#depth = 0;
    this.#push(this.#program.start, from);
    while (this.#depth > 0) {
      const at = this.#stack[--this.#depth]!;
      const node = this.#stack[--this.#depth]!;
      // A place that a group had before the attempt that has just failed.
      if (node < 0) places[-node - 1] = at;
      else if (this.#follow(bytes, start, end, node, at, places)) return true;
    }
    return false;
  }

  /** Goes on from a node as far as it goes, and leaves what else could be tried on the stack. */
  #follow(bytes: Uint8Array, start: number, end: number, from_node: number, from: number, places: Int32Array): boolean {
    const { ops, first, last, next, other } = this.#program;
    const visited = this.#visited;
    const width = end - start + 1;
    let node = from_node;
    let at = from;
    for (;;) {
      const bit = node * width + at - start;
      if ((visited[bit >>> 5]! & (1 << (bit & 31))) !== 0) return false;
      visited[bit >>> 5]! |= 1 << (bit & 31);
      switch (ops[node]) {
        case MATCH:
          places[1] = at;
          return true;
        case BYTE:
          if (at >= end || bytes[at]! < first[node]! || bytes[at]! > last[node]!) return false;
          at++;
          break;
        case SPLIT:
          this.#push(other[node]!, at);
          break;
        case ASSERT:
          if (!holds(first[node]!, sideOf(bytes, at - 1, start, end), sideOf(bytes, at, start, end))) return false;
          break;
        default:
          this.#push(-first[node]! - 1, places[first[node]!]!);
          places[first[node]!] = at;
      }
      node = next[node]!;
    }
  }
}

function firstBytes({ ops, first, last, next, other, start }: Program): Uint8Array | null {
  const bytes = new Uint8Array(256);
  const seen = new Uint8Array(ops.length);
  const stack = [start];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen[node] === 1) continue;
    seen[node] = 1;
    const op = ops[node];
    if (op === MATCH) return null;
    if (op === BYTE) bytes.fill(1, first[node], last[node]! + 1);
    else stack.push(next[node]!);
    if (op === SPLIT) stack.push(other[node]!);
  }
  return bytes;
}
