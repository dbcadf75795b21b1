/** Answers of statements, in one shape wherever they come from. */
import { connection } from "./duckdb.ts";

/** Rows as Ledge shows them. */
export async function askDuckDB(sql: string): Promise<unknown[][]> {
  return (await (await connection()).runAndReadAll(sql)).getRows().map((row) => row.map(shown));
}

function shown(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  const { micros, width, scale } = value as { micros?: bigint; width?: number; scale?: number };
  if (micros !== undefined) return timeText(micros);
  return width !== undefined && scale !== undefined ? Number(String(value)) : String(value);
}

function timeText(micros: bigint): string {
  const milliseconds = Number(micros >= 0n ? micros / 1000n : (micros - 999n) / 1000n);
  return `${new Date(milliseconds).toISOString().slice(0, -1)}${String(micros - BigInt(milliseconds) * 1000n).padStart(3, "0")}Z`;
}

/** The last digits of sums and quotients may differ. */
export function comparable(rows: readonly (readonly unknown[])[], ordered: boolean): string[] {
  const digits = (cell: unknown) => (typeof cell === "number" ? Number(cell.toPrecision(11)) + 0 : cell);
  const texts = rows.map((row) => JSON.stringify(row.map(digits)));
  return ordered ? texts : texts.sort();
}
