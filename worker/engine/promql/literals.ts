/** Numbers, durations and texts as PromQL writes them. */

const UNIT_MS: Readonly<Record<string, number>> = {
  y: 365 * 86_400_000,
  w: 7 * 86_400_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};
const DURATION = /^(?:\d+(?:ms|[ywdhms]))+$/;
const PART = /(\d+)(ms|[ywdhms])/g;

/** Milliseconds of `1h30m`; null for what is no duration. */
export function parsePromDuration_ms(text: string): number | null {
  if (!DURATION.test(text)) return null;
  let duration_ms = 0;
  for (const [, digits, unit] of text.matchAll(PART)) duration_ms += Number(digits) * UNIT_MS[unit!]!;
  return Number.isSafeInteger(duration_ms) ? duration_ms : null;
}

/** A number without a sign: `1e3`, `0x1f`, `1_000`, `Inf`, `NaN`, or a duration, which is its seconds; null for what is none. */
export function parsePromNumber(text: string): number | null {
  const digits = text.trim().toLowerCase();
  if (digits === "inf") return Number.POSITIVE_INFINITY;
  if (digits === "nan") return Number.NaN;
  const duration_ms = parsePromDuration_ms(digits);
  if (duration_ms !== null) return duration_ms / 1_000;
  const plain = digits.replaceAll("_", "");
  const value = Number(plain);
  return plain === "" || Number.isNaN(value) ? null : value;
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  "'": "'",
  '"': '"',
};
const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|([\s\S]?))/g;

/** The text that a quoted text means; null where the quote is not closed or an escape is none. Between backticks nothing is escaped. */
export function parsePromString(quoted: string): string | null {
  const quote = quoted[0];
  if (quoted.length < 2 || quoted.at(-1) !== quote) return null;
  const inner = quoted.slice(1, -1);
  if (quote === "`") return inner;
  let valid = true;
  const text = inner.replace(ESCAPE, (_, byte, short, long, octal, letter) => {
    const code = byte ?? short ?? long ?? octal;
    const point = code === undefined ? Number.NaN : Number.parseInt(code, octal === undefined ? 16 : 8);
    if (point <= 0x10_ff_ff) return String.fromCodePoint(point);
    const plain = ESCAPES[letter ?? ""];
    if (plain === undefined) valid = false;
    return plain ?? "";
  });
  return valid ? text.toWellFormed() : null;
}
