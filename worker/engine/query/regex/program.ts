import { QUERY_AUTOMATON_NODES_MAX } from "../../../limits.ts";
import { type Assertion, type Node, parseRegex, UnsupportedRegex } from "./parse.ts";
import { byteSequences, type Ranges } from "./ranges.ts";

/** What a node of a program does. */
export const MATCH = 0;
/** Takes a byte from `first` to `last` and goes on at `next`. */
export const BYTE = 1;
/** Goes on at `next`, and where that fails at `other`. */
export const SPLIT = 2;
/** Goes on at `next` where the assertion holds. */
export const ASSERT = 3;
/** Notes the place as number `first` and goes on at `next`. */
export const SAVE = 4;

export const ASSERTIONS: readonly Assertion[] = ["begin_text", "end_text", "begin_line", "end_line", "word_border"];

/** A regular expression as a nondeterministic automaton over UTF-8 bytes, node by node. */
export interface Program {
  ops: Uint8Array;
  /** BYTE: the first byte; SAVE: the place's number; ASSERT: the index among ASSERTIONS. */
  first: Uint8Array;
  last: Uint8Array;
  next: Int32Array;
  other: Int32Array;
  start: number;
  /** Bytes that behave alike: number of the class of each byte, and how many classes there are. */
  classes: Uint8Array;
  class_count: number;
  /** Every match begins where the text does. */
  anchored: boolean;
  asserts: boolean;
  groups: number;
}

/**
 * The automaton of a valid expression (Thompson's construction, from the end to the beginning).
 * @throws UnsupportedRegex
 */
export function compileProgram(pattern: string): { program: Program; root: Node } {
  const { root, groups } = parseRegex(pattern);
  const builder = new Builder();
  const start = builder.emit(root, builder.node(MATCH, 0, 0, -1, -1));
  return { program: builder.finish(start, isAnchored(root), groups), root };
}

function isAnchored(node: Node): boolean {
  if (node.kind === "assert") return node.what === "begin_text";
  if (node.kind === "concat") return node.parts.length > 0 && isAnchored(node.parts[0]!);
  if (node.kind === "alternate") return node.parts.every(isAnchored);
  if (node.kind === "group") return isAnchored(node.part);
  return node.kind === "repeat" && node.min > 0 && isAnchored(node.part);
}

class Builder {
  readonly #ops: number[] = [];
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #next: number[] = [];
  readonly #other: number[] = [];
  /** Nodes for bytes that lead to the same place. */
  #shared = new Map<number, number>();

  node(op: number, first: number, last: number, next: number, other: number): number {
    if (this.#ops.length >= QUERY_AUTOMATON_NODES_MAX) throw new UnsupportedRegex("too large");
    this.#first.push(first);
    this.#last.push(last);
    this.#next.push(next);
    this.#other.push(other);
    return this.#ops.push(op) - 1;
  }

  /** Adds the nodes of a part that goes on at `next`; returns where it begins. */
  emit(node: Node, next: number): number {
    switch (node.kind) {
      case "empty":
        return next;
      case "set":
        return this.#set(node.ranges, next);
      case "concat":
        return node.parts.reduceRight((after, part) => this.emit(part, after), next);
      case "alternate":
        return node.parts.map((part) => this.emit(part, next)).reduceRight((other, own) => this.node(SPLIT, 0, 0, own, other));
      case "group": {
        const end = this.node(SAVE, 2 * node.index + 1, 0, next, -1);
        return this.node(SAVE, 2 * node.index, 0, this.emit(node.part, end), -1);
      }
      case "assert":
        return this.node(ASSERT, ASSERTIONS.indexOf(node.what), 0, next, -1);
      case "repeat":
        return this.#repeat(node, next);
    }
  }

  #repeat({ part, min, max, greedy }: Extract<Node, { kind: "repeat" }>, next: number): number {
    let start = next;
    if (max === Number.POSITIVE_INFINITY) {
      start = this.#loop(part, greedy, next, min === 0);
      for (let count = 1; count < min; count++) start = this.emit(part, start);
      return start;
    }
    for (let count = min; count < max; count++) start = this.#split(this.emit(part, start), next, greedy);
    for (let count = 0; count < min; count++) start = this.emit(part, start);
    return start;
  }

