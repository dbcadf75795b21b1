/** What a batch offers besides its plain members says the same as they do, in whatever order it is asked. */
import {
  type Column,
  type DictColumn,
  type EventBatch,
  NULL_CODE,
  type NumberDictionary,
} from "../../../worker/engine/batch/event-batch.ts";
import { cellAt } from "../../../worker/engine/batch/record.ts";

type Cell = string | number | boolean | null;

/**
 * @param plain the batch, of which only the plain members are read
 * @param fresh the same batch read again, nothing of it touched yet
 * @throws Error that says what does not agree
 */
export function checkAgreement(plain: EventBatch, fresh: EventBatch, random: () => number): void {
  const names = [...plain.columns.keys()].sort(() => random() - 0.5);
  if (fresh.rows !== plain.rows || fresh.columns.size !== plain.columns.size) throw new Error("batches of two sizes");
  for (const name of names) {
    const [known, other] = [plain.columns.get(name)!, fresh.columns.get(name)!];
    const cells = Array.from({ length: plain.rows }, (_, row) => cellAt(known, row));
    const questions = [() => checkPages(other, cells), () => checkForms(other, cells, random), () => checkPlain(other, cells)];
    for (const ask of questions.sort(() => random() - 0.5)) {
      try {
        ask();
      } catch (error) {
        throw new Error(`column ${name} (${known.kind}): ${error instanceof Error ? error.message : error}`, { cause: error });
      }
    }
  }
  const times = fresh.time_columns;
  if (!times) return;
  checkPages(times.timestamp, [...plain.timestamp_us]);
  checkPages(times.ingest_ts, [...plain.ingest_us]);
  checkPlain(times.timestamp, [...plain.timestamp_us]);
}

function same(cell: Cell, wanted: Cell, where: string): void {
  if (cell !== wanted && !(cell === 0 && wanted === 0))
    throw new Error(`${where} is ${JSON.stringify(cell)}, not ${JSON.stringify(wanted)}`);
}

function checkPlain(column: Column, cells: readonly Cell[]): void {
  for (const [row, wanted] of cells.entries()) same(cellAt(column, row), wanted, `row ${row}`);
}

function checkPages({ pages }: Column, cells: readonly Cell[]): void {
  if (!pages) return;
  const { starts } = pages;
  if (starts[0] !== 0 || starts.at(-1) !== cells.length) throw new Error(`pages of rows ${starts[0]} to ${starts.at(-1)}`);
  for (let index = 0; index + 1 < starts.length; index++) {
    const page = pages.page(index);
    for (let row = starts[index]!; row < starts[index + 1]!; row++) {
      same(page ? cellAt(page, row - starts[index]!) : null, cells[row]!, `page ${index}, row ${row}`);
    }
  }
}

function checkForms(column: Column, cells: readonly Cell[], random: () => number): void {
  if (column.kind === "dict") checkDictionary(column, cells as (string | null)[], random);
  else if (column.kind !== "bytes" && column.kind !== "bool" && column.dictionary)
    checkNumbers(column.dictionary, cells as (number | null)[], random);
}

function checkDictionary(column: DictColumn, cells: readonly (string | null)[], random: () => number): void {
  const { utf8, runs, value_count, values } = column;
  if (value_count !== undefined && value_count !== values.length) throw new Error(`value_count ${value_count} of ${values.length}`);
  for (const [code, value] of values.entries()) {
    const bytes = Buffer.from(value);
    if (utf8) same(Buffer.from(utf8.bytes.subarray(utf8.offsets[code]!, utf8.offsets[code + 1]!)).toString(), value, `utf8 of ${code}`);
    if (column.valueBytes) same(Buffer.from(column.valueBytes(code)).toString(), value, `bytes of ${code}`);
    if (!column.codeOf) continue;
    // A value may stand there twice: either code will do.
    const found = column.codeOf(bytes);
    same(values[found] ?? null, value, `value of the code of ${code}`);
  }
  for (const absent of ["no such value", "\u0000", ""]) {
    if (column.codeOf && !values.includes(absent)) same(column.codeOf(Buffer.from(absent)), NULL_CODE, `code of ${JSON.stringify(absent)}`);
  }
  if (runs) checkRuns(runs, column.codes);
  const wantedCodes = cells.map((cell, row) => (cell === null ? NULL_CODE : column.codes[row]!));
  checkCodes(column, wantedCodes, values.length, random);
}

function checkRuns({ starts, codes }: { starts: Uint32Array; codes: Uint32Array }, wanted: Uint32Array): void {
  for (let run = 0; run < starts.length; run++) {
    const end = starts[run + 1] ?? wanted.length;
    for (let row = starts[run]!; row < end; row++) same(codes[run]!, wanted[row]!, `run ${run}, row ${row}`);
  }
  if (wanted.length > 0 && starts[0] !== 0) throw new Error("runs do not begin at the first row");
}

function checkNumbers(dictionary: NumberDictionary, cells: readonly (number | null)[], random: () => number): void {
  const { values, codes } = dictionary;
  for (const [row, cell] of cells.entries()) same(codes[row] === NULL_CODE ? null : values[codes[row]!]!, cell, `number of row ${row}`);
  checkCodes(dictionary, [...codes], values.length, random);
}

/** Single codes, and rows kept by marks of their codes. */
function checkCodes(column: Pick<DictColumn, "codeAt" | "keep">, codes: readonly number[], count: number, random: () => number): void {
  if (column.codeAt) for (const [row, code] of codes.entries()) same(column.codeAt(row), code, `code of row ${row}`);
  if (!column.keep) return;
  const marks = Uint8Array.from({ length: count + 1 }, (_, code) => (code < count && random() < 0.5 ? 1 : 0));
  const before = Uint8Array.from(codes, () => (random() < 0.7 ? 1 : 0));
  const mask = before.slice();
  column.keep(marks, mask);
  for (const [row, code] of codes.entries()) {
    same(mask[row]!, before[row] === 1 && code !== NULL_CODE && marks[code] === 1 ? 1 : 0, `row ${row} (code ${code}) after keep`);
  }
}
