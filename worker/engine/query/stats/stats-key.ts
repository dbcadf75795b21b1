import { formatZone_us, parseZone_us } from "../bucket.ts";
import { printExpression } from "../expressions/print-expression.ts";
import { shortName } from "../fields.ts";
import { printOutputName, readOutputName } from "../output-name.ts";
import type { GroupKey } from "../pipes/pipe-stats.ts";
import type { Scanner } from "../scanner.ts";
import { DURATION_UNITS, formatDuration_us, parseDuration_us } from "../time.ts";
import { parseSource, printSource } from "./stats-source.ts";

type BucketKey = Extract<GroupKey, { kind: "bucket" }>;

/** What stands after `by`, in parentheses or not. */
export function parseKeys(scanner: Scanner): GroupKey[] {
  const from = scanner.position;
  if (scanner.takeMark("(")) {
    const keys = parseKeyList(scanner);
    if (scanner.takeMark(")") && isAtEnd(scanner)) return keys;
    scanner.position = from;
  }
  return parseKeyList(scanner);
}

/** A parenthesis may also begin an expression. */
function isAtEnd(scanner: Scanner): boolean {
  const from = scanner.position;
  scanner.skipSpace();
  const at_end = scanner.atEnd || (scanner.next === "|" && scanner.source[scanner.position + 1] !== "|");
  scanner.position = from;
  return at_end;
}

/** Keys without parentheses around them. */
export function parseKeyList(scanner: Scanner): GroupKey[] {
  const keys: GroupKey[] = [];
  do keys.push(parseKey(scanner));
  while (scanner.takeMark(","));
  return keys;
}

function parseKey(scanner: Scanner): GroupKey {
  scanner.skipSpace();
  const key = parseBucket(scanner) ?? sourceKey(scanner);
  if (scanner.takeWord("as")) key.as = readOutputName(scanner);
  return key;
}

function sourceKey(scanner: Scanner): GroupKey {
  const source = parseSource(scanner);
  return { kind: "field", ...source, as: source.expression ? printExpression(source.expression) : shortName(source.field) };
}

/** `bucket(1d, "+02:00")` where it is next. */
export function parseBucket(scanner: Scanner): BucketKey | null {
  if (!scanner.match(/bucket\s*\(/iy)) return null;
  scanner.skipSpace();
  const size_us = readSize(scanner);
  let zone_us: number | null = 0;
  if (scanner.takeMark(",")) {
    scanner.skipSpace();
    const zone = scanner.text(",", 'an offset such as "+02:00"');
    zone_us = parseZone_us(zone.text);
    if (zone_us === null) scanner.fail('an offset from UTC such as "+02:00"', { position: zone.position });
  }
  scanner.expectMark(")", "the closing )");
  return { kind: "bucket", size_us, zone_us, as: "bucket" };
}

function readSize(scanner: Scanner): number {
  const size = scanner.text(",", "a duration such as 5m");
  const size_us = parseDuration_us(size.text);
  if (size_us === null || size_us === 0) {
    scanner.fail(`a duration such as 5m (units ${DURATION_UNITS.join(", ")})`, { position: size.position });
  }
  return size_us;
}

export function printKey(key: GroupKey): string {
  if (key.kind === "field") {
    const as = key.expression ? printExpression(key.expression) : shortName(key.field);
    return key.as === as ? printSource(key) : `${printSource(key)} as ${printOutputName(key.as)}`;
  }
  return key.as === "bucket" ? printBucket(key) : `${printBucket(key)} as ${printOutputName(key.as)}`;
}

export function printBucket({ size_us, zone_us }: { size_us: number; zone_us: number }): string {
  const zone = zone_us === 0 ? "" : `, "${formatZone_us(zone_us)}"`;
  return `bucket(${formatDuration_us(size_us)}${zone})`;
}
