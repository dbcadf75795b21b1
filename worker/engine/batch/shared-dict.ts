import type { DictColumn, Utf8Values } from "./event-batch.ts";

/** Other rows of a dictionary: its values stay where they are, decoded or not. */
export class SharedDict implements DictColumn {
  readonly kind = "dict";
  readonly codes: Uint32Array;
  readonly #source: DictColumn;

  constructor(source: DictColumn, codes: Uint32Array) {
    this.codes = codes;
    this.#source = source instanceof SharedDict ? source.#source : source;
  }

  get values(): string[] {
    return this.#source.values;
  }

  get utf8(): Utf8Values | undefined {
    return this.#source.utf8;
  }

  get value_count(): number {
    return this.#source.value_count ?? this.#source.values.length;
  }

  get valueBytes(): DictColumn["valueBytes"] {
    const source = this.#source;
    return source.valueBytes && ((code) => source.valueBytes!(code));
  }
}
