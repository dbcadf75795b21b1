import fc from "fast-check";
import { RE2JS } from "re2js";
import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../worker/engine/batch/words.ts";
import { matchRows } from "../../../worker/engine/query/query.ts";
import { Automaton } from "../../../worker/engine/query/regex/automaton.ts";
import { UnsupportedRegex } from "../../../worker/engine/query/regex/parse.ts";
import { compileProgram } from "../../../worker/engine/query/regex/program.ts";
import { codePointsOf, folded } from "../../../worker/engine/query/regex/ranges.ts";
import { matcherOf, requiredTexts, requiredWords } from "../../../worker/engine/query/regex/regex.ts";
import { batchOf } from "./batches.ts";

/** Expressions over a small alphabet, so that texts of the same alphabet often match. */
const letter = fc.constantFrom("a", "b", "A", "k", "K", "s", "é", "É", "σ", "ς", "\u212a", "ſ", "0", "7", "_", " ", "-", "\n", "日", "😀");
const escaped = letter.map((text) => text.replace(/[-_ ]/, (mark) => (mark === "-" ? "\\-" : mark)));
const klass = fc
  .tuple(
    fc.boolean(),
    fc.array(
      fc.oneof(escaped, fc.constantFrom("a-k", "A-Z", "0-9", "\\d", "\\w", "\\s", "\\W", "\\D", "[:alpha:]", "[:^digit:]", "é-σ", "-")),
      {
        minLength: 1,
        maxLength: 3,
      },
    ),
  )
  .map(([negated, parts]) => `[${negated ? "^" : ""}${[...parts].sort((left) => (left === "-" ? 1 : 0)).join("")}]`);
const atom = fc.oneof(
  { weight: 6, arbitrary: escaped },
  {
    weight: 1,
    arbitrary: fc.constantFrom(".", "\\d", "\\w", "\\s", "\\S", "\\W", "\\x41", "\\x{e9}", "\\Qa-\\E", "\\.", "ab", "abk", " a "),
  },
  { weight: 1, arbitrary: fc.constantFrom("^", "$", "\\b", "\\A", "\\z") },
  { weight: 1, arbitrary: klass },
);
const repetition = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  { weight: 1, arbitrary: fc.constantFrom("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{0}") },
);
const flags = fc.constantFrom("", "", "(?i)", "(?s)", "(?m)", "(?im)", "(?U)");
const pattern = fc.letrec<{ all: string; one: string }>((tie) => ({
  all: fc
    .array(fc.array(tie("one"), { maxLength: 4 }), { minLength: 1, maxLength: 3, size: "small" })
    .map((choices) => choices.map((parts) => parts.join("")).join("|")),
  one: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    {
      weight: 5,
      arbitrary: fc
        .tuple(atom, repetition)
        .map(([own, times]) => (/^(\^|\$|\\[bAz])$/.test(own) ? own : own.length > 1 && !/^[[\\]/.test(own) ? own : own + times)),
    },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("(", "(?:", "(?P<n>", "(?i:"), tie("all"), repetition)
        .map(([open, inner, times]) => `${open}${inner})${times}`),
    },
  ),
}));
const expression = fc.tuple(flags, pattern.all).map(([head, body]) => (head + body).replaceAll("(?P<n>", "("));
const subject = fc.array(letter, { maxLength: 12 }).map((letters) => letters.join(""));

function compiled(text: string): RE2JS | null {
  try {
    return RE2JS.compile(text);
  } catch {
    return null;
  }
}

function libraryMatches(regex: RE2JS, text: string): number[][] {
  const matcher = regex.matcher(text);
  const found: number[][] = [];
  while (matcher.find())
    found.push(Array.from({ length: regex.groupCount() + 1 }, (_, group) => [matcher.start(group), matcher.end(group)]).flat());
  return found;
}

