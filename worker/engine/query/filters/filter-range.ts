import { printField } from "../quote.ts";
import { fieldCost, matchField } from "./field-match.ts";
import type { FilterKind } from "./filter.ts";
import { intervalTo, type Operand, type Order, orderTo, printOperand } from "./operand.ts";
import { type Interval, remembered, type ValueTest } from "./value-test.ts";

export interface Bound {
  operand: Operand;
  inclusive: boolean;
}

/** `status:[500 TO 599]`, `size:{0 TO 10]`, `timestamp:[2026-03-01 TO *]`: square brackets take the bound in, curly ones leave it out. */
export interface RangeFilter {
  kind: "range";
  field: string;
  /** At least one of the two is there; operands of one kind. */
  min: Bound | null;
  max: Bound | null;
}

export const rangeKind: FilterKind<RangeFilter> = {
  print({ field, min, max }) {
    const low = min ? (min.inclusive ? "[" : "{") + printOperand(min.operand) : "[*";
    const high = max ? printOperand(max.operand) + (max.inclusive ? "]" : "}") : "*]";
    return `${printField(field)}${low} TO ${high}`;
  },
  fields: (filter, visit) => visit(filter.field),
  cost: (filter, batch) => 2 * fieldCost(batch, filter.field),
  apply: (filter, batch, mask) => matchField(batch, filter.field, remembered(filter, rangeTest), mask),
};

function rangeTest({ min, max }: RangeFilter): ValueTest {
  const low = min ? orderTo(min.operand) : null;
  const high = max ? orderTo(max.operand) : null;
  const holds = (orderOf: (order: Order) => number) => {
    if (low && min && !(min.inclusive ? orderOf(low) >= 0 : orderOf(low) > 0)) return false;
    return !(high && max) || (max.inclusive ? orderOf(high) <= 0 : orderOf(high) < 0);
  };
  return {
    text: (value) => holds((order) => order.text(value)),
    number: (value) => holds((order) => order.number(value)),
    time: (time_us) => holds((order) => order.time(time_us)),
    interval: rangeInterval(min, max),
  };
}

function rangeInterval(min: Bound | null, max: Bound | null): Interval | undefined {
  const above = min && intervalTo(min.operand, min.inclusive ? ">=" : ">");
  const below = max && intervalTo(max.operand, max.inclusive ? "<=" : "<");
  if ((min && !above) || (max && !below)) return undefined;
  return { low: above?.low ?? Number.NEGATIVE_INFINITY, high: below?.high ?? Number.POSITIVE_INFINITY };
}
