/** Events as a Parquet file that is written row group by row group: only the footer's index grows with its length. */
import type { SchemaElement } from "hyparquet";
import { ByteWriter, ParquetWriter } from "hyparquet-writer";
import { EXPORT_COLUMNS, exportedValue } from "./export-formats.ts";
import type { ExportedEvent } from "./export-slices.ts";

const TIMES = ["timestamp", "ingest_ts"];

function schemaOf(columns: readonly string[]): SchemaElement[] {
  return [
    { name: "schema", num_children: columns.length },
    ...columns.map(
      (name): SchemaElement =>
        TIMES.includes(name)
          ? {
              name,
              type: "INT64",
              repetition_type: "REQUIRED",
              converted_type: "TIMESTAMP_MICROS",
              logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MICROS" },
            }
          : { name, type: "BYTE_ARRAY", repetition_type: "OPTIONAL", converted_type: "UTF8", logical_type: { type: "STRING" } },
    ),
  ];
}

/** Microseconds of one of Ledge's own timestamps, which have six digits of fraction. */
function micros(text: string): bigint {
  return BigInt(Date.parse(`${text.slice(0, 23)}Z`)) * 1000n + BigInt(text.slice(23, 26));
}

function columnData(events: readonly ExportedEvent[], name: string): unknown[] {
  if (TIMES.includes(name)) return events.map((event) => micros(exportedValue(event, name) as string));
  return events.map((event) => {
    const value = exportedValue(event, name);
    if (value === null || value === undefined) return null;
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

/** The bytes of the file in pieces, one row group per list of events. */
export async function* parquetPieces(
  lists: AsyncIterable<ExportedEvent[]>,
  columns: readonly string[] = EXPORT_COLUMNS,
): AsyncGenerator<Uint8Array> {
  const bytes = new ByteWriter();
  // `offset` counts the whole file, `index` what waits in the buffer.
  const drained = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  const writer = new ParquetWriter({ writer: bytes, schema: schemaOf(columns), createdBy: "ledge" });
  for await (const events of lists) {
    if (events.length === 0) continue;
    const columnSources = columns.map((name) => ({ name, data: columnData(events, name) }));
    await writer.write({ columnData: columnSources as never, rowGroupSize: events.length });
    yield drained();
  }
  await writer.finish();
  yield drained();
}
