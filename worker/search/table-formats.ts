/** A table as an answer: JSON, lines of JSON, CSV or Arrow. */
import type { SqlTable, SqlType } from "../engine/query/sql/output.ts";
import { csvCell, csvHeader } from "./export-formats.ts";

export const TABLE_FORMATS = {
  json: "application/json",
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8; header=present",
  arrow: "application/vnd.apache.arrow.stream",
} as const;

export type TableFormat = keyof typeof TABLE_FORMATS;
export const TABLE_FORMAT_NAMES = Object.keys(TABLE_FORMATS) as [TableFormat, ...TableFormat[]];

/** Media types by which a client asks for each format. */
const ASKED: readonly [type: string, format: TableFormat][] = [
  ["application/json", "json"],
  ["application/x-ndjson", "ndjson"],
  ["application/jsonl", "ndjson"],
  ["application/ndjson", "ndjson"],
  ["text/csv", "csv"],
  ["application/vnd.apache.arrow.stream", "arrow"],
];

/** The format that an Accept header prefers; JSON where it names none of them. */
export function acceptedFormat(accept: string | undefined): TableFormat {
  let best: TableFormat = "json";
  let best_quality = 0;
  for (const part of (accept ?? "").split(",")) {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim().toLowerCase());
    const known = ASKED.find(([name]) => name === type);
    const quality = Number(parameters.find((text) => text.startsWith("q="))?.slice(2) ?? 1);
    if (!known || !(quality > best_quality)) continue;
    [, best] = known;
    best_quality = quality;
  }
  return best;
}

export function tableLines({ columns, rows }: SqlTable): string {
  const keys = columns.map(({ name }) => JSON.stringify(name));
  let text = "";
  for (const row of rows) text += `{${row.map((cell, index) => `${keys[index]}:${JSON.stringify(cell)}`).join(",")}}\n`;
  return text;
}

export function tableCsv({ columns, rows }: SqlTable): string {
  let text = csvHeader(columns.map(({ name }) => name));
  for (const row of rows) text += `${row.map(csvCell).join(",")}\r\n`;
  return text;
}

export type { SqlTable, SqlType };
