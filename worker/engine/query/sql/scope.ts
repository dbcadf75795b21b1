/** What names in a statement mean. */
import { ATTRIBUTE_PREFIX } from "../../batch/event-batch.ts";
import { ANY_FIELD, resolveField } from "../fields.ts";
import { fail } from "./fail.ts";
import type { SqlExpression, SqlSelect } from "./syntax.ts";

type Name = Extract<SqlExpression, { kind: "name" }>;

/** How a name is written, without the table before it. */
export function writtenName({ parts }: Name, select: SqlSelect): string {
  const own = parts.length > 1 && parts[0]!.text.toLowerCase() === select.table.toLowerCase() ? parts.slice(1) : parts;
  return own.map(({ text }) => text).join(".");
}

/**
 * The column that a name means. Names keep their case; an event's own fields are also found in another case where the name is not in quotes,
 * since tools write them in capitals.
 */
export function fieldOf(name: Name, select: SqlSelect): string {
  const written = writtenName(name, select);
  if (written === ANY_FIELD) fail("_any is not a column", name, select.source, "a field, such as message");
  if (written === "attributes")
    fail("attributes are named one by one", name, select.source, "attributes.name or attributes->>'name', or * for all of them");
  const field = resolveField(written);
  if (!field.startsWith(ATTRIBUTE_PREFIX) || name.parts.some(({ quoted }) => quoted)) return field;
  const lower = resolveField(written.toLowerCase());
  return lower.startsWith(ATTRIBUTE_PREFIX) ? field : lower;
}

/**
 * The same text for expressions that mean the same, wherever they stand.
 * @param resolve what a name means
 */
export function identityOf(node: SqlExpression, resolve: (name: Name) => string): string {
  return JSON.stringify(node, function (this: unknown, key: string, value: unknown) {
    if (key === "position" || key === "end") return undefined;
    const part = value as { kind?: string } | null;
    return part !== null && typeof part === "object" && part.kind === "name" ? { name: resolve(value as Name) } : value;
  });
}

/** The parts of an expression that are expressions. */
export function partsOf(node: SqlExpression): SqlExpression[] {
  switch (node.kind) {
    case "call":
      return [...node.args, ...(node.filter ? [node.filter] : []), ...(node.within ? [node.within.by] : [])];
    case "junction":
      return node.operands;
    case "not":
    case "negative":
      return [node.operand];
    case "compare":
    case "arithmetic":
    case "distinct":
      return [node.left, node.right];
    case "match":
      return [node.value, node.pattern];
    case "between":
      return [node.value, node.low, node.high];
    case "in":
      return [node.value, ...node.items];
    case "case": {
      const branches = node.branches.flatMap(({ when, result }) => [when, result]);
      return [...(node.value ? [node.value] : []), ...branches, ...(node.otherwise ? [node.otherwise] : [])];
    }
    case "isnull":
    case "istrue":
    case "cast":
      return [node.value];
    case "zone":
      return [node.value, node.zone];
    default:
      return [];
  }
}
