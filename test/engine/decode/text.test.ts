import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { INVALID_UTF8_MARK } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";
import { DecodeFailure } from "../../../worker/engine/decode/types.ts";
import { CUT_MARK, EVENT_SIZE_BYTES_MAX, EVENTS_PER_REQUEST_MAX, MESSAGE_SIZE_BYTES_MAX } from "../../../worker/limits.ts";
import { CONTEXT, lineEvent, RECEIVED, records, textRecords, utf8 } from "./records.ts";

const TIMEOUT_MS = 60_000;

describe("a body of text", () => {
  it.each([
    ["one line", "a b", ["a b"]],
    ["several", "a\nb\nc\n", ["a", "b", "c"]],
    ["CRLF", "a\r\nb\r\n", ["a", "b"]],
    ["blank lines", "\n\na\n  \t\n\r\nb\n\n", ["a", "b"]],
    ["a byte order mark", "\ufeffa\nb", ["a", "b"]],
    ["white space kept", "  a  \n\tb", ["  a  ", "\tb"]],
    ["a carriage return inside", "a\rb\n", ["a\rb"]],
    ["zero bytes", "a\u0000b\n\u0000\nc", ["a\u0000b", "c"]],
  ])("%s", (_name, text, messages) => {
    expect(textRecords(text).map((record) => record.message)).toEqual(messages);
    expect(decodeText(utf8(text), CONTEXT)).toMatchObject({ accepted: messages.length, rejected: 0, errors: [] });
  });

  it.each(["", "\n\n", " \r\n\t", "\ufeff"])("%j is a failure: empty", (text) => {
    expect(() => decodeText(utf8(text), CONTEXT)).toThrow(DecodeFailure);
  });

  it("may have JSON lines, which are read as JSON", () => {
    const found = textRecords('plain\n{"level":"warn","msg":"m","x":1}\n  {"msg":"n"} \r\n{"msg":broken}\n{}\n{"a":1\n}');
    expect(found.map(({ message, level, attributes }) => ({ message, level, attributes }))).toEqual([
      { message: "plain", level: undefined, attributes: {} },
      { message: "m", level: "WARN", attributes: { x: 1 } },
      { message: "n", level: undefined, attributes: {} },
      { message: '{"msg":broken}', level: undefined, attributes: {} },
      { message: "{}", level: undefined, attributes: {} },
      { message: '{"a":1', level: undefined, attributes: {} },
      { message: "}", level: undefined, attributes: {} },
    ]);
  });

  it("of bytes that are no UTF-8 is repaired and marked line by line", () => {
    const found = records(decodeText(new Uint8Array([...utf8("é ok\nx"), 0xff, 0xe9, ...utf8("y k=v\nz")]), CONTEXT));
    expect(found.map((record) => record.message)).toEqual(["é ok", "x\ufffd\ufffdy k=v", "z"]);
    expect(found.map((record) => record.attributes)).toEqual([{}, { k: "v", [CUT_MARK]: [INVALID_UTF8_MARK] }, {}]);
  });

  it("rejects only lines that are too large, and cuts long ones", () => {
    const long = "x".repeat(MESSAGE_SIZE_BYTES_MAX + 10);
    const decoded = decodeText(utf8(`a\n${"y".repeat(EVENT_SIZE_BYTES_MAX + 1)}\n${long}\n`), CONTEXT);
    expect(decoded).toMatchObject({
      accepted: 2,
      rejected: 1,
      errors: [{ index: 1, message: `the line is larger than ${EVENT_SIZE_BYTES_MAX} bytes` }],
    });
    expect(records(decoded)[1]?.message).toHaveLength(MESSAGE_SIZE_BYTES_MAX);
    expect(records(decoded)[1]?.attributes).toEqual({ [CUT_MARK]: ["message"] });
  });

  it("brings at most EVENTS_PER_REQUEST_MAX lines", () => {
    expect(decodeText(utf8("a\n".repeat(EVENTS_PER_REQUEST_MAX)), CONTEXT).accepted).toBe(EVENTS_PER_REQUEST_MAX);
    expect(() => decodeText(utf8("a\n".repeat(EVENTS_PER_REQUEST_MAX + 1)), CONTEXT)).toThrow(DecodeFailure);
  });
});

