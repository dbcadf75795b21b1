import { QUERY_AUTOMATON_CELLS_MAX } from "../../../limits.ts";
import { ASSERT, BYTE, isWordByte, MATCH, type Program, SAVE, SPLIT } from "./program.ts";

/** In the table of transitions: not computed yet, an expression that matches here, one that cannot match any more. */
const UNKNOWN = -1;
const MATCHED = -2;
const DEAD = -3;

/** Transitions of a state, one for each byte: a look-up of the byte's class for every byte would cost as much again. */
const ROW = 256;

/** What stands beside a place between two bytes. */
const EDGE = 0;
const OTHER = 1;
const NEWLINE = 2;
const WORD = 3;

/** A state of the deterministic automaton: places of the program that are reached, before assertions are looked at. */
interface State {
  nodes: Int32Array;
  /** What the last byte was, where the program has assertions. */
  before: number;
}

/** Forgetting all states more often than every so many bytes means that they do not pay. */
const BYTES_PER_STATE_MIN = 10;
const BYTES_COUNTED_MAX = 2 ** 29;
const VAIN_RESETS_MAX = 8;

/**
 * A deterministic automaton made as it is needed, that tells whether an expression matches somewhere in a text (as in RE2): time linear in
 * the text, memory bounded. Where its states do not pay, it says so (`exhausted`).
 */
export class Automaton {
  /** The states have grown too many too often: another way to match costs less. */
  exhausted = false;
  readonly #program: Program;
  /** The bytes of each class. */
  readonly #members: Uint8Array[];
  /** For each state, a multiple of ROW, and each byte the next state. */
  #table = new Int32Array(8 * ROW);
  /** For each state (not multiplied) what the end of the text makes of it. */
  #ends: number[] = [];
  #states: State[] = [];
  #known = new Map<string, number>();
  #cells = 0;
  #start_states = new Int32Array(4).fill(UNKNOWN);
  /** Bytes read since the states were last forgotten, roughly, and how often that was in vain. */
  #bytes_read = 0;
  #vain_resets = 0;
  /** For each node the last round in which it was seen. */
  readonly #seen: Uint32Array;
  #round = 0;

  constructor(program: Program) {
    this.#program = program;
    this.#members = Array.from({ length: program.class_count }, (_, own) => membersOf(program.classes, own));
    this.#seen = new Uint32Array(program.ops.length);
  }

  /**
   * Whether the expression matches in `bytes[start .. end)`, a text of its own.
   * @param from no match begins before this place
   */
  test(bytes: Uint8Array, start: number, end: number, from = start): boolean {
    let state = this.#startState(from === start ? EDGE : kindOf(bytes[from - 1]!));
    if (state < 0) return state === MATCHED;
    if (this.#bytes_read < BYTES_COUNTED_MAX) this.#bytes_read += end - from;
    let at = from;
    for (;;) {
      const table = this.#table;
      let next = 0;
      for (; at < end; at++) {
        next = table[state + bytes[at]!]!;
        if (next < 0) break;
        state = next;
      }
      if (at === end) return this.#end(state) === MATCHED;
      if (next === UNKNOWN) next = this.#step(state, bytes[at]!);
      if (next < 0) return next === MATCHED;
      state = next;
      at++;
    }
  }

  #startState(before: number): number {
    const kind = this.#program.asserts ? before : OTHER;
    if (before !== EDGE && this.#program.anchored) return DEAD;
    let state = this.#start_states[kind]!;
    if (state === UNKNOWN) {
      this.#round++;
      const nodes: number[] = [];
      state = this.#reach(this.#program.start, nodes) ? MATCHED : this.#stateOf(nodes, kind);
      this.#start_states[kind] = state;
    }
    return state;
  }

  /** Adds the places that are reached from a node without a byte or an assertion; true where one is the match. */
  #reach(from: number, nodes: number[]): boolean {
    const { ops, next, other } = this.#program;
    const stack = [from];
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (this.#seen[node] === this.#round) continue;
      this.#seen[node] = this.#round;
      const op = ops[node]!;
      if (op === MATCH) return true;
      if (op === SPLIT) stack.push(other[node]!, next[node]!);
      else if (op === SAVE) stack.push(next[node]!);
      else nodes.push(node);
    }
    return false;
  }

