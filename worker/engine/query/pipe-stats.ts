import { STATS_ITEMS_MAX } from "../../limits.ts";
import { formatZone_us, parseZone_us } from "./bucket.ts";
import { shortName } from "./fields.ts";
import type { Filter } from "./filter.ts";
import { printOutputName, readOutputName } from "./output-name.ts";
import type { PipeKind } from "./pipe.ts";
import { printName } from "./quote.ts";
import type { Scanner } from "./scanner.ts";
import { STATS_FUNCTIONS } from "./stats-functions.ts";
import { suggest } from "./suggest.ts";
import { DURATION_UNITS, formatDuration_us, parseDuration_us } from "./time.ts";

/** `| stats count() as n, sum(bytes) by service, bucket(5m)`: one row for each group of events. */
export interface StatsPipe {
  kind: "stats";
  functions: StatsCall[];
  by: GroupKey[];
}

export interface StatsCall {
  /** A name of STATS_FUNCTIONS. */
  name: string;
  /** Column read; null for `count()`. */
  field: string | null;
  as: string;
  /** Numbers before the field (`quantile(0.95, x)`) or after it (`histogram(x, 10)`). */
  parameters?: number[];
  /** Only events that meet this: `count() where (level:error)`. */
  where?: Filter;
}

export type GroupKey = { kind: "field"; field: string; as: string } | { kind: "bucket"; size_us: number; zone_us: number; as: string };

const CALL = /([A-Za-z_][A-Za-z0-9_]*)\s*\(/y;

export const statsKind: PipeKind<StatsPipe> = {
  parse(scanner) {
    const functions = [parseCall(scanner)];
    while (scanner.takeMark(",")) functions.push(parseCall(scanner));
    const by = scanner.takeWord("by") ? parseKeys(scanner) : [];
    checkNames(scanner, [...by, ...functions]);
    return { kind: "stats", functions, by };
  },
  print({ functions, by }) {
    const keys = by.length > 0 ? ` by ${by.map(printKey).join(", ")}` : "";
    return `stats ${functions.map(printCall).join(", ")}${keys}`;
  },
  fields({ functions, by }) {
    const fields = [...functions.map((call) => call.field), ...by.map((key) => (key.kind === "field" ? key.field : "timestamp"))];
    return fields.filter((field) => field !== null);
  },
  columns: ({ functions, by }) => [...by, ...functions].map(({ as }) => as),
  table: null,
};

function parseCall(scanner: Scanner): StatsCall {
  scanner.skipSpace();
  const position = scanner.position;
  const names = Object.keys(STATS_FUNCTIONS);
  const found = scanner.match(CALL);
  const name = found?.[1]?.toLowerCase() ?? "";
  const known = Object.hasOwn(STATS_FUNCTIONS, name) ? STATS_FUNCTIONS[name] : undefined;
  if (!known) {
    const word = /^[A-Za-z0-9_]*/.exec(scanner.source.slice(position))?.[0] ?? "";
    const call = names.map((each) => `${each}()`).join(", ");
    scanner.fail(`one of the functions ${call}`, { position, suggestion: suggest(word, names) });
  }
  const empty = scanner.takeMark(")");
  if (empty && known.field === "needed") scanner.fail(`the field that ${name} is taken of`, { position: scanner.position - 1 });
  const field = empty ? null : readArgument(scanner);
  const as = scanner.takeWord("as") ? readOutputName(scanner) : defaultName(name, field);
  return { name, field, as };
}

function readArgument(scanner: Scanner): string {
  const field = scanner.field();
  scanner.expectMark(")", "the closing )");
  return field;
}

function defaultName(name: string, field: string | null): string {
  return field === null ? name : `${name}_${shortName(field)}`;
}

function parseKeys(scanner: Scanner): GroupKey[] {
  const keys: GroupKey[] = [];
  const enclosed = scanner.takeMark("(");
  do keys.push(parseKey(scanner));
  while (scanner.takeMark(","));
  if (enclosed) scanner.expectMark(")", "a comma or the closing )");
  return keys;
}

function parseKey(scanner: Scanner): GroupKey {
  scanner.skipSpace();
  const bucket = scanner.match(/bucket\s*\(/y);
  const key: GroupKey = bucket ? parseBucket(scanner) : fieldKey(scanner.field());
  if (scanner.takeWord("as")) key.as = readOutputName(scanner);
  return key;
}

function fieldKey(field: string): GroupKey {
  return { kind: "field", field, as: shortName(field) };
}

function parseBucket(scanner: Scanner): GroupKey {
  scanner.skipSpace();
  const size = scanner.text(",", "a duration such as 5m");
  const size_us = parseDuration_us(size.text);
  if (size_us === null || size_us === 0) {
    scanner.fail(`a duration such as 5m (units ${DURATION_UNITS.join(", ")})`, { position: size.position });
  }
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

/** Two columns of one name could not be told apart by later pipes. */
function checkNames(scanner: Scanner, items: readonly { as: string }[]): void {
  if (items.length > STATS_ITEMS_MAX)
    scanner.fail("fewer functions and fields", { message: `stats takes at most ${STATS_ITEMS_MAX} of them` });
  const names = new Set<string>();
  for (const { as } of items) {
    if (names.has(as)) scanner.fail("another name after as", { message: `two columns would be called ${as}; give one a name with as` });
    names.add(as);
  }
}

function printCall({ name, field, as }: StatsCall): string {
  const call = `${name}(${field === null ? "" : printName(field)})`;
  return as === defaultName(name, field) ? call : `${call} as ${printOutputName(as)}`;
}

function printKey(key: GroupKey): string {
  if (key.kind === "field") {
    const name = printName(key.field);
    return key.as === shortName(key.field) ? name : `${name} as ${printOutputName(key.as)}`;
  }
  const zone = key.zone_us === 0 ? "" : `, "${formatZone_us(key.zone_us)}"`;
  const text = `bucket(${formatDuration_us(key.size_us)}${zone})`;
  return key.as === "bucket" ? text : `${text} as ${printOutputName(key.as)}`;
}
