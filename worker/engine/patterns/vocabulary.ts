/** Short words that the masking rules know, found by their bytes without making strings. */

const WORD_LENGTH_MAX = 6;

/** A set of ASCII words of at most six letters; looked up case-insensitively. */
export class WordSet {
  private readonly keys: Set<number>;
  private readonly lengths: number;

  constructor(words: string) {
    this.keys = new Set();
    let lengths = 0;
    for (const word of words.split(" ")) {
      let key = 0;
      for (let index = 0; index < word.length; index++) key = key * 256 + (word.charCodeAt(index) | 0x20);
      this.keys.add(key);
      lengths |= 1 << word.length;
    }
    this.lengths = lengths;
  }

  has(bytes: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (length > WORD_LENGTH_MAX || ((this.lengths >> length) & 1) === 0) return false;
    let key = 0;
    for (let index = start; index < end; index++) key = key * 256 + (bytes[index]! | 0x20);
    return this.keys.has(key);
  }
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