describe("matching", () => {
  it("agrees with the library about every expression and text", () => {
    let tried = 0;
    fc.assert(
      fc.property(expression, fc.array(subject, { minLength: 1, maxLength: 6 }), (source, texts) => {
        const library = compiled(source);
        fc.pre(library !== null);
        const matcher = matcherOf(source);
        if (matcher.isAutomaton) tried++;
        for (const text of texts) expect([source, text, matcher.test(text)]).toEqual([source, text, library!.test(text)]);
      }),
      { numRuns: 3000 },
    );
    expect(tried).toBeGreaterThan(1500);
  });

  it("finds the same places", () => {
    fc.assert(
      fc.property(expression, subject, (source, text) => {
        const library = compiled(source);
        fc.pre(library !== null);
        const found: number[][] = [];
        matcherOf(source).forEachMatch(text, (places) => {
          found.push([...places]);
          return true;
        });
        expect([source, text, found]).toEqual([source, text, libraryMatches(library!, text)]);
      }),
      { numRuns: 2000 },
    );
  });

  it("filters columns alike, however they are stored", () => {
    fc.assert(
      fc.property(expression, fc.array(subject, { minLength: 1, maxLength: 8 }), (source, texts) => {
        const library = compiled(source);
        fc.pre(library !== null);
        const events = texts.map((message) => ({ timestamp_us: 0, ingest_us: 0, fields: { message }, attributes: {} }));
        const wanted = texts.flatMap((text, row) => (library!.test(text) ? [row] : []));
        for (const storage of ["dict", "bytes"] as const) {
          const rows = matchRows(
            { kind: "regex", field: "message", pattern: source },
            batchOf(events, () => storage),
          );
          expect([source, storage, [...rows]]).toEqual([source, storage, wanted]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("forgets its states and goes on where they grow too many", () => {
    const source = "(a|b)*a(a|b){14}c";
    const automaton = new Automaton(compileProgram(source).program);
    const random = (at: number) => ((at * 2654435761) >>> 7) % 2;
    const text = Array.from({ length: 60_000 }, (_, at) => (random(at) === 0 ? "a" : "b")).join("");
    const bytes = Buffer.from(`${text}c`);
    expect(automaton.test(bytes, 0, bytes.length - 1)).toBe(false);
    expect(automaton.test(bytes, 0, bytes.length)).toBe(RE2JS.compile(source).test(`${text}c`));
  });

  it("knows the other cases of letters that the library knows", () => {
    const related = new Map<number, Set<number>>();
    const relate = (code: number, other: number) => related.set(code, (related.get(code) ?? new Set([code])).add(other));
    for (let code = 0; code < 0x20000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue;
      const own = String.fromCodePoint(code);
      for (const other of [own.toUpperCase(), own.toLowerCase()].map((text) => text.codePointAt(0)!)) {
        if (code < 0x530) relate(code, other);
        if (other < 0x530) relate(other, code);
      }
    }
    for (const [code, others] of related) {
      const library = RE2JS.compile(`(?i)^\\x{${code.toString(16)}}$`);
      const own = folded([code, code])!;
      for (const other of new Set([...others, ...codePointsOf(own)])) {
        const member = own.some((first, index) => index % 2 === 0 && other >= first && other <= own[index + 1]!);
        expect([code, other, member]).toEqual([code, other, library.test(String.fromCodePoint(other))]);
      }
    }
  });

  it.each(["\\pL+", "\\B", "\\C", "(?i)\u1e00", "\\12"])("leaves %s to the library", (source) => {
    expect(() => compileProgram(source)).toThrow(UnsupportedRegex);
  });
});

describe("what every match contains", () => {
  it("stands in every text that matches", () => {
    fc.assert(
      fc.property(expression, fc.array(subject, { minLength: 1, maxLength: 4 }), (source, texts) => {
        const library = compiled(source);
        fc.pre(library !== null);
        for (const text of texts) {
          if (!library!.test(text)) continue;
          for (const word of requiredWords(source)) expect([source, wordsOf(text)]).toEqual([source, expect.arrayContaining([word])]);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ["port [0-9]+ .*closed", ["losed"], false, []],
    [" port [0-9]+", ["port "], false, ["port"]],
    ["^error: .* in (\\w+)$", ["or: "], false, ["error", "in"]],
    ["time(d )?out", ["med out", "meout"], false, []],
    ["(?i)connection (reset|closed)", ["connection "], true, []],
    ["(?i)task", ["ta"], true, []],
    ["(?i) panic:", [" panic:"], true, ["panic"]],
    ["user=(alice|bob) ", ["=alice ", "=bob "], false, []],
    ["\\d+ ms$", [" ms"], false, ["ms"]],
    ["a{3}b+", ["aaa"], false, []],
    ["[a-z]+@[a-z]+", null, false, []],
    ["\\sfatal\\s", ["fatal"], false, ["fatal"]],
    ["\\bport\\b", ["port"], false, []],
    ["x?", null, false, []],
    ["\\p{L}+timeout", ["timeout"], false, []],
  ])("of %s is %j", (source, texts, any_case, words) => {
    const required = requiredTexts(source);
    expect(required?.texts ?? null).toEqual(texts);
    expect(required?.any_case ?? false).toBe(any_case);
    expect(requiredWords(source)).toEqual(words);
  });
});
