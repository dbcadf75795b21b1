import { cpus, totalmem } from "node:os";

/** Prints rows with their columns below each other; numbers to the right. */
export function printTable(title: string, header: string[], rows: (string | number)[][]): void {
  const cells = [header, ...rows.map((row) => row.map((cell) => (typeof cell === "number" ? formatNumber(cell) : cell)))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const print = (row: string[], right: (column: number) => boolean): void =>
    console.log(
      `  ${row
        .map((cell, column) => (right(column) ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
        .join("  ")
        .trimEnd()}`,
    );
  console.log(`\n${title}`);
  const isNumber = (column: number): boolean => cells.slice(1).every((row) => /^[\d.,-]*$/.test(row[column] ?? ""));
  for (const row of cells) print(row, (column) => column > 0 && isNumber(column));
}

/** Four digits that count. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return "-";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 1) return value.toFixed(2);
  return value.toPrecision(3);
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** The machine, for whoever compares figures. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpus().length} x ${cpu?.model.trim()}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}, ${process.platform}`;
}

/** A line that says what goes on; on standard error, so that the report can be kept apart. */
export function progress(text: string): void {
  console.error(`… ${text}`);
}
