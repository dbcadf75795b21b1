import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { filterPart, quoteValue, withFilter } from "../../app/src/lib/filters.ts";
import { bytes, count, duration } from "../../app/src/lib/format.ts";
import { visibleParts } from "../../app/src/lib/visible-text.ts";
import { parseQuery } from "../../worker/engine/query/query.ts";

const NOW = { now_us: 1_750_000_000_000_000 };

describe("text of lines", () => {
  it.each([
    ["plain", ["plain"]],
    ["\u001b[31mred", ["<ESC>", "[31mred"]],
    ["a\u202eb", ["a", "<U+202E>", "b"]],
    ["one\ntwo", ["one", "<↵>", "two"]],
    ["tab\tstays", ["tab\tstays"]],
    ["zero\u200bwidth\ufeff", ["zero", "<U+200B>", "width", "<U+FEFF>"]],
    ["שלום 👋🏽 👩‍👩‍👧", ["שלום 👋🏽 👩‍👩‍👧"]],
    ["", []],
  ])("%j is shown as %j", (text, parts) => {
    expect(visibleParts(text).map((part) => (part.hidden ? `<${part.text}>` : part.text))).toEqual(parts);
  });

  it("keeps line ends where asked, and says what it left out", () => {
    expect(visibleParts("one\ntwo", { keepLines: true })).toEqual([{ text: "one\ntwo", hidden: false }]);
    expect(visibleParts("abcdef", { length_max: 2 })).toEqual([
      { text: "ab", hidden: false },
      { text: "… 4 more characters", hidden: true },
    ]);
  });

  it("never lets a control or a turning mark through", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const shown = visibleParts(text).map((part) => part.text);
        expect(shown.join("").replaceAll("\t", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }),
    );
  });
});

describe("filters of clicked values", () => {
  it.each([
    ["", "service", "api", false, "service:api"],
    ["level:error", "host", "web 1", false, 'level:error host:"web 1"'],
    ["a OR b", "host", "x", true, "(a OR b) -host:x"],
    ['"a | b" | stats count()', "host", "x", false, '"a | b" host:x | stats count()'],
    ["service:api", "service", "api", false, "service:api"],
  ])("%j and %s=%s (out: %s) is %j", (query, field, value, exclude, expected) => {
    expect(withFilter(query, field, value, exclude)).toBe(expected);
  });

  it("are understood by the language whatever the value", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", maxLength: 40 }), fc.boolean(), (value, exclude) => {
        expect(() => parseQuery(withFilter("level:error", "service", value, exclude), NOW)).not.toThrow();
      }),
    );
  });

  it.each(["and", "OR", "not", "a*b", ">5", "[1", "~x", "-a", '"', "\\", "a b", "a|b", "(x", "x)"])(
    "quote %j, which would mean something",
    (value) => {
      expect(quoteValue(value)).toMatch(/^".*"$/);
    },
  );

  it("leave the pipes behind for a histogram", () => {
    expect(filterPart('a "b | c" | stats count()')).toBe('a "b | c"');
    expect(filterPart("a")).toBe("a");
  });
});

describe("numbers", () => {
  it.each([
    [bytes(0), "0 B"],
    [bytes(999), "999 B"],
    [bytes(1_100_000), "1.1 MB"],
    [bytes(812_000), "812 KB"],
    [duration(38.4), "38 ms"],
    [duration(1_234), "1.2 s"],
    [count(18_204), "18,204"],
  ])("%s is %s", (shown, expected) => expect(shown).toBe(expected));
});
