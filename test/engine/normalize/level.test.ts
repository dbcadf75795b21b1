import { describe, expect, it } from "vitest";
import { LEVELS } from "../../../worker/engine/batch/event-batch.ts";
import { LevelReader, levelOfNumber, levelOfText } from "../../../worker/engine/normalize/level.ts";
import { eventOf } from "../decode/records.ts";

describe("a level's spelling", () => {
  it.each([
    ["TRACE", "trace Trace TRC t v V"],
    ["TRACE", "verbose VERBOSE silly finest"],
    ["DEBUG", "debug DEBUG dbg DBG d D fine finer"],
    ["INFO", "info INFO Info information Informational i I notice NOTICE success [INFO] INFO:"],
    ["WARN", "warn warning WARNING Wrn w W"],
    ["ERROR", "error err ERR Error e E severe"],
    ["FATAL", "fatal FATAL f F crit CRITICAL alert emerg emergency panic dpanic ftl"],
    ["INFO", "INFO2 info3"],
    ["ERROR", "ERROR4"],
  ])("%s: %s", (level, spellings) => {
    for (const spelling of spellings.split(" ")) {
      const found = levelOfText(spelling);
      expect([spelling, found && LEVELS[found.level]]).toEqual([spelling, level]);
    }
  });

  it("that is none is none", () => {
    for (const text of ["", " ", "foo", "levels", "x".repeat(100), "in fo", "30", "constructor", "__proto__"])
      expect(levelOfText(text)).toBeNull();
  });

  it("is kept beside the level only where it says more", () => {
    for (const plain of ["info", "INFO", "Information", "warning", "err", "E", "fatal"])
      expect(eventOf({ level: plain }).attributes).toEqual({});
    for (const telling of ["NOTICE", "CRITICAL", "emerg", "silly", "INFO2", "SEVERE"]) {
      expect(eventOf({ level: telling }).attributes).toEqual({ severity_text: telling });
    }
  });

  it("that is unknown becomes severity_text, and there is no level", () => {
    expect(eventOf({ level: "blue", message: "m" })).toMatchObject({ attributes: { severity_text: "blue" } });
    expect(eventOf({ level: "blue" }).level).toBeUndefined();
  });

  it("is read from bytes as from text, however many spellings come", () => {
    const reader = new LevelReader();
    for (let round = 0; round < 1000; round++) {
      const bytes = new TextEncoder().encode(round % 3 === 0 ? "Warning" : `x${round}`);
      expect(reader.read(bytes, 0, bytes.length)).toBe(round % 3 === 0);
      if (round % 3 === 0) expect(LEVELS[reader.level]).toBe("WARN");
    }
  });
});

describe("a level's number", () => {
  it.each([
    [
      "usual",
      [
        10,
        "TRACE",
        20,
        "DEBUG",
        30,
        "INFO",
        40,
        "WARN",
        50,
        "ERROR",
        60,
        "FATAL",
        35,
        "INFO",
        0,
        "FATAL",
        3,
        "ERROR",
        4,
        "WARN",
        6,
        "INFO",
        7,
        "DEBUG",
      ],
    ],
    ["syslog", [0, "FATAL", 1, "FATAL", 2, "FATAL", 3, "ERROR", 4, "WARN", 5, "INFO", 6, "INFO", 7, "DEBUG", 9, "INFO", 17, "ERROR"]],
    [
      "opentelemetry",
      [
        1,
        "TRACE",
        4,
        "TRACE",
        5,
        "DEBUG",
        8,
        "DEBUG",
        9,
        "INFO",
        12,
        "INFO",
        13,
        "WARN",
        16,
        "WARN",
        17,
        "ERROR",
        20,
        "ERROR",
        21,
        "FATAL",
        24,
        "FATAL",
      ],
    ],
    ["python", [10, "DEBUG", 20, "INFO", 30, "WARN", 40, "ERROR", 50, "FATAL"]],
    ["pri", [34, "FATAL", 165, "INFO", 191, "DEBUG", 11, "ERROR"]],
  ] as const)("on the scale %s", (scale, pairs) => {
    for (let at = 0; at < pairs.length; at += 2) {
      const found = levelOfNumber(pairs[at] as number, scale);
      expect([pairs[at], found && LEVELS[found.level]]).toEqual([pairs[at], pairs[at + 1]]);
    }
  });

  it.each([
    ["usual", [-1, 8, 70, 200, 1.5, Number.NaN]],
    ["syslog", [-1, 25, 1.5, 100]],
    ["opentelemetry", [0, 25, 9.5]],
    ["python", [0, 5, 60]],
    ["pri", [192, -1, 3.5]],
  ] as const)("that the scale %s does not have is none", (scale, values) => {
    for (const value of values) expect([value, levelOfNumber(value, scale)]).toEqual([value, null]);
  });

  it.each([
    [{ severity_number: 9 }, "INFO", {}],
    [{ severity_number: 10 }, "INFO", { severity_number: 10 }],
    [{ severityNumber: 17, severityText: "ERROR" }, "ERROR", { severityNumber: 17 }],
    [{ severity: 2 }, "FATAL", { severity_text: "critical" }],
    [{ severity: 5 }, "INFO", { severity_text: "notice" }],
    [{ severity: 3 }, "ERROR", {}],
    [{ priority: "6" }, "INFO", {}],
    [{ PRIORITY: "5" }, "INFO", { severity_text: "notice" }],
    [{ level: "30" }, "INFO", {}],
    [{ level: 35 }, "INFO", { severity_text: "35" }],
    [{ level: 99 }, undefined, { level: 99 }],
    [{ levelno: 30 }, "WARN", {}],
    [{ level: 30, severity_text: "x" }, "INFO", { severity_text: "x" }],
    [{ status: 200 }, undefined, { status: 200 }],
    [{ status: 4 }, undefined, { status: 4 }],
    [{ status: "error" }, "ERROR", { status: "error" }],
    [{ status: "ok" }, undefined, { status: "ok" }],
    [{ status: "active" }, undefined, { status: "active" }],
    [{ level: true }, undefined, { level: true }],
    [{ level: null, severity: "warn" }, "WARN", {}],
    [{ level: "", severity: "warn" }, "WARN", {}],
    [{ level: "blue", severity: "warn" }, "WARN", { severity_text: "blue" }],
    [{ level: { value: 1 } }, undefined, { "level.value": 1 }],
  ])("in an event: %j", (event, level, attributes) => {
    const record = eventOf({ ...event, message: "m" });
    expect(record.level).toBe(level);
    expect(record.attributes).toEqual(attributes);
  });
});
