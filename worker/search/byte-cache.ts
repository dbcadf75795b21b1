/**
 * Values up to a number of bytes. An isolate holds one; what it loses is only read again. The least recently used go first. Of what scans pass by
 * (ranges of objects, what was decoded of them) a value that does not fit gets its place only when it is asked for a second time, among as many as
 * fit: one scan of everything leaves the cache as it was, and scans of more than it holds find a part of it each time.
 */
export class ByteCache {
  readonly #entries = new Map<string, { value: unknown; size_bytes: number }>();
  readonly size_bytes_max: number;
  /** Beginnings of the keys of what scans pass by. */
  readonly #passing: readonly string[];
  #size_bytes = 0;
  /** Keys that got no place, the latest last, with what they would have taken. */
  readonly #refused = new Map<string, number>();
  #refused_size_bytes = 0;

  constructor(size_bytes_max: number, passing: readonly string[] = ["range/", "decoded/", "packed/"]) {
    this.size_bytes_max = size_bytes_max;
    this.#passing = passing;
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

  /**
   * Whether a value would get a place, asked before it is made at some cost. A refusal is remembered, as that of a value is: asked a second time, it
   * is worth pushing out others.
   */
  admits(key: string, size_bytes: number): boolean {
    if (size_bytes > this.size_bytes_max / 8) return false;
    if (this.#size_bytes + size_bytes <= this.size_bytes_max || this.#refused.has(key)) return true;
    this.#refuse(key, size_bytes);
    return false;
  }

  /** Values larger than an eighth of the cache are not kept: one of them would push out everything else. */
  set(key: string, value: unknown, size_bytes: number): void {
    const is_new = !this.#entries.has(key);
    this.delete(key);
    if (size_bytes > this.size_bytes_max / 8) return;
    if (is_new && this.#size_bytes + size_bytes > this.size_bytes_max && !this.#isWanted(key)) {
      this.#refuse(key, size_bytes);
      return;
    }
    this.#entries.set(key, { value, size_bytes });
    this.#size_bytes += size_bytes;
    for (const [oldest] of this.#entries) {
      if (this.#size_bytes <= this.size_bytes_max) break;
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

  /** Whether a value is worth pushing out others. */
  #isWanted(key: string): boolean {
    if (!this.#passing.some((prefix) => key.startsWith(prefix))) return true;
    const size_bytes = this.#refused.get(key);
    if (size_bytes === undefined) return false;
    this.#refused.delete(key);
    this.#refused_size_bytes -= size_bytes;
    return true;
  }

  #refuse(key: string, size_bytes: number): void {
    this.#refused.set(key, size_bytes);
    this.#refused_size_bytes += size_bytes;
    for (const [oldest, oldest_size_bytes] of this.#refused) {
      if (this.#refused_size_bytes <= this.size_bytes_max) break;
      this.#refused.delete(oldest);
      this.#refused_size_bytes -= oldest_size_bytes;
    }
  }
}
