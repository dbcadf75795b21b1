import { describe, expect, it } from "vitest";
import { decodeJson, INVALID_UTF8_MARK } from "../../../worker/engine/decode/json.ts";
import { DecodeFailure } from "../../../worker/engine/decode/types.ts";
import {
  ATTRIBUTE_VALUE_SIZE_BYTES_MAX,
  ATTRIBUTES_PER_EVENT_MAX,
  CUT_MARK,
  ERRORS_PER_RESPONSE_MAX,
  EVENT_SIZE_BYTES_MAX,
  EVENTS_PER_REQUEST_MAX,
  FIELD_SIZE_BYTES_MAX,
  FRAME_RAW_SIZE_BYTES_TARGET,
  FRAME_ROWS_MAX,
  MESSAGE_SIZE_BYTES_MAX,
} from "../../../worker/limits.ts";
import { CONTEXT, eventOf, jsonRecords, records, utf8 } from "./records.ts";

function messages(text: string): (string | undefined)[] {
  return jsonRecords(text).map((record) => record.message);
}

function outcome(text: string) {
  const { accepted, rejected, errors } = decodeJson(utf8(text), CONTEXT);
  return { accepted, rejected, indexes: errors.map((error) => error.index) };
}

describe("the shape of the body", () => {
  it.each([
    ["one object", '{"msg":"a"}', ["a"]],
    ["one object in lines", '{\n  "msg": "a",\n  "x": {\n "y": 1 }\n}\n', ["a"]],
    ["an array", '[{"msg":"a"},{"msg":"b"}]', ["a", "b"]],
    ["an array in lines", '[\n  {"msg": "a"},\n  {"msg": "b"}\n]\n', ["a", "b"]],
    ["NDJSON", '{"msg":"a"}\n{"msg":"b"}\n', ["a", "b"]],
    ["NDJSON without the last newline", '{"msg":"a"}\n{"msg":"b"}', ["a", "b"]],
    ["NDJSON with CRLF", '{"msg":"a"}\r\n{"msg":"b"}\r\n', ["a", "b"]],
    ["NDJSON with blank lines", '\n\n{"msg":"a"}\n\n \t\n{"msg":"b"}\n\n', ["a", "b"]],
    ["objects one after another", '{"msg":"a"}{"msg":"b"} {"msg":"c"}', ["a", "b", "c"]],
    ["objects with commas", '{"msg":"a"},\n{"msg":"b"},\n', ["a", "b"]],
    ["objects in lines one after another", '{\n"msg":"a"\n}\n{\n"msg":"b"\n}\n', ["a", "b"]],
    ["arrays one after another", '[{"msg":"a"}]\n[{"msg":"b"}]', ["a", "b"]],
    ["a byte order mark", '\ufeff{"msg":"a"}\n{"msg":"b"}', ["a", "b"]],
    ["white space everywhere", ' [ { "msg" : "a" , "x" : [ 1 , 2 ] } , { "msg" : "b" } ] ', ["a", "b"]],
  ])("%s", (_name, text, expected) => {
    expect(messages(text)).toEqual(expected);
    expect(decodeJson(utf8(text), CONTEXT)).toMatchObject({ accepted: expected.length, rejected: 0, errors: [] });
  });

  it.each([
    ["", "empty"],
    [" \r\n ", "empty"],
    ["[]", "empty"],
    ["\ufeff", "empty"],
    ["nonsense", "syntax"],
    ["{", "syntax"],
    ["[", "syntax"],
    ['"text"', "syntax"],
    ["17", "syntax"],
    ["null", "syntax"],
    ["]", "syntax"],
    ["<html>", "syntax"],
    ["\u0000", "syntax"],
  ])("%j is a failure: %s", (text, code) => {
    try {
      decodeJson(utf8(text), CONTEXT);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(DecodeFailure);
      expect((error as DecodeFailure).code).toBe(code);
    }
  });

  it.each([
    ["{}", 1],
    ["[[]]", 1],
    ['[1, "text", null]', 3],
  ])("%j is JSON whose events are refused", (text, rejected) => {
    expect(decodeJson(utf8(text), CONTEXT)).toMatchObject({ accepted: 0, rejected, batches: [] });
  });
});

