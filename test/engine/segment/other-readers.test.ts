/** Segments are plain Parquet: DuckDB and hyparquet read every row and column as it was put in. */
import { Buffer } from "node:buffer";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { DuckDBInstance } from "@duckdb/node-api";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ATTRIBUTE_PREFIX } from "../../../worker/engine/batch/event-batch.ts";
import { joinBytes } from "../../../worker/engine/batch/join-bytes.ts";
import { packFrame } from "../../../worker/engine/segment/frame.ts";
import { bytesSource, openSegment } from "../../../worker/engine/segment/read.ts";
import { segmentFromFrames } from "../../../worker/engine/segment/write-flush.ts";
import { mergeSegments } from "../../../worker/engine/segment/write-sorted.ts";
import { splitZstdFrames } from "../../../worker/ingest/zstd-frames.ts";
import { batchOf, flatRowsOf, frameMeta, identity, type Row, sorted, typicalRows } from "./events.ts";

/** What the encoders do differently: every encoding, nulls in every kind, mixed pages, dictionaries of several pieces, values beyond a page. */
function awkwardRows(): Row[][] {
  const long = typicalRows(3000, 1).map((row, index) => ({
    ...row,
    values: {
      ...row.values,
      "attributes.wide": index % 2 === 0 ? index * 4_503_599_627_370 : -index * 4_503_599_627_370,
      "attributes.constant": "same",
      "attributes.many": `value ${"x".repeat(30)} ${Math.floor(index / 3)}`,
      ...(index === 1500 ? { "attributes.huge": "é".repeat(50_000) } : {}),
      ...(index % 7 === 0 ? { "attributes.sparse": index / 8 } : {}),
    },
  }));
  const mixed = typicalRows(600, 2).map((row) => ({
    ...row,
    values: { ...row.values, message: "one of few", "attributes.status": "text here" },
  }));
  return [long, mixed, typicalRows(7, 3), [], typicalRows(900, 4)].filter((rows) => rows.length > 0);
}

function flushed(parts: readonly Row[][]): Uint8Array {
  const frames = parts.map((rows, ordinal) => ({ bytes: packFrame(batchOf(rows), frameMeta(ordinal)), masked: null }));
  return joinBytes(segmentFromFrames(frames, identity()).chunks);
}

async function merged(bytes: Uint8Array): Promise<Uint8Array> {
  const input = await openSegment(bytesSource(bytes));
  for await (const { chunks } of mergeSegments([input], { identify: () => identity({ level: 1 }) })) return joinBytes(chunks);
  throw new Error("no output");
}

/** A row of another reader as `flatRowsOf` gives it. */
function flatten(row: Record<string, unknown>, toMicroseconds: (value: unknown) => number): Record<string, unknown> {
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value === null || value === undefined) continue;
    if (name === "timestamp" || name === "ingest_ts") flat[name] = toMicroseconds(value);
    else if (name !== "attributes") flat[name] = typeof value === "bigint" ? Number(value) : value;
    else {
      const rest = (typeof value === "string" ? JSON.parse(value) : value) as Record<string, unknown>;
      for (const [attribute, member] of Object.entries(rest)) flat[ATTRIBUTE_PREFIX + attribute] = member;
    }
  }
  return flat;
}

async function readWithDuckDb(path: string): Promise<Record<string, unknown>[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path}')`);
  const rows = reader.getRowObjects().map((row) => flatten(row, (value) => Number((value as { micros: bigint }).micros)));
  connection.closeSync();
  instance.closeSync();
  return rows;
}

/** node:zlib decodes only the first of several frames in a row; dictionaries are made of several. */
function decompressFrames(input: Uint8Array): Uint8Array {
  return joinBytes(splitZstdFrames(input, 1_000).map((frame) => zstdDecompressSync(frame)));
}

async function readWithHyparquet(bytes: Uint8Array): Promise<Record<string, unknown>[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
  const identity_us = (value: bigint): number => Number(value);
  const rows = await parquetReadObjects({
    file,
    compressors: { ZSTD: decompressFrames },
    parsers: { timestampFromMicroseconds: identity_us as never },
  });
  return rows.map((row) => flatten(row, Number));
}

