import { shortName } from "../fields.ts";
import { printName } from "../quote.ts";
import { columnIndex } from "../table.ts";
import type { PipeKind } from "./pipe.ts";

/** `| fields timestamp, service, duration_ms`: only these fields of an event, or columns of a table. */
export interface FieldsPipe {
  kind: "fields";
  fields: string[];
}

export const fieldsKind: PipeKind<FieldsPipe> = {
  parse(scanner) {
    const fields: string[] = [];
    do fields.push(scanner.field());
    while (scanner.takeMark(","));
    return { kind: "fields", fields };
  },
  print: ({ fields }) => `fields ${fields.map(printName).join(", ")}`,
  fields: ({ fields }) => fields,
  columns: ({ fields }, before) => fields.map((field) => before?.[columnIndex(before, shortName(field))] ?? shortName(field)),
  table({ fields }, { columns, rows, overflow }) {
    const indexes = fields.map((field) => columnIndex(columns, shortName(field)));
    return {
      columns: indexes.map((index, at) => columns[index] ?? shortName(fields[at]!)),
      rows: rows.map((row) => indexes.map((index) => row[index] ?? null)),
      overflow,
    };
  },
};
