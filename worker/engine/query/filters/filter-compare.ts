import { printField } from "../quote.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { intervalTo, type Operand, orderTo, printOperand } from "./operand.ts";
import { remembered, type ValueTest } from "./value-test.ts";

export type CompareOperator = ">" | ">=" | "<" | "<=" | "=";

/** `duration_ms:>500`, `timestamp:<2026-03-01`, `level:>=warn`, `version:>"2.1"`. */
export interface CompareFilter {
  kind: "compare";
  field: string;
  operator: CompareOperator;
  operand: Operand;
}

export const compareKind: FilterKind<CompareFilter> = {
  print: ({ field, operator, operand }) => printField(field) + operator + printOperand(operand),
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => 2 * fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, compareTest), mask),
};

const HOLDS: Record<CompareOperator, (order: number) => boolean> = {
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  "=": (order) => order === 0,
};

function compareTest({ operator, operand }: CompareFilter): ValueTest {
  const order = orderTo(operand);
  const holds = HOLDS[operator];
  return {
    text: (value) => holds(order.text(value)),
    number: (value) => holds(order.number(value)),
    time: (time_us) => holds(order.time(time_us)),
    interval: intervalTo(operand, operator) ?? undefined,
  };
}
