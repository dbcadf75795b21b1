import type { Scanner } from "./scanner.ts";

const COUNT = /\s*(\d{1,9})(?=[\s|,)]|$)/y;

/** A whole number of at most nine digits that is next. */
export function readCount(scanner: Scanner): number {
  scanner.skipSpace();
  return takeCount(scanner) ?? scanner.fail("how many, as a whole number");
}

/** As `readCount`; null where no number is next. */
export function takeCount(scanner: Scanner): number | null {
  const found = scanner.match(COUNT);
  return found ? Number(found[1]) : null;
}
