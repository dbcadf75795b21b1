const BACKSLASH = 0x5c;
const LETTER_U = 0x75;

/** What the letter after a backslash stands for; 0 where it is no escape. */
const ESCAPED: Uint8Array = (() => {
  const table = new Uint8Array(256);
  for (const [letter, byte] of [
    ['"', 0x22],
    ["\\", BACKSLASH],
    ["/", 0x2f],
    ["b", 0x08],
    ["f", 0x0c],
    ["n", 0x0a],
    ["r", 0x0d],
    ["t", 0x09],
  ] as const) {
    table[letter.charCodeAt(0)] = byte;
  }
  return table;
})();

/**
 * Writes the content `bytes[start .. end)` of a JSON string to `target`, escapes undone, as UTF-8; lone surrogates become U+FFFD.
 * It never gets longer. Returns where it ends, or -1 minus the place of an escape that is none.
 */
export function unescapeInto(target: Uint8Array, to: number, bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte !== BACKSLASH) {
      target[to++] = byte;
      at++;
      continue;
    }
    const letter = bytes[at + 1]!;
    if (letter !== LETTER_U) {
      const plain = ESCAPED[letter]!;
      if (plain === 0) return -1 - at;
      target[to++] = plain;
      at += 2;
      continue;
    }
    let point = hexUnit(bytes, at + 2, end);
    if (point < 0) return -1 - at;
    at += 6;
    if (point >= 0xd800 && point < 0xe000) {
      const low = point < 0xdc00 && bytes[at] === BACKSLASH && bytes[at + 1] === LETTER_U ? hexUnit(bytes, at + 2, end) : -1;
      if (low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      } else point = 0xfffd;
    }
    to = writePoint(target, to, point);
  }
  return to;
}

function hexUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at + 4 > end) return -1;
  let unit = 0;
  for (let index = at; index < at + 4; index++) {
    const byte = bytes[index]!;
    const letter = byte | 0x20;
    if (byte >= 0x30 && byte <= 0x39) unit = unit * 16 + byte - 0x30;
    else if (letter >= 0x61 && letter <= 0x66) unit = unit * 16 + letter - 0x57;
    else return -1;
  }
  return unit;
}

function writePoint(target: Uint8Array, to: number, point: number): number {
  if (point < 0x80) target[to++] = point;
  else if (point < 0x800) {
    target[to++] = 0xc0 | (point >> 6);
    target[to++] = 0x80 | (point & 63);
  } else {
    if (point < 0x10000) target[to++] = 0xe0 | (point >> 12);
    else {
      target[to++] = 0xf0 | (point >> 18);
      target[to++] = 0x80 | ((point >> 12) & 63);
    }
    target[to++] = 0x80 | ((point >> 6) & 63);
    target[to++] = 0x80 | (point & 63);
  }
  return to;
}
