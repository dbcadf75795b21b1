import { COMPUTED_COLUMNS_MAX } from "../../../limits.ts";
import { cellAt } from "../../batch/record.ts";
import type { Expression } from "../expressions/expression.ts";
import { visitFields } from "../expressions/expression-type.ts";
import { parseExpression } from "../expressions/parse-expression.ts";
import { printExpression } from "../expressions/print-expression.ts";
import { resolveField, shortName } from "../fields.ts";
import { printName } from "../quote.ts";
import type { Scanner } from "../scanner.ts";
import type { Table, TableValue } from "../table.ts";
import { readComputedName } from "./computed-name.ts";
import type { PipeKind } from "./pipe.ts";
import { computedColumn, stepRows } from "./steps.ts";
import { tableBatch } from "./table-batch.ts";

/** `| eval seconds = duration_ms / 1000, slow = seconds > 2`: further fields of events, or columns of a table, in order. */
export interface EvalPipe {
  kind: "eval";
  items: EvalItem[];
}

export interface EvalItem {
  /** A resolved name, such as `attributes.seconds`. */
  field: string;
  expression: Expression;
}

export const evalKind: PipeKind<EvalPipe> = {
  parse(scanner) {
    const items = [parseItem(scanner)];
    while (scanner.takeMark(",")) items.push(parseItem(scanner));
    if (items.length > COMPUTED_COLUMNS_MAX)
      scanner.fail("fewer columns", { message: `eval computes at most ${COMPUTED_COLUMNS_MAX} columns` });
    return { kind: "eval", items };
  },
  print: ({ items }) => `eval ${items.map(({ field, expression }) => `${printName(field)} = ${printExpression(expression)}`).join(", ")}`,
  fields({ items }) {
    const read = new Set<string>();
    const made = new Set<string>();
    for (const { field, expression } of items) {
      visitFields(expression, (each) => {
        if (!made.has(each)) read.add(each);
      });
      made.add(field);
    }
    return [...read];
  },
  columns({ items }, before) {
    if (!before) return null;
    const columns = [...before];
    for (const { field } of items) addName(columns, field);
    return columns;
  },
  table: ({ items }, table) => items.reduce(addColumn, table),
};

function parseItem(scanner: Scanner): EvalItem {
  const field = readComputedName(scanner);
  scanner.expectMark("=", `= and an expression after the name ${shortName(field)}`);
  return { field, expression: parseExpression(scanner) };
}

/** Place of the field's column, which is added where there is none. */
function addName(columns: string[], field: string): number {
  const index = columns.findIndex((name) => resolveField(name) === field);
  return index < 0 ? columns.push(shortName(field)) - 1 : index;
}

function addColumn(table: Table, { field, expression }: EvalItem): Table {
  const batch = tableBatch(table);
  const column = computedColumn(field, expression, batch, stepRows(batch.rows));
  const columns = [...table.columns];
  const index = addName(columns, field);
  const rows = table.rows.map((row, at) => {
    const cells: TableValue[] = [...row];
    cells[index] = cellAt(column, at);
    return cells;
  });
  const { records: _records, ...others } = table;
  return { ...others, columns, rows };
}
