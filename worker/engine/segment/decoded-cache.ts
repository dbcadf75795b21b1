/** What an open segment may keep of what it decoded, in a memory that the caller bounds. Whatever is lost is decoded again. */
export interface DecodedCache {
  get<T>(key: string): T | undefined;
  set(key: string, value: unknown, size_bytes: number): void;
}

/** Keeps nothing. */
export const NO_CACHE: DecodedCache = { get: () => undefined, set: () => {} };