describe("something broken", () => {
  it.each([
    ["a line cut short", '{"msg":"a"}\n{"msg":"b\n{"msg":"c"}\n', ["a", "c"], [1]],
    ["a line without a value", '{"msg":"a"}\n{"x":\n{"msg":"c"}\n', ["a", "c"], [1]],
    ["a line without a comma", '{"x":1 "y":2}\n{"msg":"c"}\n', ["c"], [0]],
    ["a line that goes on after its end", '{"msg":"a"}} \n{"msg":"c"}\n', ["a", "c"], [1]],
    ["a line that is no JSON", '{"msg":"a"}\nERROR: oops {"msg":"x"}\n{"msg":"c"}\n', ["a", "c"], [1]],
    ["the first line", 'oops\n{"msg":"b"}\n{"msg":"c"}\n', ["b", "c"], [0]],
    ["the last line", '{"msg":"a"}\n{"msg":"b"', ["a"], [1]],
    ["a line that is a number", '{"msg":"a"}\n17\n{"msg":"c"}\n', ["a", "c"], [1]],
    ["an empty object", '{"msg":"a"}\n{}\n{"msg":"c"}\n', ["a", "c"], [1]],
    ["single quotes", "{'msg':'x'}\n{\"msg\":\"c\"}\n", ["c"], [0]],
    ["a trailing comma", '[{"msg":"x",},{"msg":"c"}]', ["c"], [0]],
    ["elements of other types", '[{"msg":"a"},1,"two",null,[{"msg":"x"}],true,{"msg":"c"}]', ["a", "c"], [1, 2, 3, 4, 5]],
    ["a text without its end in an array", '[{"msg":"a"},{"msg":"x},{"msg":"c"},{"msg":"d"}]', ["a", "c", "d"], [1]],
    ["an object without its end in an array of lines", '[\n  {"msg":"a"},\n  {"msg":"x",\n  {"msg":"c"}\n]', ["a", "c"], [1]],
    ["an array without its end", '[{"msg":"a"},{"msg":"b"}', ["a", "b"], [2]],
    ["a bracket too many", '[{"msg":"a"}]]\n', ["a"], [1]],
    ["an object in lines before a good one", '{\n"msg":\n}\n{\n"msg":"b"\n}\n', ["b"], [0]],
    ["a bad escape", '{"msg":"\\x"}\n{"msg":"c"}\n', ["c"], [0]],
    ["a bad escape in a name", '{"\\u12":1}\n{"msg":"c"}\n', ["c"], [0]],
    ["a control character in a text", '{"msg":"a\tb"}\n{"msg":"c"}\n', ["c"], [0]],
    ["bad numbers", '{"x":01}\n{"x":1.}\n{"x":.5}\n{"x":-}\n{"x":1e}\n{"x":+1}\n{"msg":"c"}\n', ["c"], [0, 1, 2, 3, 4, 5]],
    ["bad words", '{"x":tru}\n{"x":nul}\n{"x":undefined}\n{"x":Nan}\n{"msg":"c"}\n', ["c"], [0, 1, 2, 3]],
    ["a broken array inside", '{"x":[1,}\n{"x":[1}]}\n{"x":[1 2]}\n{"msg":"c"}\n', ["c"], [0, 1, 2]],
  ])("%s costs only itself", (_name, text, expected, indexes) => {
    expect(messages(text)).toEqual(expected);
    expect(outcome(text)).toEqual({ accepted: expected.length, rejected: indexes.length, indexes });
  });

  it("is reported with its place, what stood there and why", () => {
    const { errors } = decodeJson(utf8('{"msg":"a"}\n{"msg" "b"}\n{"msg":"c"}'), CONTEXT);
    expect(errors).toEqual([{ index: 1, field: "", value: '{"msg" "b"}\n', message: "a colon was expected (at byte 7 of the event)" }]);
  });

  it("is counted wholly and listed up to a bound", () => {
    const text = `{"msg":"a"}\n${"x\n".repeat(ERRORS_PER_RESPONSE_MAX + 50)}`;
    const decoded = decodeJson(utf8(text), CONTEXT);
    expect(decoded).toMatchObject({ accepted: 1, rejected: ERRORS_PER_RESPONSE_MAX + 50 });
    expect(decoded.errors).toHaveLength(ERRORS_PER_RESPONSE_MAX);
    expect(JSON.stringify(decodeJson(utf8(`{"msg":"a"}\n${"x".repeat(100_000)}`), CONTEXT).errors).length).toBeLessThan(1000);
  });
});