/** Bounds that the file gives of a column, and those of its values, row group by row group. */
async function boundsInDuckDb(path: string): Promise<{ name: string; given: unknown[]; found: unknown[] }[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const rows = async (sql: string): Promise<unknown[][]> => (await connection.runAndReadAll(sql)).getRowsJson();
  const names = (
    await rows(`SELECT DISTINCT path_in_schema FROM parquet_metadata('${path}') WHERE stats_min_value IS NOT NULL ORDER BY 1`)
  ).flat();
  const bounds = [];
  for (const name of names as string[]) {
    const column = `"${name}"`;
    const given = await rows(
      `SELECT stats_min_value, stats_max_value, stats_null_count FROM parquet_metadata('${path}') WHERE path_in_schema = '${name}'`,
    );
    const [found] = await rows(
      `SELECT min(${column})::VARCHAR, max(${column})::VARCHAR, count(*) - count(${column}) FROM read_parquet('${path}')`,
    );
    bounds.push({ name, given: given[0]!, found: found! });
  }
  connection.closeSync();
  instance.closeSync();
  return bounds;
}

describe("other readers", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "ledge-segment-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const parts = awkwardRows();
  const expected = sorted(flatRowsOf(parts.flat()));
  it.each([
    ["flushed", async () => flushed(parts)],
    ["merged", async () => merged(flushed(parts))],
  ])("read a %s segment", async (name, make) => {
    const bytes = await make();
    const path = join(folder, `${name}.parquet`);
    await writeFile(path, bytes);
    expect(sorted(await readWithDuckDb(path)), "DuckDB").toEqual(expected);
    expect(sorted(await readWithHyparquet(bytes)), "hyparquet").toEqual(expected);
  });

  it("are told bounds that hold, of a file with one row group", async () => {
    const path = join(folder, "bounds.parquet");
    await writeFile(path, await merged(flushed(parts)));
    const bounds = await boundsInDuckDb(path);
    const known = bounds.map(({ name }) => name);
    expect(known).toEqual(expect.arrayContaining(["timestamp", "service", "level", "host", "trace_id", "attributes.constant"]));
    for (const { name, given, found } of bounds) {
      const [min, max, nulls] = given as [string, string, string];
      const [smallest, largest, missing] = found as [string, string, string];
      expect(Number(nulls), `${name}: nulls`).toBe(Number(missing));
      if (Number.isFinite(Number(smallest))) {
        expect(Number(min), name).toBeLessThanOrEqual(Number(smallest));
        expect(Number(max), name).toBeGreaterThanOrEqual(Number(largest));
      } else {
        expect(Buffer.compare(Buffer.from(min), Buffer.from(smallest)), `${name}: ${min} and ${smallest}`).toBeLessThanOrEqual(0);
        expect(Buffer.compare(Buffer.from(max), Buffer.from(largest)), `${name}: ${max} and ${largest}`).toBeGreaterThanOrEqual(0);
      }
    }
  });

  it("find rows by bounds as they do without", async () => {
    const path = join(folder, "pruned.parquet");
    await writeFile(path, await merged(flushed(parts)));
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    for (const name of ["service", "host", "trace_id", "level"]) {
      const sql = (from: string) => `SELECT "${name}" AS value, count(*) AS n FROM ${from} GROUP BY 1 ORDER BY 1`;
      const [all] = [(await connection.runAndReadAll(sql(`read_parquet('${path}')`))).getRowsJson()];
      for (const [value, n] of all!.filter(([value]) => value !== null).slice(0, 20)) {
        const [[found]] = (
          await connection.runAndReadAll(`SELECT count(*) FROM read_parquet('${path}') WHERE "${name}" = '${value}'`)
        ).getRowsJson() as [[unknown]];
        expect(found, `${name} = ${value}`).toBe(n);
      }
    }
    connection.closeSync();
    instance.closeSync();
  });
});
