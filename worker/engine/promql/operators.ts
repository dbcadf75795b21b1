import { COMPARISONS } from "./check-promql.ts";
import { type Binary, type Labels, METRIC_NAME_LABEL, PromqlError } from "./promql.ts";
import { dropLabels, keepLabels, type LabelSet, labelsKey, type Series, type Value } from "./values.ts";

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
  "^": (left, right) => (Math.abs(left) === 1 && !Number.isFinite(right) && !Number.isNaN(right) ? 1 : left ** right),
};

const COMPARE: Readonly<Record<string, (left: number, right: number) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  ">": (left, right) => left > right,
  "<": (left, right) => left < right,
  ">=": (left, right) => left >= right,
  "<=": (left, right) => left <= right,
};

/** What an operator gives for two numbers; null where a comparison leaves the sample out. @param kept the value that a comparison lets pass */
function apply({ op, bool }: Binary, left: number, right: number, kept: number): number | null {
  if (!COMPARISONS.has(op)) return ARITHMETIC[op]!(left, right);
  const holds = COMPARE[op]!(left, right);
  return bool ? Number(holds) : holds ? kept : null;
}

/** Whether the result is a value of another kind, which the metric's name does not fit any more. */
function renames({ op, bool }: Binary): boolean {
  return bool || !COMPARISONS.has(op);
}

function shownLabels(binary: Binary, labels: LabelSet): LabelSet {
  return renames(binary) ? dropLabels(labels, [METRIC_NAME_LABEL]) : labels;
}

/** An operator between two values, of which one at least is a scalar, or vectors matched one to one. @throws PromqlError */
export function applyBinary(binary: Binary, left: Value, right: Value): Value {
  if (left.type === "scalar" && right.type === "scalar")
    return { type: "scalar", values: left.values.map((value, index) => apply(binary, value, right.values[index]!, value)!) };
  if (left.type === "vector" && right.type === "vector") return { type: "vector", series: matchVectors(binary, left.series, right.series) };
  const [vector, scalar] = left.type === "vector" ? [left, right] : [right as Value & { type: "vector" }, left];
  const numbers = (scalar as Value & { type: "scalar" }).values;
  const swapped = left.type === "scalar";
  const series = vector.series.map(({ labels, values }) => ({
    labels: shownLabels(binary, labels),
    values: values.map((value, index) => {
      if (value === null) return null;
      const number = numbers[index]!;
      return swapped ? apply(binary, number, value, value) : apply(binary, value, number, value);
    }),
  }));
  return { type: "vector", series };
}

function matchKey(labels: LabelSet, matching: Labels | null): string {
  if (matching === null) return labelsKey(dropLabels(labels, [METRIC_NAME_LABEL]));
  return labelsKey(matching.without ? dropLabels(labels, [...matching.names, METRIC_NAME_LABEL]) : keepLabels(labels, matching.names));
}

function matchVectors(binary: Binary, left: readonly Series[], right: readonly Series[]): Series[] {
  const { op, matching } = binary;
  if (op === "and" || op === "unless" || op === "or") return combineSets(op, matching, left, right);
  const others = Map.groupBy(right, ({ labels }) => matchKey(labels, matching));
  const mine = Map.groupBy(left, ({ labels }) => matchKey(labels, matching));
  const result: Series[] = [];
  for (const [key, members] of mine) {
    const partners = others.get(key);
    if (!partners) continue;
    for (const side of [members, partners]) assertOneAtATime(binary, side);
    // Of several series of one side at most one has a sample at a time.
    const times = members[0]!.values.length;
    for (const member of members) {
      const values = Array.from({ length: times }, (_, index) => {
        const value = member.values[index]!;
        const other = partners.map((partner) => partner.values[index]!).find((found) => found !== null);
        return value === null || other === undefined ? null : apply(binary, value, other!, value);
      });
      result.push({ labels: resultLabels(binary, member.labels), values });
    }
  }
  return result;
}

function resultLabels(binary: Binary, labels: LabelSet): LabelSet {
  const shown = shownLabels(binary, labels);
  const { matching } = binary;
  if (!matching) return shown;
  return matching.without ? dropLabels(shown, matching.names) : keepLabels(shown, matching.names);
}

function assertOneAtATime({ position }: Binary, side: readonly Series[]): void {
  if (side.length < 2) return;
  for (let index = 0; index < side[0]!.values.length; index++) {
    if (side.filter(({ values }) => values[index] !== null).length > 1)
      throw new PromqlError(
        "found duplicate series for a match group on one side of the operation: many-to-many and many-to-one matching are not supported",
        position,
      );
  }
}

/** `and`, `unless`, `or`, time by time. */
function combineSets(op: string, matching: Labels | null, left: readonly Series[], right: readonly Series[]): Series[] {
  const of_left = Map.groupBy(left, ({ labels }) => matchKey(labels, matching));
  const of_right = Map.groupBy(right, ({ labels }) => matchKey(labels, matching));
  const present = (side: readonly Series[] | undefined, index: number) => side?.some(({ values }) => values[index] !== null) ?? false;
  const filtered = (series: readonly Series[], others: Map<string, Series[]>, wanted: boolean) =>
    series.map(({ labels, values }) => {
      const partners = others.get(matchKey(labels, matching));
      return { labels, values: values.map((value, index) => (present(partners, index) === wanted ? value : null)) };
    });
  if (op === "and") return filtered(left, of_right, true);
  if (op === "unless") return filtered(left, of_right, false);
  return [...left, ...filtered(right, of_left, false)];
}