describe("a line's time", () => {
  it.each([
    ["2026-02-03T04:05:06.789Z started", "2026-02-03T04:05:06.789000Z"],
    ["2026-02-03 04:05:06,789 INFO started", "2026-02-03T04:05:06.789000Z"],
    ["[2026-02-03T04:05:06+01:00] started", "2026-02-03T03:05:06.000000Z"],
    ["[2026-02-03 04:05:06.789 +0100] started", "2026-02-03T03:05:06.789000Z"],
    ["INFO 2026-02-03 04:05:06 started", "2026-02-03T04:05:06.000000Z"],
    ["[INFO] [2026-02-03 04:05:06] started", "2026-02-03T04:05:06.000000Z"],
    ["app.log.1 2026-02-03 04:05:06.008 25746 INFO started", "2026-02-03T04:05:06.008000Z"],
    ["2026/02/03 04:05:06 [error] 31#31: *1 open() failed", "2026-02-03T04:05:06.000000Z"],
    ["[Tue Feb 03 04:05:06.123456 2026] [core:notice] [pid 1] x", "2026-02-03T04:05:06.123456Z"],
    ["Feb  3 04:05:06 host started", "2026-02-03T04:05:06.000000Z"],
    ["02-03 04:05:06.789  1702  2395 D Tag: started", "2026-02-03T04:05:06.789000Z"],
    ["081109 203615 148 INFO dfs.DataNode: x", "2008-11-09T20:36:15.000000Z"],
    ["17/06/09 20:10:40 INFO executor: x", "2017-06-09T20:10:40.000000Z"],
    ["I0203 04:05:06.789012   12 main.go:7] started", "2026-02-03T04:05:06.789012Z"],
    ["- 1770091506 2026.02.03 R02 x", "2026-02-03T04:05:06.000000Z"],
    ["KERNEL 1770091506 2026.02.03 R02 x", "2026-02-03T04:05:06.000000Z"],
    ["1770091506.789    180 10.0.0.1 TCP_MISS/200", "2026-02-03T04:05:06.789000Z"],
    ["1770091506789 started", "2026-02-03T04:05:06.789000Z"],
    ['time="2026-02-03T04:05:06Z" level=info msg=x', "2026-02-03T04:05:06.000000Z"],
    ["ts=1770091506.789 level=info msg=x", "2026-02-03T04:05:06.789000Z"],
  ])("%s", (line, timestamp) => {
    expect(lineEvent(line)).toMatchObject({ timestamp, message: line });
  });

  it.each([
    "started without a time",
    "backup of 2017-05-16 00:00:00 restored",
    "user 1234567890 logged in",
    "134681 node-246 unix.hw",
    "2026-02-03 is a date alone",
    "2026-02-03T99:00:00Z x",
    "2030-01-01T00:00:00Z too far ahead",
    "12:05:06 a clock alone",
  ])("is the arrival where there is none: %s", (line) => {
    expect(lineEvent(line)).toMatchObject({ timestamp: RECEIVED, message: line });
  });
});

describe("a line's level", () => {
  it.each([
    ["2026-02-03 04:05:06 INFO started", "INFO"],
    ["2026-02-03 04:05:06,123 - WARN  [main] - slow", "WARN"],
    ["2016-09-28 04:30:30, Info                  CBS    Loaded", "INFO"],
    ["[ERROR] failed", "ERROR"],
    ["[2026-02-03 04:05:06] [warn] x", "WARN"],
    ["2026/02/03 04:05:06 [crit] 1#1: x", "FATAL"],
    ["ERROR: failed", "ERROR"],
    ["error: failed", "ERROR"],
    ["Warning: deprecated", "WARN"],
    ["INFO|main|x", "INFO"],
    ["\u001b[32mINFO\u001b[0m started", "INFO"],
    ["\u001b[31merror\u001b[39m: failed", "ERROR"],
    ["02-03 04:05:06.789  1702  2395 D Tag: x", "DEBUG"],
    ["02-03 04:05:06.789  1702  2395 E Tag: x", "ERROR"],
    ["E0203 04:05:06.789012   12 main.go:7] x", "ERROR"],
    ["a b c d e f g INFO h", "INFO"],
    ["npm WARN deprecated", "WARN"],
    ["x level=warn y", "WARN"],
    ['level="error" msg="x"', "ERROR"],
    ["x severity=CRITICAL y", "FATAL"],
    ["battery level=50 now", undefined],
    ["level=50 msg=x", "ERROR"],
    ["<11>Feb  3 04:05:06 h app: x", "ERROR"],
    // and no level
    ["started without", undefined],
    ["a b c d e f g h INFO", undefined],
    ["no error was found", undefined],
    ["everything is fine, info follows", undefined],
    ["java.lang.Error was thrown", undefined],
    ["ERRORS found", undefined],
    ["A plan", undefined],
    ["I think", undefined],
    ["2026-02-03 04:05:06 host I think", undefined],
    ["HTTP OK", undefined],
    ["INFORMATIONS", undefined],
  ])("%j", (line, level) => {
    expect(lineEvent(line).level).toBe(level);
  });

  it("that says more is kept", () => {
    expect(lineEvent("2026-02-03 04:05:06 NOTICE x").attributes).toEqual({ severity_text: "NOTICE" });
    expect(lineEvent("2026-02-03 04:05:06 INFO x").attributes).toEqual({});
  });
});

