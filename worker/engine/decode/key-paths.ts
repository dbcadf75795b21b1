import { isUtf8 } from "node:buffer";
import { ByteDictionary } from "../batch/builder-dictionary.ts";
import { utf8Text } from "../batch/utf8.ts";
import { BODY, type Draft, type Path } from "../normalize/draft.ts";
import { INVALID_UTF8_MARK } from "./json.ts";

/** Keys known at once; more are forgotten and learnt anew. */
const KEYS_MAX = 4_096;
const HIGH_BIT = 0x80;

/** Paths of keys that stand as bytes in a body: no key is made a string twice. */
export class KeyPaths {
  readonly #draft: Draft;
  readonly #prefix: string;
  #root: Path;
  #keys = new ByteDictionary();
  #paths: Path[] = [];

  /** @param prefix put before each key */
  constructor(draft: Draft, prefix = "") {
    this.#draft = draft;
    this.#prefix = prefix;
    this.#root = draft.root;
  }

  of(bytes: Uint8Array, start: number, end: number): Path {
    // The draft forgets its paths when it has learnt too many.
    if (this.#root !== this.#draft.root || this.#paths.length >= KEYS_MAX) this.#forget();
    const index = this.#keys.add(bytes, start, end);
    if (index === this.#paths.length) {
      this.#paths.push(this.#draft.pathNamed(this.#prefix + utf8Text(bytes.subarray(start, end)).toWellFormed()));
    }
    return this.#paths[index]!;
  }

  #forget(): void {
    this.#root = this.#draft.root;
    this.#keys.clear();
    this.#paths = [];
  }
}

/** Adds a text that stands in the draft's body; bytes that are no UTF-8 are replaced and the event is marked. */
export function addBodyText(draft: Draft, path: Path, start: number, end: number): void {
  const { body } = draft;
  let high = 0;
  for (let at = start; at < end; at++) high |= body[at]!;
  if ((high & HIGH_BIT) === 0 || isUtf8(body.subarray(start, end))) {
    draft.addBytes(path, BODY, start, end);
    return;
  }
  draft.addText(path, utf8Text(body.subarray(start, end)));
  draft.markCut(INVALID_UTF8_MARK);
}