  /** One or more times; a part that can be empty is at most once empty, so that none or more is "perhaps, one or more". */
  #loop(part: Node, greedy: boolean, next: number, may_skip: boolean): number {
    const loop = this.node(SPLIT, 0, 0, next, next);
    const body = this.emit(part, loop);
    if (greedy) this.#next[loop] = body;
    else this.#other[loop] = body;
    if (!may_skip) return body;
    return canBeEmpty(part) ? this.#split(body, next, greedy) : loop;
  }

  #split(body: number, next: number, greedy: boolean): number {
    return greedy ? this.node(SPLIT, 0, 0, body, next) : this.node(SPLIT, 0, 0, next, body);
  }

  #set(ranges: Ranges, next: number): number {
    this.#shared = new Map();
    const starts = new Set(byteSequences(ranges).map((sequence) => this.#sequence(sequence, next)));
    if (starts.size === 0) return this.node(BYTE, 1, 0, next, -1);
    return [...starts].reduceRight((other, own) => this.node(SPLIT, 0, 0, own, other));
  }

  #sequence(sequence: readonly number[], next: number): number {
    let start = next;
    for (let at = sequence.length - 2; at >= 0; at -= 2) start = this.#byte(sequence[at]!, sequence[at + 1]!, start);
    return start;
  }

  #byte(first: number, last: number, next: number): number {
    const key = (next * 256 + first) * 256 + last;
    let node = this.#shared.get(key);
    if (node === undefined) {
      node = this.node(BYTE, first, last, next, -1);
      this.#shared.set(key, node);
    }
    return node;
  }

  finish(start: number, anchored: boolean, groups: number): Program {
    const ops = Uint8Array.from(this.#ops);
    const first = Uint8Array.from(this.#first, (value, node) => (ops[node] === SAVE ? Math.min(value, 255) : value));
    const last = Uint8Array.from(this.#last);
    const asserts = ops.includes(ASSERT);
    const { classes, class_count } = byteClasses(ops, first, last, asserts);
    const next = Int32Array.from(this.#next);
    const other = Int32Array.from(this.#other);
    if (groups > 126) throw new UnsupportedRegex("that many groups");
    return { ops, first, last, next, other, start, classes, class_count, anchored, asserts, groups };
  }
}

function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case "set":
      return false;
    case "concat":
      return node.parts.every(canBeEmpty);
    case "alternate":
      return node.parts.some(canBeEmpty);
    case "group":
      return canBeEmpty(node.part);
    case "repeat":
      return node.min === 0 || canBeEmpty(node.part);
    default:
      return true;
  }
}

export function isWordByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || (byte >= 0x61 && byte <= 0x7a);
}

function byteClasses(ops: Uint8Array, first: Uint8Array, last: Uint8Array, asserts: boolean): { classes: Uint8Array; class_count: number } {
  const begins = new Uint8Array(257);
  for (let node = 0; node < ops.length; node++) {
    if (ops[node] !== BYTE) continue;
    begins[first[node]!] = 1;
    begins[last[node]! + 1] = 1;
  }
  if (asserts) {
    for (let byte = 1; byte < 256; byte++) if (isWordByte(byte) !== isWordByte(byte - 1)) begins[byte] = 1;
    begins[0x0a] = 1;
    begins[0x0b] = 1;
  }
  const classes = new Uint8Array(256);
  let number = 0;
  for (let byte = 1; byte < 256; byte++) classes[byte] = begins[byte] === 1 ? ++number : number;
  return { classes, class_count: number + 1 };
}
