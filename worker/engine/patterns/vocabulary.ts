/** Short words that the masking rules know, found by their bytes without making strings. */

const WORD_LENGTH_MAX = 6;

/** A set of ASCII words of at most six letters; looked up case-insensitively. Open addressing: a word is two numbers, its first four letters and the others. */
export class WordSet {
  private readonly lengths: number;
  private readonly mask: number;
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;

  constructor(words: string) {
    const list = words.split(" ");
    let places = 4;
    while (places < list.length * 4) places *= 2;
    this.mask = places - 1;
    this.heads = new Int32Array(places);
    this.tails = new Int32Array(places);
    let lengths = 0;
    for (const word of list) {
      const bytes = new TextEncoder().encode(word);
      const head = headOf(bytes, 0, bytes.length);
      const tail = tailOf(bytes, 0, bytes.length);
      const place = this.find(head, tail);
      this.heads[place] = head;
      this.tails[place] = tail;
      lengths |= 1 << bytes.length;
    }
    this.lengths = lengths;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length > WORD_LENGTH_MAX || ((this.lengths >> length) & 1) === 0) return false;
    return this.heads[this.find(headOf(bytes, start, end), tailOf(bytes, start, end))] !== 0;
  }

  /** Where the word stands, or else would stand. */
  private find(head: number, tail: number): number {
    const { heads, tails, mask } = this;
    let place = Math.imul(head ^ Math.imul(tail, 0x85ebca6b), 0x9e3779b1) >>> 16;
    for (place &= mask; heads[place] !== 0; place = (place + 1) & mask) if (heads[place] === head && tails[place] === tail) break;
    return place;
  }
}

function headOf(bytes: Uint8Array, start: number, end: number): number {
  let head = 0;
  for (let index = start; index < end && index < start + 4; index++) head = (head << 8) | bytes[index]! | 0x20;
  return head;
}

function tailOf(bytes: Uint8Array, start: number, end: number): number {
  let tail = 0;
  for (let index = start + 4; index < end; index++) tail = (tail << 8) | bytes[index]! | 0x20;
  return tail;
}

/** Units that belong to the number before them: "5 ms" is "5ms" is "12 sec". */
export const UNITS = new WordSet("b kb mb gb tb pb kib mib gib tib ns us ms s sec secs");
export const MONTHS = new WordSet("jan feb mar apr may jun jul aug sep oct nov dec");
export const WEEKDAYS = new WordSet("mon tue wed thu fri sat sun");
export const TIME_ZONES = new WordSet("utc gmt cet cest est edt cst cdt mst mdt pst pdt bst ist jst am pm");
/** Values that say which way a program went, and so belong to the template. */
export const SWITCHES = new WordSet("true false null none yes no on off nil");
/** Keys whose values enumerate: what happened, not to whom. */
export const ENUMERATION_KEYS = new WordSet("action method level status state type event kind op result phase mode verb");
/** Keys whose value is itself a message. */
export const MESSAGE_KEYS = new WordSet("msg messag err error reason detail descr text");
export const TOP_LEVEL_DOMAINS = new WordSet(
  "com net org edu gov mil int io dev app ai co info biz eu uk de fr nl be ch at it es pt pl cz se no fi dk ru ua cn jp kr in au nz br mx ca us tv me local lan",
);
/** Endings of files: a name with one of them is a file, whichever it is. */
export const FILE_ENDINGS = new WordSet(
  "log txt json jsonl ndjson xml yaml yml toml ini conf cfg csv tsv html htm css js ts py rb php pl sh sql db gz zip tar bz2 zst jar war so dll exe sys bin dat tmp bak pid lock sock pem crt key png jpg jpeg gif svg pdf mp4",
);
