import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, describe, expect, it } from "vitest";
import { csvCell } from "../../../worker/search/export-formats.ts";
import { parquetPieces } from "../../../worker/search/export-parquet.ts";
import type { ExportedEvent } from "../../../worker/search/export-slices.ts";

const folder = mkdtempSync(join(tmpdir(), "ledge-export-"));
afterAll(() => rmSync(folder, { recursive: true }));

function event(index: number): ExportedEvent {
  return {
    event_id: `id-${index}`,
    timestamp: `2026-11-20T10:00:${String(index % 60).padStart(2, "0")}.${String(index).padStart(6, "0")}Z`,
    ingest_ts: "2026-11-20T10:01:00.000001Z",
    ...(index % 3 === 0 ? {} : { level: "INFO", service: "käse ☃", message: `line ${index}\n"quoted"` }),
    attributes: index % 2 === 0 ? {} : { status: 200, tags: ["a"], "k.v": "ü" },
  };
}

async function* inLists(events: ExportedEvent[], length: number): AsyncGenerator<ExportedEvent[]> {
  for (let from = 0; from < events.length; from += length) yield events.slice(from, from + length);
}

async function readBack(events: ExportedEvent[], length: number, columns?: string[]) {
  const pieces: Uint8Array[] = [];
  for await (const piece of parquetPieces(inLists(events, length), columns)) pieces.push(piece);
  const path = join(folder, `${events.length}-${length}.parquet`);
  writeFileSync(path, Buffer.concat(pieces));
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(`SELECT *, epoch_us(timestamp) AS us FROM read_parquet('${path}')`);
  return reader.getRowObjectsJson();
}

describe("a Parquet export", () => {
  it.each([
    [1, 1],
    [1_000, 64],
    [1_000, 8_192],
  ])("of %i events in row groups of %i is read by DuckDB as it was written", async (count, length) => {
    const events = Array.from({ length: count }, (_, index) => event(index));
    const rows = await readBack(events, length);
    expect(rows).toHaveLength(count);
    for (const [index, row] of rows.entries()) {
      const { attributes, timestamp, level, service, message, event_id } = events[index]!;
      expect(row).toMatchObject({ event_id, level: level ?? null, service: service ?? null, message: message ?? null });
      expect(JSON.parse(row.attributes as string)).toEqual(attributes);
      expect(Number(row.us)).toBe(Date.parse(timestamp.replace(/\d{3}Z$/, "Z")) * 1_000 + Number(timestamp.slice(-4, -1)));
    }
  });

  it("of chosen columns holds those, attributes as text", async () => {
    const rows = await readBack([event(1)], 7, ["timestamp", "status", "tags", "attributes.k.v", "nothing"]);
    expect(rows[0]).toMatchObject({ status: "200", tags: '["a"]', "attributes.k.v": "ü", nothing: null });
  });

  it("of nothing is an empty table", async () => {
    expect(await readBack([], 3)).toEqual([]);
  });
});

describe("csvCell", () => {
  it.each<[unknown, string]>([
    ["plain", "plain"],
    ["a,b", '"a,b"'],
    ['say "x"', '"say ""x"""'],
    ["two\nlines", '"two\nlines"'],
    [" padded ", '" padded "'],
    ["=1+1", "'=1+1"],
    ["+49", "'+49"],
    ["-2", "'-2"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ["a=b", "a=b"],
    [-2, "-2"],
    [true, "true"],
    [null, ""],
    [undefined, ""],
    [["=a"], '"[""=a""]"'],
    ["", ""],
  ])("%j", (value, cell) => {
    expect(csvCell(value)).toBe(cell);
  });
});