describe("a line's pairs", () => {
  it.each([
    ["took ms=12 size=1.5 ok=true name=x", { ms: 12, size: 1.5, ok: true, name: "x" }],
    ['a="b c" d="say \\"hi\\"" e="x"', { a: "b c", d: 'say "hi"', e: "x" }],
    ["failed (code=5, reason=timeout)", { code: 5, reason: "timeout" }],
    ["{a=1, b=x}", { a: 1, b: "x" }],
    ["http.status=200 a-b=c x_y=z", { "http.status": 200, "a-b": "c", x_y: "z" }],
    ["id=007 big=12345678901234567890 v=1.2.3 neg=-5", { id: "007", big: "12345678901234567890", v: "1.2.3", neg: -5 }],
    ["off=false t=tru n=0 z=0.50", { off: false, t: "tru", n: 0, z: 0.5 }],
    ["x trace_id=abc y", {}],
    ["a==b c!=d e>=f = g h = i", {}],
    ["GET /x?a=1&b=2 done", {}],
    ["token=Token{a64f992 b=(1 c=[x", {}],
    ["a= b", {}],
    ['a="unclosed', {}],
    ["5=x =y", {}],
    ["x=1 x=2", { x: 2, [CUT_MARK]: ["x"] }],
    ["toString=1 constructor=c", { toString: 1, constructor: "c" }],
  ])("%s", (line, attributes) => {
    const found = lineEvent(line);
    expect(found.message).toBe(line);
    expect(found.attributes).toEqual(attributes);
  });

  it("mean fields where the line is made of them", () => {
    const line =
      'time=2026-02-03T04:05:06Z level=warn service=api host=h env=prod msg="slow query" trace_id=t request_id=r duration=12ms rows=7';
    expect(lineEvent(line)).toMatchObject({
      timestamp: "2026-02-03T04:05:06.000000Z",
      level: "WARN",
      service: "api",
      host: "h",
      environment: "prod",
      message: line,
      trace_id: "t",
      request_id: "r",
      attributes: { duration: "12ms", rows: 7 },
    });
  });

  it("in prose mean fields only where their names are beyond doubt", () => {
    const found = lineEvent("started app=x host=y trace_id=t span_id=s request_id=r level=debug");
    expect(found).toMatchObject({ trace_id: "t", span_id: "s", request_id: "r", level: "DEBUG", attributes: { app: "x", host: "y" } });
    expect(found.service).toBeUndefined();
    expect(found.host).toBeUndefined();
  });
});

describe("a line of an access log", () => {
  const combined =
    '83.149.9.216 - frank [17/May/2015:10:05:03 +0000] "GET /a/b.png?x=1&y=2 HTTP/1.1" 200 203023 "http://example.com/" "Mozilla/5.0 (X11; \\"q\\")"';

  it("combined", () => {
    expect(lineEvent(combined)).toMatchObject({ timestamp: "2015-05-17T10:05:03.000000Z", level: "INFO", message: combined });
    expect(lineEvent(combined).attributes).toEqual({
      "client.address": "83.149.9.216",
      "user.name": "frank",
      "http.request.method": "GET",
      "url.path": "/a/b.png",
      "url.query": "x=1&y=2",
      "network.protocol.version": "1.1",
      "http.response.status_code": 200,
      "http.response.body.size": 203023,
      "http.request.header.referer": "http://example.com/",
      "user_agent.original": 'Mozilla/5.0 (X11; \\"q\\")',
    });
  });

  it.each([
    [
      '::1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/2.0" 404 -',
      "WARN",
      { "client.address": "::1", "http.response.status_code": 404, "url.path": "/" },
    ],
    [
      'h:80 1.2.3.4 - - [17/May/2015:10:05:03 +0000] "POST /x HTTP/1.1" 503 5 "-" "-"',
      "ERROR",
      { "client.address": "1.2.3.4", "http.response.body.size": 5 },
    ],
    ['1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\\x16\\x03" 400 0 "-" "-"', "WARN", { "http.response.status_code": 400 }],
    ['1.2.3.4 - - [17/May/2015:10:05:03 +0000] "-" 408 0 "-" "-"', "WARN", { "http.response.status_code": 408 }],
    ['1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a b HTTP/1.1" 301 0', "INFO", { "url.path": "/a b" }],
  ])("%s", (line, level, attributes) => {
    const found = lineEvent(line);
    expect(found).toMatchObject({ timestamp: "2015-05-17T10:05:03.000000Z", level, attributes });
    expect(Object.values(found.attributes)).not.toContain("-");
  });

  it.each([combined.slice(0, 60), combined.slice(0, 70), combined.replace(" 200 ", " ok "), combined.replace("May", "Foo"), "a b c [d]"])(
    "%s is none",
    (line) => {
      expect(lineEvent(line).attributes["http.response.status_code"]).toBeUndefined();
    },
  );
});

