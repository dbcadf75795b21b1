import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseQuery, printQuery, QuerySyntaxError } from "../../../worker/engine/query/query.ts";
import { QUERY_DEPTH_MAX, QUERY_LENGTH_MAX, QUERY_PIPES_MAX, QUERY_REGEX_LENGTH_MAX, QUERY_TERMS_MAX } from "../../../worker/limits.ts";

const now_us = Date.UTC(2026, 2, 1, 12) * 1000;
const parse = (text: string) => parseQuery(text, { now_us });

function faultOf(text: string): QuerySyntaxError {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof QuerySyntaxError) return error;
    throw error;
  }
  throw new Error(`no fault in ${text}`);
}

describe("parseQuery", () => {
  it.each([
    ["", "*"],
    ["  ", "*"],
    ["*", "*"],
    ["timeout", "timeout"],
    ["time*", "time*"],
    ["**time***out*", "*time*out*"],
    ["'single quotes'", '"single quotes"'],
    ["10.0.0.1", '"10.0.0.1"'],
    ["12:30:45", '"12:30:45"'],
    ["can't", '"can\'t"'],
    ['"a \\"b\\" \\* \\\\ \\n"', '"a \\"b\\" \\* \\\\ \\n"'],
    ["and or not", "and or not"],
    ['"AND"', '"AND"'],
    ["a b AND c", "a b c"],
    ["a OR b c", "a OR b c"],
    ["(a OR b) c", "(a OR b) c"],
    ["((a b) c)", "a b c"],
    ["-a !b NOT c", "NOT a NOT b NOT c"],
    ["-(a b)", "NOT (a b)"],
    ["NOT NOT a", "NOT (NOT a)"],
    ["a-b", '"a-b"'],
    ["service:api", "service:api"],
    ["service.name:api env:prod", "service:api environment:prod"],
    ["attributes.user:x user:x", "user:x user:x"],
    ["attributes.level:high", "attributes.level:high"],
    ['"user name":x', '"user name":x'],
    ["level:warning", "level:WARN"],
    ["severity_text:(err, crit)", "level:(ERROR, FATAL)"],
    ["level:err*", "level:ERR*"],
    ["level:>=warn", "level:>=WARN"],
    ["path:/api/v1", "path:/api/v1"],
    ["url:http://h/p?q=1", 'url:"http://h/p?q=1"'],
    ["path:/api/*/users", "path:/api/*/users"],
    ["x:>500 y:<=-1.5e3", "x:>500 y:<=-1.5e3"],
    ['x:>"500"', 'x:>"500"'],
    ["x:=500 y:=a z:!=5", "x:=500 y:a NOT z:=5"],
    ["x:[1 TO 5]", "x:[1 TO 5]"],
    ["x:{1 TO *]", "x:{1 TO *]"],
    ["x:[* TO *]", "x:*"],
    ["x:in(a,b) y:(a OR b)", "x:(a, b) y:(a, b)"],
    ["x:(a, b*)", "x:a OR x:b*"],
    ["x:(a)", "x:a"],
    ["message:(refused, reset)", "refused OR reset"],
    ["message:timeout message:=timeout", 'timeout message:="timeout"'],
    ["message:*", "message:*"],
    ['x:~"a\\.b\\"c"', 'x:~"a\\.b\\"c"'],
    ["x:!~'a'", 'NOT x:~"a"'],
    ['x:contains("a*b")', 'x:contains("a\\*b")'],
    ["x:icase(Bob) y:words(a b)".replace("a b", '"a b"'), 'x:icase("Bob") y:words("a b")'],
    ["_any:bob* _any:*", "_any:bob*"],
    ["timestamp:>-15m", "timestamp:>2026-03-01T11:45:00.000000Z"],
    ["@timestamp:[2026-02-28 TO now}", "timestamp:[2026-02-28T00:00:00.000000Z TO 2026-03-01T12:00:00.000000Z}"],
    ["timestamp:2026-03-01", "timestamp:[2026-03-01T00:00:00.000000Z TO 2026-03-02T00:00:00.000000Z}"],
    ["timestamp:>1772366400", "timestamp:>2026-03-01T12:00:00.000000Z"],
    ["a|stats count()", "a | stats count()"],
    ["| STATS COUNT() AS n BY (service, bucket(60s))", "* | stats count() as n by service, bucket(1m)"],
    [
      "* | stats count(user), count() by env, bucket(1d, '+02:00') as day",
      '* | stats count(user), count() by environment, bucket(1d, "+02:00") as day',
    ],
    [
      "* | stats count() by service | sort by count desc, service | limit 5",
      "* | stats count() by service | sort -count, service | limit 5",
    ],
    ["a | where b:1 | fields service.name, x", "a | where b:1 | fields service, x"],
  ])("reads %s as %s", (text, printed) => {
    const query = parse(text);
    expect(printQuery(query)).toBe(printed);
    expect(parse(printed)).toEqual(query);
  });

  it.each([
    ["(a", 2, "the end", "a closing )", null],
    ["a)", 1, ")", 'a word, a "phrase", field:value, a minus or a parenthesis or |', null],
    ['"a', 2, "the end", 'a closing "', null],
    ["a OR", 4, "the end", 'a word, a "phrase", field:value, a minus or a parenthesis', null],
    ["AND a", 0, "AND", 'a word, a "phrase", field:value, a minus or a parenthesis', null],
    ["a - b", 3, "a space", "what to exclude, right after -; to search for the character put it in quotes", null],
    ["x:", 2, "the end", "a value for the field x, right after the colon; to search for the text put it in quotes", null],
    ['""', 0, '""', "a word between the quotes", null],
    ["level:eror", 6, "eror", "a level: trace, debug, info, warn, error or fatal", "error"],
    ["x:contians(a)", 2, "contians(", "one of the functions contains, icase, words, in", "contains"],
    ["x:contains(a, b)", 14, "b)", "one text in the parentheses", null],
    ["x:(a b)", 5, "b)", "a comma, OR, or the closing )", null],
    ["x:[1 5]", 5, "5]", "TO between the two ends of the range", null],
    ["x:[1 TO b]", 2, "[1", "two numbers or two texts", null],
    ["x:>", 3, "the end", 'a number, a time or a "text" after >', null],
    ["x:~a", 3, "a", "a regular expression in quotes", null],
    ['x:~"a("', 3, '"a("', "a valid regular expression (RE2 syntax)", null],
    ["timestamp:>yesterday", 11, "yesterday", "a time such as 2026-03-01T12:00:00Z, 2026-03-01, -15m or now", null],
    ["a |", 3, "the end", expect.stringContaining("one of the pipes stats, sort, limit"), null],
    ["a | stat count()", 4, "stat", expect.stringContaining("one of the pipes stats, sort, limit"), "stats"],
    ["a | stats cuont()", 10, "cuont()", expect.stringContaining("one of the functions count()"), "count"],
    ["a | stats count() by bucket(5x)", 28, "5x)", "a duration such as 5m (units us, ms, s, m, h, d, w)", null],
    ["a | stats count() by bucket(1d, CET)", 32, "CET)", 'an offset from UTC such as "+02:00"', null],
    ["a | stats count(), count()", 26, "the end", "another name after as", null],
    ["a | stats count() by service | sort -cuont", 37, "cuont", "one of the columns service, count", "count"],
    ["a | limit x", 10, "x", "how many, as a whole number", null],
    ["a | stats count() as n | where service:api", 31, "service", "one of the columns n", null],
    ["a | fields service | stats count() by sevice", 38, "sevice", "one of the columns service", "service"],
  ])("refuses %s at %i", (text, position, found, expected, suggestion) => {
    const fault = faultOf(text);
    expect({ position: fault.position, found: fault.found, expected: fault.expected, suggestion: fault.suggestion }).toEqual({
      position,
      found,
      expected,
      suggestion,
    });
    expect(fault.message).toContain(String(position));
  });

  it.each([
    ["length", "x".repeat(QUERY_LENGTH_MAX + 1), "x".repeat(QUERY_LENGTH_MAX)],
    ["depth of parentheses", nested("(", QUERY_DEPTH_MAX + 1, ")"), nested("(", QUERY_DEPTH_MAX, ")")],
    ["depth of negations", nested("-", QUERY_DEPTH_MAX + 1, ""), nested("-", QUERY_DEPTH_MAX, "")],
    ["conditions", "a ".repeat(QUERY_TERMS_MAX + 1), "a ".repeat(QUERY_TERMS_MAX)],
    ["conditions in a list", `x:(${"a,".repeat(QUERY_TERMS_MAX)}a)`, `x:(${"a,".repeat(QUERY_TERMS_MAX - 1)}a)`],
    ["pipes", `a${"|where b".repeat(QUERY_PIPES_MAX + 1)}`, `a${"|where b".repeat(QUERY_PIPES_MAX)}`],
    ["length of an expression", `x:~"${"a".repeat(QUERY_REGEX_LENGTH_MAX + 1)}"`, `x:~"${"a".repeat(QUERY_REGEX_LENGTH_MAX)}"`],
    ["size of an expression", 'x:~"(((\\pL{9}){9}){9}){9}"', 'x:~"((\\pL{9}){9}){9}"'],
  ])("bounds the %s", (_what, over, within) => {
    expect(() => parse(over)).toThrow(QuerySyntaxError);
    expect(() => parse(within)).not.toThrow();
  });

  it("answers any text with a query or a QuerySyntaxError with a position in the text", () => {
    const token = fc.constantFrom(
      "(",
      ")",
      "-",
      "NOT ",
      " OR ",
      " AND ",
      "|",
      "stats ",
      "count()",
      " by ",
      "bucket(",
      "5m",
      "x:",
      "level:",
      '"',
      "'",
      "\\",
      "*",
      "~",
      ">",
      "[",
      " TO ",
      "]",
      ",",
      "sort ",
      "a",
      "\ud800",
      "é",
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(token, { maxLength: 20 }).map((tokens) => tokens.join("")),
          fc.string({ unit: "binary", maxLength: 30 }),
        ),
        (text) => {
          let query: ReturnType<typeof parse>;
          try {
            query = parse(text);
          } catch (error) {
            if (!(error instanceof QuerySyntaxError)) throw error;
            expect(error.position).toBeGreaterThanOrEqual(0);
            expect(error.position).toBeLessThanOrEqual(text.length);
            return;
          }
          expect(parse(printQuery(query))).toEqual(query);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

function nested(open: string, depth: number, close: string): string {
  return `${open.repeat(depth)}a${close.repeat(depth)}`;
}
