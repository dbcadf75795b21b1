import { resolveField, shortName } from "./fields.ts";
import type { PipeKind } from "./pipe.ts";
import { printName } from "./quote.ts";

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
  table({ fields }, table) {
    const indexes = fields.map((field) => table.columns.findIndex((column) => resolveField(column) === field));
    const columns = indexes.map((index, at) => table.columns[index] ?? shortName(fields[at] as string));
    return { ...table, columns, rows: table.rows.map((row) => indexes.map((index) => row[index] ?? null)) };
  },
};
