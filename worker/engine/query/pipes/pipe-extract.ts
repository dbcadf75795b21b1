import { COMPUTED_COLUMNS_MAX } from "../../../limits.ts";
import { cellAt } from "../../batch/record.ts";
import { printVerbatim } from "../expressions/print-expression.ts";
import { resolveField, shortName } from "../fields.ts";
import type { ExtractRule } from "../plan.ts";
import { printName, quote } from "../quote.ts";
import { compileRegex, RegexError } from "../regex/regex.ts";
import type { Scanner } from "../scanner.ts";
import type { Table } from "../table.ts";
import { isComputable } from "./computed-name.ts";
import { extractColumns, extractedFields } from "./extract.ts";
import { PatternError, parsePattern } from "./extract-pattern.ts";
import type { PipeKind } from "./pipe.ts";
import { stepRows } from "./steps.ts";
import { tableBatch } from "./table-batch.ts";

/** `| extract "user <user> from <ip>"`, `| extract ~"(?P<ms>\d+) ms"`, `| extract json from payload prefix "p."`. */
export interface ExtractPipe {
  kind: "extract";
  /** The field whose text is read. */
  from: string;
  by: ExtractRule;
}

export const extractKind: PipeKind<ExtractPipe> = {
  parse(scanner) {
    scanner.skipSpace();
    const position = scanner.position;
    const by = parseRule(scanner, position);
    const from = scanner.takeWord("from") ? readSource(scanner) : "message";
    if (by.kind === "json" || by.kind === "logfmt") by.prefix = scanner.takeWord("prefix") ? readPrefix(scanner) : null;
    checkNames(scanner, by, position);
    return { kind: "extract", from, by };
  },
  print({ from, by }) {
    const source = from === "message" ? "" : ` from ${printName(from)}`;
    if (by.kind === "pattern") return `extract ${printVerbatim(by.pattern)}${source}`;
    if (by.kind === "regex") return `extract ~${printVerbatim(by.pattern)}${source}`;
    return `extract ${by.kind}${source}${by.prefix === null ? "" : ` prefix ${quote(by.prefix)}`}`;
  },
  fields: ({ from }) => [from],
  columns({ by }, before) {
    const made = extractedFields(by);
    if (!before || !made) return null;
    return [...before, ...made.filter((field) => !hasField(before, field)).map(shortName)];
  },
  table: extendTable,
};

function hasField(columns: readonly string[], field: string): boolean {
  return columns.some((name) => resolveField(name) === field);
}

function parseRule(scanner: Scanner, position: number): ExtractRule {
  if (scanner.next === '"' || scanner.next === "'") return patternRule(scanner, scanner.verbatim("a pattern in quotes"), position);
  if (scanner.take("~")) return regexRule(scanner, position);
  if (scanner.takeWord("json")) return { kind: "json", prefix: null };
  if (scanner.takeWord("logfmt")) return { kind: "logfmt", prefix: null };
  return scanner.fail('a "pattern with <places>", ~"an expression with (?P<names>…)", json or logfmt', { position });
}

function patternRule(scanner: Scanner, pattern: string, position: number): ExtractRule {
  try {
    parsePattern(pattern);
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    scanner.fail("a pattern such as user <user> from <ip>", { position, message: error.message });
  }
  return { kind: "pattern", pattern };
}

function regexRule(scanner: Scanner, position: number): ExtractRule {
  const pattern = scanner.verbatim("a regular expression in quotes");
  try {
    compileRegex(pattern);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    scanner.fail("a valid regular expression (RE2 syntax)", { position, message: `the regular expression is not valid: ${error.message}` });
  }
  return { kind: "regex", pattern };
}

function readSource(scanner: Scanner): string {
  scanner.skipSpace();
  const position = scanner.position;
  const field = scanner.field();
  if (field === "_any") scanner.fail("the name of one field", { position });
  return field;
}

function readPrefix(scanner: Scanner): string {
  scanner.skipSpace();
  return scanner.text("", "a prefix for the names").text;
}

function checkNames(scanner: Scanner, by: ExtractRule, position: number): void {
  const fields = extractedFields(by);
  if (!fields) return;
  if (fields.length === 0) scanner.fail("named groups such as (?P<user>…)", { position, message: "the expression has no named groups" });
  if (fields.length > COMPUTED_COLUMNS_MAX)
    scanner.fail("fewer places", { position, message: `extract makes at most ${COMPUTED_COLUMNS_MAX} fields` });
  const fixed = fields.find((field) => !isComputable(field));
  if (fixed) scanner.fail("another name", { position, message: `${shortName(fixed)} cannot be computed; choose another name` });
}

function extendTable(pipe: ExtractPipe, table: Table): Table {
  const batch = tableBatch(table);
  const found = extractColumns(pipe, batch, stepRows(batch.rows));
  const columns = [...table.columns];
  for (const field of found.keys()) if (!hasField(columns, field)) columns.push(shortName(field));
  const computed = columns.map((name) => found.get(resolveField(name)));
  const rows = table.rows.map((row, at) => computed.map((column, index) => (column ? cellAt(column, at) : (row[index] ?? null))));
  const { records: _records, ...others } = table;
  return { ...others, columns, rows };
}