describe("a line of syslog", () => {
  it("RFC 3164", () => {
    const line = "<34>Dec 10 06:55:46 LabSZ sshd[24200]: Failed password for root from 1.2.3.4 port=22";
    expect(lineEvent(line)).toMatchObject({
      timestamp: "2025-12-10T06:55:46.000000Z",
      level: "FATAL",
      host: "LabSZ",
      service: "sshd",
      message: line,
    });
    expect(lineEvent(line).attributes).toEqual({ "syslog.facility": "auth", severity_text: "critical", "process.pid": 24200, port: 22 });
  });

  it("without a priority", () => {
    expect(lineEvent("Dec 10 06:55:46 h kernel: error: x")).toMatchObject({ host: "h", service: "kernel", level: "ERROR" });
    expect(lineEvent("2026-02-03T04:05:06.000001+00:00 h app[7]: x")).toMatchObject({
      host: "h",
      service: "app",
      attributes: { "process.pid": 7 },
    });
    expect(lineEvent("2026-02-03T04:05:06Z some words: x").service).toBeUndefined();
  });

  it("RFC 5424", () => {
    const line =
      '<165>1 2026-02-03T04:05:06.003Z web.example.com su 77 ID47 [ex@1 iut="3" src="a \\"b\\""][o@2 k="v"] BOM\'su root\' failed n=1';
    expect(lineEvent(line)).toMatchObject({
      timestamp: "2026-02-03T04:05:06.003000Z",
      level: "INFO",
      host: "web.example.com",
      service: "su",
      message: line,
    });
    expect(lineEvent(line).attributes).toEqual({
      "syslog.facility": "local4",
      "syslog.msgid": "ID47",
      severity_text: "notice",
      "process.pid": 77,
      "ex@1.iut": "3",
      "ex@1.src": 'a "b"',
      "o@2.k": "v",
      n: 1,
    });
    expect(lineEvent("<14>1 - - - - - - x")).toMatchObject({
      timestamp: RECEIVED,
      level: "INFO",
      attributes: { "syslog.facility": "user" },
    });
  });

  it("names host and program only where the request does not", () => {
    const context = { ...CONTEXT, defaults: { service: "given", host: "box" } };
    expect(lineEvent("Dec 10 06:55:46 LabSZ sshd[1]: x", context)).toMatchObject({ service: "given", host: "box" });
    expect(lineEvent("level=info service=own x=1", context)).toMatchObject({ service: "own", host: "box" });
  });
});

describe("any lines", () => {
  const piece = fc.oneof(
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.constantFrom(
      "<34>",
      "1 ",
      "2026-02-03",
      "T04:05:06",
      ".789",
      "Z ",
      "Dec 10 06:55:46 ",
      "h app[1]: ",
      "[",
      "]",
      '"',
      "=",
      "k=v ",
      'k="v" ',
      "INFO ",
      "- ",
      "\u001b[1m",
      "{",
      "}",
      '{"a":1}',
      '"GET / HTTP/1.1" 200 5',
      " - - [17/May/2015:10:05:03 +0000] ",
    ),
  );

  it(
    "are kept whole, one event a line, whatever stands in them",
    () => {
      fc.assert(
        fc.property(fc.array(fc.array(piece, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 5 }), (parts) => {
          const lines = parts.map((words) => `${words.join("").replace(/[\r\n]/g, "")}.`);
          expect(textRecords(lines.join("\n")).map((record) => record.message)).toEqual(
            lines.map((line, at) => (at === 0 ? line.replace(/^\ufeff/, "") : line)),
          );
        }),
        { numRuns: 800 },
      );
    },
    TIMEOUT_MS,
  );

  it(
    "tell the same alone and among others",
    () => {
      fc.assert(
        fc.property(fc.array(piece, { minLength: 1, maxLength: 8 }), fc.array(piece, { maxLength: 4 }), (words, others) => {
          const line = `${words.join("").replace(/[\r\n]/g, "")}.`;
          const other = `${others.join("").replace(/[\r\n]/g, "")}!`;
          expect(textRecords(`!\n${line}\n${other}`)[1]).toEqual(textRecords(`!\n${line}`)[1]);
        }),
        { numRuns: 800 },
      );
    },
    TIMEOUT_MS,
  );
});
