/** Values at many times at once: index by index of the times that are asked for. */

export type LabelSet = Readonly<Record<string, string>>;

export interface Series {
  /** The metric's name is one of them, as `__name__`; operators that change what a value means drop it. */
  labels: LabelSet;
  /** Null where there is no sample; NaN is a value. */
  values: (number | null)[];
}

export type Value = { type: "scalar"; values: number[] } | { type: "vector"; series: Series[] };

/** Samples as they lie, each with its time. */
export interface RawSeries {
  labels: LabelSet;
  /** Ascending. */
  times_ms: number[];
  values: number[];
}

/** One text for each set of labels. */
export function labelsKey(labels: LabelSet): string {
  return JSON.stringify(
    Object.keys(labels)
      .sort()
      .map((name) => [name, labels[name]]),
  );
}

/** Without some labels. */
export function dropLabels(labels: LabelSet, names: readonly string[]): LabelSet {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}

export function keepLabels(labels: LabelSet, names: readonly string[]): LabelSet {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => names.includes(name)));
}

export function isEmpty({ values }: Series): boolean {
  return values.every((value) => value === null);
}
