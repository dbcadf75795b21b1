/** Classes of bytes as bit flags: what a byte can be in a message. Bytes above 127 count as letters. */
export const LOWER = 1;
export const UPPER = 2;
export const DIGIT = 4;
export const UNDERSCORE = 8;
export const HIGH = 16;
/** A letter that is also a hexadecimal digit. */
export const HEX_LETTER = 32;
export const SPACE = 64;
/** May stand inside a name, a number or a path when word bytes follow. */
export const JOINER = 128;
/** Ends a path, a URL or a value. */
export const STOP = 256;
/** A word byte that no hexadecimal number has. */
export const NOT_HEX = 1024;
/** Between two variables these say only that there are several of them. */
export const LIST = 512;
/** Behind a word these may make it part of something longer, as a joiner does. */
export const GOES_ON = 2048;
export const PERIOD = 4096;
/** Ends the value of `key=value`. */
export const VALUE_END = 8192;
/** Places of the bits that are counted. */
export const DIGIT_SHIFT = 2;
export const PERIOD_SHIFT = 12;

export const LETTER = LOWER | UPPER | HIGH;
export const WORD = LETTER | DIGIT | UNDERSCORE;

/** Stands for a variable in a masked form; control bytes of a message are white space, so it cannot come from one. */
export const MASK = 0x01;

function mark(table: Uint16Array, characters: string, flag: number): void {
  for (const character of characters) table[character.charCodeAt(0)]! |= flag;
}

export const CLASS: Uint16Array = (() => {
  const table = new Uint16Array(256);
  table.fill(HIGH, 128);
  table.fill(SPACE | STOP | LIST, 0, 0x21);
  table[0x7f] = SPACE | STOP | LIST;
  mark(table, "abcdefghijklmnopqrstuvwxyz", LOWER);
  mark(table, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", UPPER);
  mark(table, "abcdefABCDEF", HEX_LETTER);
  mark(table, "0123456789", DIGIT);
  mark(table, "_", UNDERSCORE);
  mark(table, ".-/@~$\\+", JOINER);
  mark(table, "\"'`<>,;()[]{}|", STOP);
  mark(table, ".,:;-/|@+~", LIST);
  mark(table, ":(", GOES_ON);
  mark(table, ".", PERIOD);
  for (let byte = 0; byte < 256; byte++) {
    const flags = table[byte]!;
    if ((flags & STOP) !== 0 || byte === 0x3d || byte === 0x26) table[byte]! |= VALUE_END;
    if ((flags & WORD) !== 0 && (flags & (DIGIT | HEX_LETTER)) === 0) table[byte] = flags | NOT_HEX;
  }
  return table;
})();