describe("values", () => {
  it.each([
    ["escapes", '{"x":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00"}', '"\\/\b\f\n\r\tAé€😀'],
    ["text beyond ASCII", '{"x":"grün 日本 😀"}', "grün 日本 😀"],
    ["a zero character", '{"x":"a\\u0000b"}', "a\u0000b"],
    ["a lone high surrogate", '{"x":"\\ud800 x"}', "\ufffd x"],
    ["a lone low surrogate", '{"x":"\\udc00\\ud800"}', "\ufffd\ufffd"],
    ["two high surrogates and a low one", '{"x":"\\ud83d\\ud83d\\ude00"}', "\ufffd😀"],
    ["an empty text", '{"x":""}', ""],
    ["zero", '{"x":0}', 0],
    ["minus zero", '{"x":-0}', 0],
    ["a whole number", '{"x":-17}', -17],
    ["the largest safe whole number", '{"x":9007199254740991}', 9007199254740991],
    ["a whole number beyond it", '{"x":9007199254740993}', "9007199254740993"],
    ["a negative one", '{"x":-12345678901234567890}', "-12345678901234567890"],
    ["a fraction", '{"x":0.1}', 0.1],
    ["a long fraction", '{"x":2.50000000000000000000001}', 2.5],
    ["a small fraction", '{"x":0.000000000000000000000001}', 1e-24],
    ["an exponent", '{"x":1.5E+3}', 1500],
    ["a large exponent", '{"x":1e20}', 1e20],
    ["one too large for a double", '{"x":-1e400}', "-1e400"],
    ["one too small for a double", '{"x":1e-400}', 0],
    ["NaN as Python writes it", '{"x":NaN}', "NaN"],
    ["infinities as Python writes them", '{"x":-Infinity}', "-Infinity"],
    ["true", '{"x":true}', true],
    ["false", '{"x":false}', false],
    ["an array", '{"x":[1, "a", null, {"b": [true]}]}', [1, "a", null, { b: [true] }]],
    ["an empty array", '{"x":[]}', []],
    ["an empty object", '{"x":{}}', {}],
    ["large whole numbers in an array", '{"x":[12345678901234567890, 1.5, 1e20]}', ["12345678901234567890", 1.5, 1e20]],
    ["a name twice", '{"x":1,"x":2}', 2],
  ])("%s", (_name, text, expected) => {
    expect(jsonRecords(text)[0]?.attributes.x).toEqual(expected);
  });

  it("null is kept in the rest", () => {
    const { batches } = decodeJson(utf8('{"a":null,"b":1}'), CONTEXT);
    expect(new TextDecoder().decode(batches[0]?.batch.rest?.bytes)).toBe('{"a":null}');
  });

  it("nested objects are flattened with dots, as deep as the bound; deeper ones stay JSON", () => {
    expect(eventOf({ a: { b: { c: 1 }, "d.e": 2 } }).attributes).toEqual({ "a.b.c": 1, "a.d.e": 2 });
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { n: nested(depth - 1) });
    expect(eventOf(nested(32)).attributes).toEqual({ [Array(32).fill("n").join(".")]: 1 });
    const deeper = eventOf(nested(40)).attributes;
    expect(deeper).toEqual({ [Array(32).fill("n").join(".")]: JSON.stringify(nested(8)) });
  });

  it("the last of two values under one name is kept and the loss is marked", () => {
    expect(jsonRecords('{"a":{"b":1},"a.b":2}')[0]?.attributes).toEqual({ "a.b": 2, [CUT_MARK]: ["a.b"] });
  });

  it("a column of whole numbers that meets a fraction becomes one of doubles; other types go to the rest", () => {
    const { batches } = decodeJson(utf8('{"x":1}\n{"x":2.5}\n{"x":"t"}\n{"x":true}\n{"x":[1]}\n{"x":12345678901234567890}'), CONTEXT);
    expect(batches[0]?.batch.columns.get("attributes.x")?.kind).toBe("double");
    expect(
      jsonRecords('{"x":1}\n{"x":2.5}\n{"x":"t"}\n{"x":true}\n{"x":[1]}\n{"x":12345678901234567890}').map((r) => r.attributes.x),
    ).toEqual([1, 2.5, "t", true, [1], "12345678901234567890"]);
  });
});

