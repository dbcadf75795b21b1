/** Least recently used values up to a number of bytes. An isolate holds one; what it loses is only read again. */
export class ByteCache {
  readonly #entries = new Map<string, { value: unknown; size_bytes: number }>();
  readonly #size_bytes_max: number;
  #size_bytes = 0;

  constructor(size_bytes_max: number) {
    this.#size_bytes_max = size_bytes_max;
  }

  get size_bytes(): number {
    return this.#size_bytes;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The caller knows by the key's kind what the value is. */
  get<T>(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value as T;
  }

  /** Values larger than an eighth of the cache are not kept: one of them would push out everything else. */
  set(key: string, value: unknown, size_bytes: number): void {
    this.delete(key);
    if (size_bytes > this.#size_bytes_max / 8) return;
    this.#entries.set(key, { value, size_bytes });
    this.#size_bytes += size_bytes;
    for (const [oldest] of this.#entries) {
      if (this.#size_bytes <= this.#size_bytes_max) break;
      this.delete(oldest);
    }
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#size_bytes -= entry.size_bytes;
  }

  clear(): void {
    this.#entries.clear();
    this.#size_bytes = 0;
  }

  /** Keys that begin so. */
  keysWith(prefix: string): string[] {
    const keys: string[] = [];
    for (const key of this.#entries.keys()) if (key.startsWith(prefix)) keys.push(key);
    return keys;
  }
}
