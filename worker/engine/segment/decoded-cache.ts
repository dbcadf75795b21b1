/** What an open segment may keep of what it decoded, in a memory that the caller bounds. Whatever is lost is decoded again. */
export interface DecodedCache {
  get<T>(key: string): T | undefined;
  set(key: string, value: unknown, size_bytes: number): void;
  /** Whether a value of that size would be kept, asked before it is made; where it is not there, each one is. */
  admits?(key: string, size_bytes: number): boolean;
}

/** Keeps nothing. */
export const NO_CACHE: DecodedCache = { get: () => undefined, set: () => {}, admits: () => false };
