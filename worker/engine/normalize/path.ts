import { ATTRIBUTE_NAME_SIZE_BYTES_MAX, CUT_MARK } from "../../limits.ts";
import { attributeKey, type ColumnKey } from "../batch/builder.ts";
import type { ByteDictionary } from "../batch/builder-dictionary.ts";
import { utf8Boundary, utf8Bytes, utf8Text } from "../batch/utf8.ts";
import { type Alias, aliasOf, attributeName } from "./fields.ts";

/** Longer names are not remembered. */
export const NAME_LENGTH_MAX = 512;
/** What stands before a value is compared as a whole up to this size. */
const LEAD_SIZE_BYTES_MAX = 640;

/** A dotted path, and what is known of it: its field or attribute, and the keys seen below it. */
export class Path {
  readonly name: string;
  readonly alias: Alias | null;
  readonly key: ColumnKey;
  /** Whether the name was too long and is kept shortened. */
  readonly name_cut: boolean;
  readonly is_cut_mark: boolean;
  /** bunyan's field for what is the service there, and anything elsewhere. */
  readonly is_logger: boolean;
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
    this.is_logger = name === "name";
    this.twin = attribute === name ? null : attribute;
  }
}

/** Edges by the bytes of their keys. */
export interface Children {
  keys: ByteDictionary;
  edges: Edge[];
}

/** A key below a path, with what followed it lately: events in a row mostly have the same keys in the same order. */
export class Edge {
  readonly path: Path;
  /** False for a key that is only passed through. */
  readonly is_learnt: boolean;
  /** What followed last … */
  next: Step | null = null;
  /** … and what followed last that was something else. */
  second: Step | null = null;

  constructor(path: Path, is_learnt: boolean) {
    this.path = path;
    this.is_learnt = is_learnt;
  }
}

/** A key that followed another, and everything that stood between the value before and its own: comma, quotes, colon, white space. */
export class Step {
  readonly edge: Edge;
  readonly size_bytes: number;
  /** The bytes as words of four, little-endian, the last of which may overlap the one before. */
  readonly words: Int32Array;

  private constructor(edge: Edge, lead: Uint8Array) {
    this.edge = edge;
    this.size_bytes = lead.length;
    this.words = new Int32Array((lead.length + 3) >> 2);
    const view = new DataView(lead.buffer, lead.byteOffset, lead.length);
    for (let index = 0; index < this.words.length; index++) this.words[index] = view.getInt32(Math.min(index * 4, lead.length - 4), true);
  }

  /** @param lead the bytes between the two values; null where they are too few or too many to be compared so */
  static to(edge: Edge, lead: Uint8Array): Step | null {
    return lead.length >= 4 && lead.length <= LEAD_SIZE_BYTES_MAX ? new Step(edge, lead) : null;
  }
}

/** The edge of the key `bytes[start .. end)` below a path; null where it is not known yet. */
export function knownEdge(parent: Path, bytes: Uint8Array, start: number, end: number): Edge | null {
  const children = parent.children;
  if (children === null) return null;
  const index = children.keys.find(bytes, start, end);
  return index < 0 ? null : children.edges[index]!;
}

/** The name, cut to ATTRIBUTE_NAME_SIZE_BYTES_MAX bytes between characters. */
export function cutName(name: string): string {
  if (name.length * 3 <= ATTRIBUTE_NAME_SIZE_BYTES_MAX) return name;
  const bytes = utf8Bytes(name);
  if (bytes.length <= ATTRIBUTE_NAME_SIZE_BYTES_MAX) return name;
  return utf8Text(bytes.subarray(0, utf8Boundary(bytes, 0, ATTRIBUTE_NAME_SIZE_BYTES_MAX)));
}
