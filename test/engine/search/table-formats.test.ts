import { tableFromIPC } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { tableArrow } from "../../../worker/search/table-arrow.ts";
import { acceptedFormat, type SqlTable, tableCsv, tableLines } from "../../../worker/search/table-formats.ts";

const TABLE: SqlTable = {
  columns: [
    { name: "at", type: "timestamp" },
    { name: 'größe, "x"', type: "text" },
    { name: "n", type: "number" },
    { name: "share", type: "number" },
    { name: "ok", type: "boolean" },
    { name: "what", type: "mixed" },
  ],
  rows: [
    ["2026-03-01T09:00:00.000001Z", "=1+1", 9007199254740991, 0.5, true, "a"],
    ["1969-12-31T23:59:59.999999Z", '日本 😀\n"', -3, 1, false, 12],
    [null, null, null, null, null, null],
    ["2255-06-05T23:47:34.740991Z", "", 0, -0.1, null, true],
  ],
};

describe("a table as lines of JSON", () => {
  it("has an object a row, every column in it", () => {
    const lines = tableLines(TABLE)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toEqual(TABLE.rows.map((row) => Object.fromEntries(TABLE.columns.map(({ name }, index) => [name, row[index]]))));
  });
});

describe("a table as CSV", () => {
  it("has a header, quotes where they are needed, and no formulas", () => {
    expect(tableCsv(TABLE)).toBe(
      [
        'at,"größe, ""x""",n,share,ok,what',
        "2026-03-01T09:00:00.000001Z,'=1+1,9007199254740991,0.5,true,a",
        '1969-12-31T23:59:59.999999Z,"日本 😀\n""",-3,1,false,12',
        ",,,,,",
        "2255-06-05T23:47:34.740991Z,,0,-0.1,,true",
        "",
      ].join("\r\n"),
    );
  });
});

describe("a table as an Arrow stream", () => {
  it("is what another library reads, with types and nulls", () => {
    const read = tableFromIPC(tableArrow(TABLE));
    expect(read.numRows).toBe(TABLE.rows.length);
    expect(read.schema.fields.map(({ name, type }) => [name, String(type)])).toEqual([
      ["at", "Timestamp<MICROSECOND, UTC>"],
      ['größe, "x"', "Utf8"],
      ["n", "Int64"],
      ["share", "Float64"],
      ["ok", "Bool"],
      ["what", "Utf8"],
    ]);
    const column = (index: number) => Array.from({ length: read.numRows }, (_, row) => read.getChildAt(index)!.get(row) as unknown);
    const microseconds = read.getChildAt(0)!.data[0]!.values as BigInt64Array;
    expect([microseconds[0], microseconds[1], microseconds[3]]).toEqual([1772355600000001n, -1n, 9007199254740991n]);
    expect(column(0)[2]).toBeNull();
    expect(column(1)).toEqual(TABLE.rows.map((row) => row[1]));
    expect(column(2)).toEqual([9007199254740991n, -3n, null, 0n]);
    expect(column(3)).toEqual([0.5, 1, null, -0.1]);
    expect(column(4)).toEqual([true, false, null, null]);
    expect(column(5)).toEqual(["a", "12", null, "true"]);
  });

  it("has its columns without any row, too", () => {
    const read = tableFromIPC(tableArrow({ ...TABLE, rows: [] }));
    expect(read.numRows).toBe(0);
    expect(read.schema.fields).toHaveLength(TABLE.columns.length);
  });
});

describe("the format", () => {
  it.each([
    [undefined, "json"],
    ["*/*", "json"],
    ["application/json", "json"],
    ["text/html", "json"],
    ["application/x-ndjson", "ndjson"],
    ["text/csv, application/json;q=0.5", "csv"],
    ["text/csv;q=0.1, Application/JSON;q=0.5", "json"],
    ["application/vnd.apache.arrow.stream", "arrow"],
    ["text/csv;q=0", "json"],
    ["text/csv;q=x", "json"],
  ])("for Accept: %s is %s", (accept, format) => {
    expect(acceptedFormat(accept)).toBe(format);
  });
});
