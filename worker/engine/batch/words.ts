/**
 * What a word is, for matching and for the filters in segments alike: a maximal run of ASCII letters, digits, underscore and bytes of
 * non-ASCII characters. Case is ignored: ASCII letters by the byte, other letters by Unicode lower case at match time.
 * The same rule on UTF-8 bytes and on strings.
 */
export const WORD_BYTE: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) {
    const letter = (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
    const digit = byte >= 0x30 && byte <= 0x39;
    table[byte] = letter || digit || byte === 0x5f || byte >= 0x80 ? 1 : 0;
  }
  return table;
})();

/** ASCII lower case of each byte; other bytes as they are. */
export const LOWER_BYTE: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte++) table[byte] = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
  return table;
})();

/** The words of a text in order, lower-cased. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z0-9_\u0080-\u{10ffff}]+/gu) ?? [];
}
