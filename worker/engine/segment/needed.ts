/** What an event must have: all these lower-cased words in its message, and in each of the columns one of its values. */
export interface Needed {
  words: readonly string[];
  values: Readonly<Record<string, readonly string[]>>;
}
