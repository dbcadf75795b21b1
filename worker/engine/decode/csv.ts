/** CSV with a header line (RFC 4180): each column is a field or an attribute by its name. */
import { dsvFormat } from "d3-dsv";
import { CSV_COLUMNS_MAX } from "../../limits.ts";
import { utf8Bytes, utf8Text } from "../batch/utf8.ts";
import type { Draft } from "../normalize/draft.ts";
import { takeTime } from "./draft-values.ts";
import { type Protocol, textRefusal } from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import { type DecodeContext, type Decoded, DecodeFailure } from "./types.ts";

export interface CsvOptions {
  /** One character; found out where absent. */
  delimiter?: string | null;
  /** Of every event. */
  attributes?: Readonly<Record<string, string>>;
  /** Column of the time, where its name does not say so. */
  time_field?: string | null;
}

const DELIMITERS = [",", ";", "\t", "|"];
const NUMBER = /^-?(?:0|[1-9]\d{0,15})(?:\.\d{1,15})?$/;

function addCell(draft: Draft, name: string, cell: string): void {
  if (cell === "") return;
  const path = draft.pathNamed(name);
  // Texts of digits that a number would change (0123, twenty digits) stay texts.
  if (NUMBER.test(cell) && String(Number(cell)) === cell) draft.addNumber(path, Number(cell));
  else draft.addText(path, cell);
}

function columnsOf(header: readonly string[] | undefined): string[] {
  if (!header || header.every((name) => name.trim() === "")) throw new DecodeFailure("empty", "the body holds no line");
  if (header.length > CSV_COLUMNS_MAX)
    throw new DecodeFailure("syntax", `a table has at most ${CSV_COLUMNS_MAX} columns, this one has ${header.length}`);
  return header.map((name, index) => name.trim().toWellFormed() || `column_${index + 1}`);
}

/** The delimiter that the header line has most of. */
function guessDelimiter(text: string): string {
  const [header = ""] = text.split("\n", 1);
  const count = (delimiter: string) => header.split(delimiter).length;
  return DELIMITERS.reduce((best, delimiter) => (count(delimiter) > count(best) ? delimiter : best));
}

/** @throws DecodeFailure where there is no header */
export function decodeCsv(body: Uint8Array, context: DecodeContext, options: CsvOptions = {}): Decoded {
  const { delimiter, attributes = {}, time_field } = options;
  const text = utf8Text(body).trimStart();
  const table = dsvFormat(delimiter?.length === 1 ? delimiter : guessDelimiter(text));
  return decodeRecords(context, (sink) => {
    let columns: string[] | null = null;
    table.parseRows(text, (cells) => {
      if (columns === null) {
        columns = columnsOf(cells);
        return;
      }
      if (cells.every((cell) => cell === "")) return;
      const names = columns;
      sink.event(utf8Bytes(table.formatRow(cells)), (draft) => {
        if (cells.length !== names.length) throw new RecordError(`a line has ${cells.length} cells, the header has ${names.length}`);
        for (const [index, name] of names.entries()) addCell(draft, name, cells[index]!);
        for (const [name, value] of Object.entries(attributes)) if (!draft.has(name)) draft.addText(draft.pathNamed(name), value);
        if (time_field) takeTime(draft, sink.writer.time, [time_field]);
      });
    });
    if (columns === null) throw new DecodeFailure("empty", "the body holds no line");
  });
}

export const csv: Protocol = {
  name: "csv",
  title: "CSV with a header",
  credentials: {},
  endpoints: [
    {
      kind: "ingest",
      methods: ["POST", "PUT"],
      path: "",
      at_root: false,
      decode: (body, { query }, context) =>
        decodeCsv(body, context, { delimiter: query.get("delimiter"), time_field: query.get("time_field") }),
      answer: ({ decoded: { accepted, rejected, errors } }) => ({
        status: accepted === 0 && rejected > 0 ? 400 : 202,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ accepted, rejected, errors }),
      }),
    },
  ],
  refuse: textRefusal,
};
