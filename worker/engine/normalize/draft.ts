import { ATTRIBUTES_PER_EVENT_MAX } from "../../limits.ts";
import { ByteDictionary, grownBytes } from "../batch/builder-dictionary.ts";
import { attributeName } from "./fields.ts";
import { cutName, Edge, NAME_LENGTH_MAX, Path } from "./path.ts";
import { type Plan, Shape } from "./shape.ts";

export { Path } from "./path.ts";

/** Kinds of a value in a draft. */
export const NULL = 0;
export const FALSE = 1;
export const TRUE = 2;
export const NUMBER = 3;
/** String: bytes of the body … */
export const BODY = 4;
/** … or of the scratch buffer, where it had to be unescaped or encoded. */
export const SCRATCH = 5;
/** Array or object as compact JSON text in the scratch buffer. */
export const JSON_TEXT = 6;
export type ValueKind = 0 | 1 | 2 | 3 | 4 | 5 | 6;

/** Room for the fields beside the attributes. */
const FIELDS_MAX = 256;
export const DRAFT_CAPACITY = ATTRIBUTES_PER_EVENT_MAX + FIELDS_MAX;
/** Names known at once; more are forgotten and learnt anew (an adversary may bring millions). */
const NAMES_MAX = 4096;
/** Nodes of the tree of shapes, likewise. */
const SHAPES_MAX = 8192;
/** Names that a cut mark lists. */
const CUT_NAMES_MAX = 64;
const SCRATCH_KEPT_SIZE_BYTES_MAX = 64 * 1024;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const encoder = new TextEncoder();

/**
 * One event between decoder and batch: names and values in flat arrays, filled anew for each event.
 * `begin`, then `add…` for each value, then the event writer takes it. A name that comes twice keeps the value that came last.
 */
export class Draft {
  kinds = new Uint8Array(DRAFT_CAPACITY);
  starts = new Int32Array(DRAFT_CAPACITY);
  ends = new Int32Array(DRAFT_CAPACITY);
  /** Of strings, where the decoder made them on its way (byte-hash.ts); else 0. */
  hashes = new Int32Array(DRAFT_CAPACITY);
  numbers = new Float64Array(DRAFT_CAPACITY);
  /** 1 for values that are told otherwise, as a field or the event's time, set by whoever takes them; 0 for attributes. */
  consumed = new Uint8Array(DRAFT_CAPACITY);
  body: Uint8Array = NO_BYTES;
  scratch = new Uint8Array(4096);
  scratch_used = 0;
  /** Event time and level (index into LEVELS) where the decoder itself knows them; NaN and -1 where they are to be found among the values. */
  time_us = Number.NaN;
  level = -1;
  /** Names of what was cut from the event. */
  cut: string[] = [];
  root = new Path("");
  #names = new Map<string, Path>();
  #stamp = 0;
  #empty = new Shape(null, null);
  #shapes = 0;
  /** Names of the event so far. */
  #shape = this.#empty;

