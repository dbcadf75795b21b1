import { attributeKey, type ColumnKey } from "../batch/builder.ts";
import { ROLES } from "./fields.ts";
import type { Path } from "./path.ts";

/**
 * The names of an event, in order, as far as they are known: a node of a tree of all orders met lately. Events in a row mostly have the same
 * names in the same order, so that the next node is the one that followed last, and what follows from names alone is worked out once.
 */
export class Shape {
  /** The name added last; null for the empty shape. */
  readonly path: Path | null;
  readonly before: Shape | null;
  /** How many names there are; the last one's slot is the one before. */
  readonly count: number;
  /** How many of them are attributes and no fields. */
  readonly attributes: number;
  /** What followed last. */
  next: Shape | null = null;
  #others: Map<Path, Shape> | null = null;
  #plan: Plan | null = null;

  constructor(path: Path | null, before: Shape | null) {
    this.path = path;
    this.before = before;
    this.count = before === null ? 0 : before.count + 1;
    this.attributes = (before?.attributes ?? 0) + (path !== null && path.alias === null ? 1 : 0);
  }

  /** The shape with one name more, which then is `next`; null where it is not known. */
  known(path: Path): Shape | null {
    const found = this.#others?.get(path);
    if (found === undefined) return null;
    this.next = found;
    return found;
  }

  /** Learns what may follow. */
  learn(path: Path): Shape {
    const shape = new Shape(path, this);
    if (this.next !== null) {
      this.#others ??= new Map().set(this.next.path, this.next);
      this.#others.set(path, shape);
    }
    this.next = shape;
    return shape;
  }

  /** @param has whether the event of this shape has a value under a name */
  plan(has: (name: string) => boolean): Plan {
    this.#plan ??= new Plan(this, has);
    return this.#plan;
  }
}

/** What follows from the names of an event: the candidates of each field, and where attributes go. */
export class Plan {
  /** By slot. */
  readonly paths: Path[];
  readonly keys: ColumnKey[];
  /** For each role the slot of its best candidate, -1 where there is none; `weaker` leads from slot to slot. */
  readonly candidates: Int32Array = new Int32Array(ROLES.length).fill(-1);
  readonly weaker: Int32Array;

  constructor(shape: Shape, has: (name: string) => boolean) {
    this.paths = new Array<Path>(shape.count);
    for (let at: Shape = shape; at.before !== null; at = at.before) this.paths[at.count - 1] = at.path!;
    this.keys = this.paths.map((path) => (path.twin !== null && has(path.twin) ? attributeKey(path.name) : path.key));
    this.weaker = new Int32Array(shape.count).fill(-1);
    for (const [slot, path] of this.paths.entries()) if (path.alias !== null) this.#offer(path.alias.role, path.alias.priority, slot);
  }

  /** Enters the slot among its role's candidates, strongest first. */
  #offer(role: number, priority: number, slot: number): void {
    let before = -1;
    let at = this.candidates[role]!;
    while (at >= 0 && this.paths[at]!.alias!.priority <= priority) {
      before = at;
      at = this.weaker[at]!;
    }
    this.weaker[slot] = at;
    if (before < 0) this.candidates[role] = slot;
    else this.weaker[before] = slot;
  }
}
