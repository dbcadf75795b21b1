import { type Column, type DictColumn, type EventBatch, NULL_CODE } from "../../../worker/engine/batch/event-batch.ts";

/** The batch with the cheaper forms of its columns that a reader may add; making strings of a whole dictionary is an error there. */
export function withCheapForms(batch: EventBatch): EventBatch {
  const columns = new Map([...batch.columns].map(([name, column]) => [name, cheapForm(column)]));
  return { ...batch, columns };
}

function cheapForm(column: Column): Column {
  if (column.kind === "dict") return utf8Column(column);
  if (column.kind !== "int64" && column.kind !== "double") return column;
  const distinct = [...new Set(column.values)];
  const codes = Uint32Array.from(column.values, (value, row) => (column.present?.[row] === 0 ? NULL_CODE : distinct.indexOf(value)));
  return { ...column, dictionary: { values: Float64Array.from(distinct), codes } };
}

function utf8Column({ values, codes }: DictColumn): DictColumn {
  const parts = values.map((value) => Buffer.from(value));
  const offsets = new Uint32Array(values.length + 1);
  for (const [index, part] of parts.entries()) offsets[index + 1] = offsets[index]! + part.length;
  const starts: number[] = [];
  for (let row = 0; row < codes.length; row++) if (row === 0 || codes[row] !== codes[row - 1]) starts.push(row);
  const runs = { starts: Uint32Array.from(starts), codes: Uint32Array.from(starts, (row) => codes[row]!) };
  const column: DictColumn = {
    kind: "dict",
    values: [],
    value_count: parts.length,
    valueBytes: (code) => parts[code]!,
    codes,
    utf8: { offsets, bytes: new Uint8Array(Buffer.concat(parts)) },
    runs,
  };
  Object.defineProperty(column, "values", {
    get() {
      throw new Error("strings of a whole dictionary");
    },
  });
  return column;
}
