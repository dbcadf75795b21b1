/** What a table of an answer is about: a time, groups, numbers; and how it is best drawn. */
export interface PlainTable {
  columns: string[];
  rows: unknown[][];
}

export interface TableShape {
  /** Column of times; -1 where there is none. */
  time: number;
  /** Columns of texts that tell rows apart. */
  groups: number[];
  /** Columns of numbers. */
  numbers: number[];
}

export type ChartKind = "line" | "bar" | "table" | "number";

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const BARS_MAX = 60;
const NUMBERS_MAX = 4;

function every(rows: readonly unknown[][], column: number, test: (value: unknown) => boolean): boolean {
  let seen = false;
  for (const row of rows) {
    const value = row[column];
    if (value === null || value === undefined) continue;
    if (!test(value)) return false;
    seen = true;
  }
  return seen;
}

export function shapeOf({ columns, rows }: PlainTable): TableShape {
  const indexes = columns.map((_, index) => index);
  const times = indexes.filter((index) => every(rows, index, (value) => typeof value === "string" && TIME.test(value)));
  const numbers = indexes.filter((index) => every(rows, index, (value) => typeof value === "number"));
  // A time is an axis where rows differ by it; `first_seen` of a ranking is not.
  const named = times.find((index) => /^(bucket|time|timestamp|day|hour|minute|week|month)/.test(columns[index] ?? ""));
  const time = named ?? -1;
  const groups = indexes.filter((index) => index !== time && !numbers.includes(index) && !times.includes(index));
  return { time, groups, numbers };
}

/** How a table is drawn where nobody chose. */
export function bestChart(table: PlainTable): ChartKind {
  const { time, groups, numbers } = shapeOf(table);
  if (table.rows.length === 0 || numbers.length === 0) return "table";
  if (table.rows.length === 1 && groups.length === 0 && numbers.length <= NUMBERS_MAX) return "number";
  if (time >= 0 && table.rows.length > 1 && groups.length <= 2) return "line";
  if (groups.length >= 1 && groups.length <= 2 && numbers.length <= 2 && table.rows.length <= BARS_MAX && time < 0) {
    const long = table.rows.some((row) => groups.some((index) => String(row[index] ?? "").length > 80));
    return long ? "table" : "bar";
  }
  return "table";
}

export interface LineSeries {
  label: string;
  values: (number | null)[];
}

/** Series of a table with a time: one for each combination of groups and each column of numbers, the largest first. */
export function lineSeries(
  table: PlainTable,
  shape: TableShape,
  series_max: number,
): { times_s: number[]; series: LineSeries[]; left_out: number } {
  const times = [...new Set(table.rows.map((row) => Date.parse(String(row[shape.time])) / 1_000))]
    .filter(Number.isFinite)
    .sort((one, other) => one - other);
  const place = new Map(times.map((time, index) => [time, index]));
  const found = new Map<string, (number | null)[]>();
  for (const row of table.rows) {
    const at = place.get(Date.parse(String(row[shape.time])) / 1_000);
    if (at === undefined) continue;
    const group = shape.groups.map((index) => shownCell(row[index])).join(" · ");
    for (const number of shape.numbers) {
      const label = shape.numbers.length > 1 || group === "" ? [group, table.columns[number]].filter(Boolean).join(" · ") : group;
      const values = found.get(label) ?? new Array<number | null>(times.length).fill(null);
      values[at] = (row[number] as number | null) ?? null;
      found.set(label, values);
    }
  }
  const all = [...found].map(([label, values]) => ({ label, values }));
  const sum = ({ values }: LineSeries): number => values.reduce<number>((total, value) => total + Math.abs(value ?? 0), 0);
  const ordered = all.toSorted((one, other) => sum(other) - sum(one));
  return { times_s: times, series: ordered.slice(0, series_max), left_out: Math.max(0, ordered.length - series_max) };
}

export function shownCell(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The table as CSV, safe to open: what a spreadsheet would take for a formula begins with an apostrophe. */
export function tableCsv({ columns, rows }: PlainTable): string {
  const cell = (value: unknown): string => {
    if (typeof value === "number") return String(value);
    const text = value === null || value === undefined ? "" : shownCell(value);
    const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return [columns, ...rows]
    .map((row) => row.map(cell).join(","))
    .join("\r\n")
    .concat("\r\n");
}
