import { ATTRIBUTE_NAME_SIZE_BYTES_MAX, ATTRIBUTES_PER_EVENT_MAX, CUT_MARK } from "../../limits.ts";
import { attributeKey, type ColumnKey } from "../batch/builder.ts";
import { ByteDictionary, grownBytes } from "../batch/builder-dictionary.ts";
import { utf8Boundary, utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { type Alias, aliasOf, attributeName, ROLES } from "./fields.ts";

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
/** Longer names are not remembered. */
const NAME_LENGTH_MAX = 512;
/** Names that a cut mark lists. */
const CUT_NAMES_MAX = 64;
const NO_WORDS = new Int32Array(0);
const SCRATCH_KEPT_SIZE_BYTES_MAX = 64 * 1024;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const encoder = new TextEncoder();
/** Matches no key: quotes do not hold a zero byte. */
const NO_KEY = new Uint8Array([0]);

/** Edges by the bytes of their keys. */
interface Children {
  keys: ByteDictionary;
  edges: Edge[];
}

/** A dotted path, and what is known of it: its field or attribute, and the keys seen below it. */
export class Path {
  readonly name: string;
  readonly alias: Alias | null;
  readonly key: ColumnKey;
  /** Whether the name was too long and is kept shortened. */
  readonly name_cut: boolean;
  readonly is_cut_mark: boolean;
  /** The name without `attributes.` before it, where it had that: both may occur in one event. */
  readonly twin: string | null;
  /** Keys below this path. */
  children: Children | null = null;
  /** Stands before the first key below this path. */
  head: Edge | null = null;
  /** Event in which the path was met last, and the value's place in it. */
  stamp = -1;
  slot = -1;

  /** @param alias the field that the name means, looked up unless the caller knows better */
  constructor(name: string, alias: Alias | null = aliasOf(name)) {
    const attribute = attributeName(name);
    const short = cutName(attribute);
    this.name = name;
    this.alias = alias;
    this.key = attributeKey(short);
    this.name_cut = short !== attribute;
    this.is_cut_mark = attribute === CUT_MARK;
    this.twin = attribute === name ? null : attribute;
  }
}

/** A key below a path, with the keys that followed it lately: events in a row mostly have the same keys in the same order. */
export class Edge {
  /** The key's bytes as they stand in the body, with the closing quote. */
  readonly quoted: Uint8Array;
  /** The same as words of four bytes, big-endian, the last of which may overlap the one before; none where the key is too short. */
  readonly words: Int32Array;
  readonly path: Path;
  /** What followed last … */
  next: Edge | null = null;
  /** … and what followed last that was something else. */
  second: Edge | null = null;

  constructor(quoted: Uint8Array, path: Path) {
    this.quoted = quoted;
    this.words = wordsIn(quoted);
    this.path = path;
  }

  get is_learnt(): boolean {
    return this.quoted !== NO_KEY;
  }
}

/**
 * One event between decoder and batch: names and values in flat arrays, filled anew for each event.
 * `begin`, then `add…` for each value, then the event writer takes it. A name that comes twice keeps the value that came last.
 */
export class Draft {
  count = 0;
  paths: (Path | null)[] = new Array(DRAFT_CAPACITY).fill(null);
  kinds = new Uint8Array(DRAFT_CAPACITY);
  starts = new Int32Array(DRAFT_CAPACITY);
  ends = new Int32Array(DRAFT_CAPACITY);
  numbers = new Float64Array(DRAFT_CAPACITY);
  /** 1 for values that became fields, set by whoever takes them; 0 for attributes. */
  consumed = new Uint8Array(DRAFT_CAPACITY);
  /** For each role the slot of its best candidate, -1 where there is none; `next_candidate` leads on to the weaker ones. */
  candidates = new Int32Array(ROLES.length).fill(-1);
  next_candidate = new Int32Array(DRAFT_CAPACITY);
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
  #attributes = 0;

  begin(body: Uint8Array): void {
    this.body = body;
    this.count = 0;
    this.scratch_used = 0;
    this.time_us = Number.NaN;
    this.level = -1;
    this.#attributes = 0;
    this.#stamp++;
    // A loop: the call of `fill` costs more than so few stores.
    for (let role = 0; role < this.candidates.length; role++) this.candidates[role] = -1;
    if (this.cut.length > 0) this.cut.length = 0;
    if (this.#names.size > NAMES_MAX) this.#forgetNames();
  }

  /** Lets go of the last event's bytes. */
  release(): void {
    this.body = NO_BYTES;
    if (this.scratch.length > SCRATCH_KEPT_SIZE_BYTES_MAX) this.scratch = new Uint8Array(4096);
  }

  addLiteral(path: Path, kind: ValueKind): void {
    this.#slot(path, kind);
  }

  addNumber(path: Path, value: number): void {
    const slot = this.#slot(path, NUMBER);
    if (slot >= 0) this.numbers[slot] = value;
  }

  addBytes(path: Path, kind: ValueKind, start: number, end: number): void {
    const slot = this.#slot(path, kind);
    if (slot < 0) return;
    this.starts[slot] = start;
    this.ends[slot] = end;
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
    path.head ??= new Edge(NO_KEY, path);
    return path.head;
  }

  /** The edge of the key `bytes[start .. end)`, a quote behind it, below a path; null where it is not known yet. */
  knownEdge(parent: Path, bytes: Uint8Array, start: number, end: number): Edge | null {
    const children = parent.children;
    if (children === null) return null;
    const index = children.keys.find(bytes, start, end);
    return index < 0 ? null : children.edges[index]!;
  }

  /** Learns a key below a path; beyond the bounds it is only passed through (`is_learnt` tells). */
  learnEdge(parent: Path, key: string, bytes: Uint8Array, start: number, end: number): Edge {
    const name = parent === this.root ? key : `${parent.name}.${key}`;
    if (this.#attributes >= ATTRIBUTES_PER_EVENT_MAX || name.length > NAME_LENGTH_MAX) {
      return new Edge(NO_KEY, this.#names.get(name) ?? new Path(name));
    }
    const edge = new Edge(bytes.slice(start, end + 1), this.pathNamed(name));
    parent.children ??= { keys: new ByteDictionary(2), edges: [] };
    parent.children.keys.add(bytes, start, end);
    parent.children.edges.push(edge);
    return edge;
  }

  #slot(path: Path, kind: ValueKind): number {
    let slot = this.count;
    if (path.stamp === this.#stamp) {
      slot = path.slot;
      this.markCut(path.name);
    } else {
      if (path.alias === null && ++this.#attributes > ATTRIBUTES_PER_EVENT_MAX) {
        this.markCut(path.name);
        return -1;
      }
      if (slot === DRAFT_CAPACITY) return -1;
      path.stamp = this.#stamp;
      path.slot = slot;
      this.paths[slot] = path;
      this.consumed[slot] = 0;
      this.count = slot + 1;
      if (path.alias !== null) this.#offer(path.alias, slot);
    }
    this.kinds[slot] = kind;
    return slot;
  }

  /** Whether the event has a value under this name. */
  has(name: string): boolean {
    return this.#names.get(name)?.stamp === this.#stamp;
  }

  /** Enters the slot among its role's candidates, strongest first. */
  #offer(alias: Alias, slot: number): void {
    let before = -1;
    let at = this.candidates[alias.role]!;
    while (at >= 0 && this.paths[at]!.alias!.priority <= alias.priority) {
      before = at;
      at = this.next_candidate[at]!;
    }
    this.next_candidate[slot] = at;
    if (before < 0) this.candidates[alias.role] = slot;
    else this.next_candidate[before] = slot;
  }

  #forgetNames(): void {
    this.#names.clear();
    this.root = new Path("");
  }
}

/** The name, cut to ATTRIBUTE_NAME_SIZE_BYTES_MAX bytes between characters. */
function cutName(name: string): string {
  if (name.length * 3 <= ATTRIBUTE_NAME_SIZE_BYTES_MAX) return name;
  const bytes = utf8Bytes(name);
  if (bytes.length <= ATTRIBUTE_NAME_SIZE_BYTES_MAX) return name;
  return utf8Text(bytes.subarray(0, utf8Boundary(bytes, 0, ATTRIBUTE_NAME_SIZE_BYTES_MAX)));
}

function wordsIn(bytes: Uint8Array): Int32Array {
  if (bytes.length < 4) return NO_WORDS;
  const words = new Int32Array(Math.ceil(bytes.length / 4));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let index = 0; index < words.length; index++) words[index] = view.getInt32(Math.min(index * 4, bytes.length - 4));
  return words;
}
