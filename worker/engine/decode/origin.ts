import { utf8Bytes } from "../batch/utf8.ts";
import type { Draft, Path } from "../normalize/draft.ts";
import { addValue } from "../normalize/flatten.ts";

/** Where records come from: the attributes of their resource and scope, given once and true of each record below them. */
export interface Origin {
  /** Names as they come in; those of a record itself win. */
  entries: readonly [name: string, value: unknown][];
  /** Stands before a name that the record has itself: nothing is lost. */
  prefix: string;
}

interface Prepared {
  name: string;
  path: Path;
  value: unknown;
  /** Of a text. */
  bytes: Uint8Array | null;
}

/** Adds what an origin says to the drafts of its records. */
export class OriginWriter {
  readonly #draft: Draft;
  readonly #root: Path;
  readonly #prefix: string;
  readonly #prepared: Prepared[];

  constructor(draft: Draft, { entries, prefix }: Origin) {
    this.#draft = draft;
    this.#root = draft.root;
    this.#prefix = prefix;
    this.#prepared = entries.map(([name, value]) => this.#prepare(name.toWellFormed(), value));
  }

  /** After the record's own attributes. */
  write(): void {
    const draft = this.#draft;
    for (const { name, path, value, bytes } of this.#prepared) {
      if (draft.has(name)) addValue(draft, draft.pathNamed(this.#prefix + name), value, 0);
      else if (bytes !== null && draft.root === this.#root) draft.addCopy(path, bytes);
      else addValue(draft, draft.pathNamed(name), value, 0);
    }
  }

  #prepare(name: string, value: unknown): Prepared {
    return { name, path: this.#draft.pathNamed(name), value, bytes: typeof value === "string" ? utf8Bytes(value) : null };
  }
}
