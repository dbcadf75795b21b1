import { type Labels, METRIC_NAME_LABEL } from "./promql.ts";
import { dropLabels, keepLabels, type LabelSet, labelsKey, type Series } from "./values.ts";

type Fold = (values: readonly number[]) => number;

const FOLDS: Readonly<Record<string, Fold>> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  avg: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  min: (values) => values.reduce((least, value) => (value < least || Number.isNaN(least) ? value : least)),
  max: (values) => values.reduce((most, value) => (value > most || Number.isNaN(most) ? value : most)),
  count: (values) => values.length,
  group: () => 1,
};

function groupLabels(labels: LabelSet, { without, names }: Labels): LabelSet {
  return without ? dropLabels(labels, [...names, METRIC_NAME_LABEL]) : keepLabels(labels, names);
}

function grouped(series: readonly Series[], grouping: Labels): { labels: LabelSet; members: Series[] }[] {
  const groups = new Map<string, { labels: LabelSet; members: Series[] }>();
  for (const one of series) {
    const labels = groupLabels(one.labels, grouping);
    const key = labelsKey(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    group.members.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** `sum`, `avg`, `min`, `max`, `count`, `group`: one series for each group. */
export function foldSeries(op: string, series: readonly Series[], grouping: Labels, times: number): Series[] {
  const fold = FOLDS[op]!;
  return grouped(series, grouping).map(({ labels, members }) => ({
    labels,
    values: Array.from({ length: times }, (_, index) => {
      const present = members.map(({ values }) => values[index]!).filter((value) => value !== null);
      return present.length === 0 ? null : fold(present);
    }),
  }));
}

/**
 * `topk`, `bottomk`: of each group and time the largest or smallest samples, under their own labels. NaN comes last.
 * @param counts how many, for each time
 */
export function pickSeries(op: "topk" | "bottomk", series: readonly Series[], grouping: Labels, counts: readonly number[]): Series[] {
  const sign = op === "topk" ? -1 : 1;
  return grouped(series, grouping).flatMap(({ members }) => {
    const picked: Series[] = members.map(({ labels }) => ({ labels, values: counts.map(() => null) }));
    for (const [index, count] of counts.entries()) {
      const order = [...members.keys()].filter((member) => members[member]!.values[index] !== null);
      const sampleOf = (member: number) => members[member]!.values[index]!;
      order.sort((left, right) => compareNaNLast(sampleOf(left), sampleOf(right), sign));
      for (const member of order.slice(0, Math.max(0, Math.trunc(count) || 0))) picked[member]!.values[index] = sampleOf(member);
    }
    return picked;
  });
}

export function compareNaNLast(left: number, right: number, sign: number): number {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return sign * (left < right ? -1 : left > right ? 1 : 0);
}
