import { type Column, type EventBatch, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";

/** What every consumer of a batch relies on. @throws Error that says what does not hold */
export function checkBatch(batch: EventBatch): void {
  const { rows } = batch;
  if (batch.timestamp_us.length !== rows || batch.ingest_us.length !== rows) throw new Error("times are not one a row");
  for (const name of batch.columns.keys()) {
    const column = batch.columns.get(name);
    if (column === undefined) throw new Error(`column ${name} is named but not there`);
    checkColumn(name, column, rows);
  }
  if (batch.rest) checkColumn("rest", batch.rest, rows);
}

function checkColumn(name: string, column: Column, rows: number): void {
  const fail = (what: string): never => {
    throw new Error(`column ${name} (${column.kind}): ${what}`);
  };
  if (column.kind === "dict") {
    if (column.codes.length !== rows) fail(`${column.codes.length} codes of ${rows} rows`);
    const count = column.values.length;
    for (const code of column.codes) if (code !== NULL_CODE && code >= count) fail(`code ${code} of ${count} values`);
    return;
  }
  if (column.present && column.present.length !== rows) fail("marks are not one a row");
  if (column.kind !== "bytes") {
    if (column.values.length !== rows) fail("values are not one a row");
    return;
  }
  if (column.offsets.length !== rows + 1) fail("offsets are not one a row and one more");
  for (let row = 0; row < rows; row++) if (column.offsets[row + 1]! < column.offsets[row]!) fail(`offsets fall at row ${row}`);
  if (column.offsets[rows]! > column.bytes.length) fail("offsets reach beyond the bytes");
}