describe("hostile input", () => {
  it("nested 100,000 deep neither crashes nor takes its neighbours with it", () => {
    const deep = 100_000;
    const text = [
      '{"msg":"a"}',
      `{"x":${"[".repeat(deep)}}`,
      `{"x":${"[".repeat(deep)}${"]".repeat(deep)}}`,
      `${'{"x":'.repeat(deep)}1${"}".repeat(deep)}`,
      '{"msg":"z"}',
      "",
    ].join("\n");
    const found = jsonRecords(text);
    expect(found[0]?.message).toBe("a");
    expect(found.at(-1)?.message).toBe("z");
    expect(found).toHaveLength(4);
    expect(Object.values(found[1]!.attributes)[0]).toBeTypeOf("string");
  });

  it("names of JavaScript's own are names like any other", () => {
    const text = '{"__proto__":{"polluted":1},"constructor":"c","toString":1,"hasOwnProperty":true,"__proto__.x":[2]}';
    const { attributes } = jsonRecords(text)[0]!;
    expect(attributes).toEqual({ "__proto__.polluted": 1, constructor: "c", toString: 1, hasOwnProperty: true, "__proto__.x": [2] });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(JSON.stringify(jsonRecords('{"__proto__":5}')[0]?.attributes)).toBe('{"__proto__":5}');
  });

  it("odd names are kept", () => {
    const text = '{"":1,"a\\u0000b":2,"\\n":3," ":4,".":5,"é😀":6,"\\ud800":7,"a\\"b":8}';
    expect(jsonRecords(text)[0]?.attributes).toEqual({ "": 1, "a\u0000b": 2, "\n": 3, " ": 4, ".": 5, "é😀": 6, "\ufffd": 7, 'a"b': 8 });
  });

  it("bytes that are no UTF-8 are replaced and marked, in the events that have them", () => {
    const body = new Uint8Array([
      ...utf8('{"msg":"a\u00e9"}\n{"msg":"x'),
      0xff,
      0xc3,
      ...utf8('y","k'),
      0x80,
      ...utf8('":1}\n{"msg":"z"}\n'),
    ]);
    const found = records(decodeJson(body, CONTEXT));
    expect(found.map((record) => record.message)).toEqual(["aé", "x\ufffd\ufffdy", "z"]);
    expect(found.map((record) => record.attributes)).toEqual([{}, { "k\ufffd": 1, [CUT_MARK]: [INVALID_UTF8_MARK] }, {}]);
  });

  it("a body cut at any byte keeps the events before the cut and never throws anything but its failure", () => {
    const sample = '{"msg":"a\\u00e9\\n","n":-1.5e3,"t":true,"l":[1,{"x":null}],"o":{"p":{"q":"r"}}}';
    for (const [before, between, after] of [
      ["", "\n", "\n"],
      ["[", ",", "]"],
    ]) {
      const body = utf8(`${before}${sample}${between}${sample}${after}`);
      const first_end = before!.length + sample.length;
      for (let size = 0; size < body.length; size++) {
        let accepted = 0;
        try {
          accepted = decodeJson(body.slice(0, size), CONTEXT).accepted;
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeFailure);
        }
        expect([size, accepted]).toEqual([size, size < first_end ? 0 : size < first_end + 1 + sample.length ? 1 : 2]);
      }
    }
  });

  it("any one byte changed never makes it throw anything but its failure", () => {
    const sample = utf8('[{"msg":"a\\u00e9","n":-1.5e3,"l":[1,{"x":null}],"o":{"p":"r"}},{"msg":"b"}]');
    for (let at = 0; at < sample.length; at++) {
      for (const byte of [0, 0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x2c, 0x3a, 0x0a, 0x30, 0x65, 0xff, 0x80]) {
        const body = sample.slice();
        body[at] = byte;
        try {
          const { accepted, rejected, batches } = decodeJson(body, CONTEXT);
          expect(batches.reduce((rows, { batch }) => rows + batch.rows, 0)).toBe(accepted);
          expect(accepted + rejected).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeFailure);
        }
      }
    }
  });

  it("thousands of new names in every event are taken", () => {
    const lines = Array.from({ length: 60 }, (_, line) =>
      JSON.stringify(Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`k${line}_${at}`, { v: at }]))),
    );
    const found = jsonRecords(lines.join("\n"));
    expect(found).toHaveLength(60);
    expect(found[59]?.attributes["k59_399.v"]).toBe(399);
    expect(Object.keys(found[59]!.attributes)).toHaveLength(400);
  });
});