  /** The state after a byte, remembered for all bytes of its class. */
  #step(state: number, byte: number): number {
    const from = this.#states[state / ROW]!;
    const result = this.#transition(from.nodes, from.before, kindOf(byte), byte);
    // The states may have been forgotten meanwhile.
    if (this.#states[state / ROW] !== from) return result;
    for (const member of this.#members[this.#program.classes[byte]!]!) this.#table[state + member] = result;
    return result;
  }

  #end(state: number): number {
    let result = this.#ends[state / ROW]!;
    if (result === UNKNOWN) {
      const { nodes, before } = this.#states[state / ROW]!;
      result = this.#transition(nodes, before, EDGE, -1);
      this.#ends[state / ROW] = result;
    }
    return result;
  }

  #transition(nodes: Int32Array, before: number, after: number, byte: number): number {
    const open = this.#program.asserts ? this.#pastAssertions(nodes, before, after) : nodes;
    if (open === null) return MATCHED;
    if (byte < 0) return DEAD;
    const { ops, first, last, next, start, anchored, asserts } = this.#program;
    this.#round++;
    const reached: number[] = [];
    for (const node of open) {
      if (ops[node] === BYTE && byte >= first[node]! && byte <= last[node]! && this.#reach(next[node]!, reached)) return MATCHED;
    }
    if (!anchored && this.#reach(start, reached)) return MATCHED;
    return reached.length === 0 ? DEAD : this.#stateOf(reached, asserts ? after : OTHER);
  }

  /** The places that are reached once assertions are decided; null where one is the match. */
  #pastAssertions(nodes: Int32Array, before: number, after: number): number[] | null {
    const { ops, first, next } = this.#program;
    this.#round++;
    const open: number[] = [];
    const queue: number[] = [];
    for (const node of nodes) {
      this.#seen[node] = this.#round;
      queue.push(node);
    }
    for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
      if (ops[node] !== ASSERT) open.push(node);
      else if (holds(first[node]!, before, after) && this.#reach(next[node]!, queue)) return null;
    }
    return open;
  }

  #stateOf(nodes: number[], before: number): number {
    const sorted = Int32Array.from(nodes).sort();
    const key = `${before}:${sorted.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#cells += ROW + sorted.length;
    if (this.#cells > QUERY_AUTOMATON_CELLS_MAX) this.#forget(ROW + sorted.length);
    const state = (this.#states.push({ nodes: sorted, before }) - 1) * ROW;
    this.#ends.push(UNKNOWN);
    this.#known.set(key, state);
    this.#fit(state + ROW);
    this.#table.fill(UNKNOWN, state, state + ROW);
    return state;
  }

  #fit(size: number): void {
    if (size <= this.#table.length) return;
    const grown = new Int32Array(this.#table.length * 2);
    grown.set(this.#table);
    this.#table = grown;
  }

  #forget(cells: number): void {
    if (this.#bytes_read < this.#states.length * BYTES_PER_STATE_MIN && ++this.#vain_resets >= VAIN_RESETS_MAX) this.exhausted = true;
    this.#states = [];
    this.#ends = [];
    this.#known = new Map();
    this.#start_states.fill(UNKNOWN);
    this.#cells = cells;
    this.#bytes_read = 0;
  }
}

function membersOf(classes: Uint8Array, own: number): Uint8Array {
  return Uint8Array.from(classes.keys().filter((byte) => classes[byte] === own));
}

function kindOf(byte: number): number {
  return isWordByte(byte) ? WORD : byte === 0x0a ? NEWLINE : OTHER;
}

/** Whether an assertion (by its place in ASSERTIONS) holds between two bytes. */
export function holds(assertion: number, before: number, after: number): boolean {
  switch (assertion) {
    case 0:
      return before === EDGE;
    case 1:
      return after === EDGE;
    case 2:
      return before === EDGE || before === NEWLINE;
    case 3:
      return after === EDGE || after === NEWLINE;
    default:
      return (before === WORD) !== (after === WORD);
  }
}

/** What stands beside a place, as `holds` takes it. */
export function sideOf(bytes: Uint8Array, at: number, start: number, end: number): number {
  return at < start || at >= end ? EDGE : kindOf(bytes[at]!);
}