  begin(body: Uint8Array): void {
    this.body = body;
    this.scratch_used = 0;
    this.time_us = Number.NaN;
    this.level = -1;
    this.#stamp++;
    if (this.cut.length > 0) this.cut.length = 0;
    if (this.#names.size > NAMES_MAX || this.#shapes > SHAPES_MAX) this.#forget();
    this.#shape = this.#empty;
  }

  /** Lets go of the last event's bytes. */
  release(): void {
    this.body = NO_BYTES;
    if (this.scratch.length > SCRATCH_KEPT_SIZE_BYTES_MAX) this.scratch = new Uint8Array(4096);
  }

  /** How many values the event has so far. */
  get count(): number {
    return this.#shape.count;
  }

  /** What follows from the event's names. */
  get plan(): Plan {
    return this.#shape.plan(this.#has);
  }

  addLiteral(path: Path, kind: ValueKind): void {
    const slot = this.#slot(path);
    if (slot >= 0) this.kinds[slot] = kind;
  }

  addNumber(path: Path, value: number): void {
    const slot = this.#slot(path);
    if (slot < 0) return;
    this.kinds[slot] = NUMBER;
    this.numbers[slot] = value;
  }

  addBytes(path: Path, kind: ValueKind, start: number, end: number): void {
    this.addHashed(path, kind, start, end, 0);
  }

  /** @param hash of the bytes, see `hashes` */
  addHashed(path: Path, kind: ValueKind, start: number, end: number, hash: number): void {
    const slot = this.#slot(path);
    if (slot < 0) return;
    this.kinds[slot] = kind;
    this.starts[slot] = start;
    this.ends[slot] = end;
    this.hashes[slot] = hash;
  }

  addText(path: Path, text: string, kind: ValueKind = SCRATCH): void {
    const start = this.writeScratch(text);
    this.addBytes(path, kind, start, this.scratch_used);
  }

  /** Adds a text whose UTF-8 is at hand, but not in the body. */
  addCopy(path: Path, bytes: Uint8Array): void {
    this.reserveScratch(bytes.length);
    const start = this.scratch_used;
    this.scratch.set(bytes, start);
    this.scratch_used += bytes.length;
    this.addBytes(path, SCRATCH, start, this.scratch_used);
  }

  /** Encodes the text into the scratch buffer; returns where it begins, `scratch_used` is where it ends. Lone surrogates become U+FFFD. */
  writeScratch(text: string): number {
    const start = this.scratch_used;
    this.reserveScratch(text.length * 3);
    this.scratch_used += encoder.encodeInto(text, this.scratch.subarray(start)).written;
    return start;
  }

  reserveScratch(size_bytes: number): void {
    const needed = this.scratch_used + size_bytes;
    if (needed > this.scratch.length) this.scratch = grownBytes(this.scratch, this.scratch_used, needed);
  }

  markCut(name: string): void {
    if (this.cut.length > CUT_NAMES_MAX) return;
    const shown = this.cut.length === CUT_NAMES_MAX ? "…" : cutName(attributeName(name));
    if (!this.cut.includes(shown)) this.cut.push(shown);
  }

  /** The path of a dotted name. */
  pathNamed(name: string): Path {
    let path = this.#names.get(name);
    if (path === undefined) {
      path = new Path(name);
      if (name.length <= NAME_LENGTH_MAX) this.#names.set(name, path);
    }
    return path;
  }

  /** The edge before the first key below a path. */
  headOf(path: Path): Edge {
    path.head ??= new Edge(path, true);
    return path.head;
  }

  /** Learns the key `bytes[start .. end)` below a path; beyond the bounds it is only passed through (`is_learnt` tells). */
  learnEdge(parent: Path, key: string, bytes: Uint8Array, start: number, end: number): Edge {
    const name = parent === this.root ? key : `${parent.name}.${key}`;
    if (this.#shape.attributes >= ATTRIBUTES_PER_EVENT_MAX || name.length > NAME_LENGTH_MAX) {
      return new Edge(this.#names.get(name) ?? new Path(name), false);
    }
    const edge = new Edge(this.pathNamed(name), true);
    parent.children ??= { keys: new ByteDictionary(2), edges: [] };
    parent.children.keys.add(bytes, start, end);
    parent.children.edges.push(edge);
    return edge;
  }

  /** Whether the event has a value under this name. */
  has(name: string): boolean {
    return this.#names.get(name)?.stamp === this.#stamp;
  }

  #has = (name: string): boolean => this.has(name);

  /** The slot of the next value, which is that of the name's earlier value where it had one; -1 where there is no room for it. */
  #slot(path: Path): number {
    if (path.stamp === this.#stamp) {
      this.markCut(path.name);
      return path.slot;
    }
    const next = this.#shape.next;
    return this.#enter(path, next !== null && next.path === path ? next : this.#turn(path));
  }

  #enter(path: Path, shape: Shape | null): number {
    if (shape === null) return -1;
    this.#shape = shape;
    path.stamp = this.#stamp;
    const slot = shape.count - 1;
    path.slot = slot;
    this.consumed[slot] = 0;
    return slot;
  }

  /** The shape with a name that did not follow last time; null where the event has as many as it may. */
  #turn(path: Path): Shape | null {
    const shape = this.#shape;
    if (path.alias === null && shape.attributes === ATTRIBUTES_PER_EVENT_MAX) {
      this.markCut(path.name);
      return null;
    }
    if (shape.count === DRAFT_CAPACITY) return null;
    const known = shape.known(path);
    if (known !== null) return known;
    // What may be long, and comes but once, is not remembered.
    if (path.name.length > NAME_LENGTH_MAX) return new Shape(path, shape);
    this.#shapes++;
    return shape.learn(path);
  }

  #forget(): void {
    this.#names.clear();
    this.root = new Path("");
    this.#empty = new Shape(null, null);
    this.#shapes = 0;
  }
}