describe("bounds", () => {
  it("an event larger than EVENT_SIZE_BYTES_MAX is rejected, and only that one", () => {
    const large = JSON.stringify({ msg: "x".repeat(EVENT_SIZE_BYTES_MAX) });
    const fits = JSON.stringify({ msg: "x".repeat(EVENT_SIZE_BYTES_MAX - 10) });
    expect(utf8(fits)).toHaveLength(EVENT_SIZE_BYTES_MAX);
    for (const text of [`{"msg":"a"}\n${large}\n${fits}\n{"msg":"c"}`, `[{"msg":"a"},${large},${fits},{"msg":"c"}]`]) {
      const decoded = decodeJson(utf8(text), CONTEXT);
      expect(decoded).toMatchObject({
        accepted: 3,
        rejected: 1,
        errors: [{ index: 1, message: `the event is larger than ${EVENT_SIZE_BYTES_MAX} bytes` }],
      });
    }
  });

  it("long messages, fields and attributes are cut between characters, and the cuts are named", () => {
    const record = eventOf({
      message: `${"x".repeat(MESSAGE_SIZE_BYTES_MAX - 1)}é`,
      service: "é".repeat(FIELD_SIZE_BYTES_MAX),
      long: "y".repeat(ATTRIBUTE_VALUE_SIZE_BYTES_MAX + 1),
      list: Array(ATTRIBUTE_VALUE_SIZE_BYTES_MAX).fill(1),
      short: "z",
    });
    expect(record.message).toBe("x".repeat(MESSAGE_SIZE_BYTES_MAX - 1));
    expect(record.service).toBe("é".repeat(FIELD_SIZE_BYTES_MAX / 2));
    expect(record.attributes.long).toBe("y".repeat(ATTRIBUTE_VALUE_SIZE_BYTES_MAX));
    expect(record.attributes.list).toHaveLength(ATTRIBUTE_VALUE_SIZE_BYTES_MAX);
    expect(record.attributes.short).toBe("z");
    expect(new Set(record.attributes[CUT_MARK] as string[])).toEqual(new Set(["service", "message", "long", "list"]));
  });

  it("long names are cut and named", () => {
    const name = `${"n".repeat(255)}é`;
    expect(eventOf({ [name]: 1 }).attributes).toEqual({ ["n".repeat(255)]: 1, [CUT_MARK]: ["n".repeat(255)] });
  });

  it("attributes beyond ATTRIBUTES_PER_EVENT_MAX are left out and named, fields are not", () => {
    const many = Object.fromEntries(Array.from({ length: ATTRIBUTES_PER_EVENT_MAX + 5 }, (_, at) => [`a${at}`, at]));
    const { attributes, message } = eventOf({ ...many, message: "m" });
    expect(message).toBe("m");
    expect(Object.keys(attributes)).toHaveLength(ATTRIBUTES_PER_EVENT_MAX + 1);
    expect(attributes[CUT_MARK]).toEqual(Array.from({ length: 5 }, (_, at) => `a${ATTRIBUTES_PER_EVENT_MAX + at}`));
    const huge = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`a${at}`, at]));
    expect((eventOf(huge).attributes[CUT_MARK] as string[]).length).toBeLessThan(100);
    expect((eventOf(huge).attributes[CUT_MARK] as string[]).at(-1)).toBe("…");
  });

  it("more than EVENTS_PER_REQUEST_MAX events are a failure", () => {
    const line = '{"a":1}\n';
    expect(decodeJson(utf8(line.repeat(EVENTS_PER_REQUEST_MAX)), CONTEXT).accepted).toBe(EVENTS_PER_REQUEST_MAX);
    expect(() => decodeJson(utf8(line.repeat(EVENTS_PER_REQUEST_MAX + 1)), CONTEXT)).toThrow(DecodeFailure);
    expect(() => decodeJson(utf8("x\n".repeat(EVENTS_PER_REQUEST_MAX + 1)), CONTEXT)).toThrow(DecodeFailure);
  });

  it("batches close at FRAME_ROWS_MAX rows or FRAME_RAW_SIZE_BYTES_TARGET bytes", () => {
    const rows = decodeJson(utf8('{"a":1}\n'.repeat(FRAME_ROWS_MAX * 2 + 1)), CONTEXT).batches.map(({ batch }) => batch.rows);
    expect(rows).toEqual([FRAME_ROWS_MAX, FRAME_ROWS_MAX, 1]);
    const lines = Array.from({ length: 300 }, (_, at) => `{"msg":"${String(at).repeat(4000)}"}\n`).join("");
    const decoded = decodeJson(utf8(lines), CONTEXT);
    expect(decoded.batches.length).toBeGreaterThan(1);
    for (const { raw_bytes } of decoded.batches) expect(raw_bytes).toBeLessThan(FRAME_RAW_SIZE_BYTES_TARGET + EVENT_SIZE_BYTES_MAX);
    expect(decoded.batches.reduce((bytes, { raw_bytes }) => bytes + raw_bytes, 0)).toBe(lines.length - 300);
    expect(jsonRecords(lines)).toHaveLength(300);
  });
});
