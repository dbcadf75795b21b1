/** Keys and aggregates of a statement as columns of the table that `stats` makes, and expressions over them. */
import { ATTRIBUTE_PREFIX } from "../../batch/event-batch.ts";
import { parseZone_us } from "../bucket.ts";
import type { Expression } from "../expressions/expression.ts";
import { DAY_US } from "../expressions/functions/calendar.ts";
import { and } from "../filters/filter-and.ts";
import type { GroupKey, StatsCall, StatsPipe } from "../pipes/pipe-stats.ts";
import type { TablePipe } from "../plan.ts";
import { type Aggregate, readAggregate } from "./aggregates.ts";
import type { Reading } from "./comparison.ts";
import { ExpressionCompiler } from "./expressions.ts";
import { fail } from "./fail.ts";
import { fieldOf, identityOf, writtenName } from "./scope.ts";
import type { SqlExpression, SqlItem, SqlSelect } from "./syntax.ts";
import { BUCKETS, bucketArguments, intervalOf } from "./times.ts";
import { fieldOfType, type Typed } from "./typed.ts";
import type { ConditionCompiler } from "./where.ts";

type Call = Extract<SqlExpression, { kind: "call" }>;

/** What the planner does for it. */
export interface GroupedHelp {
  hiddenName(): string;
  /** The column of events that holds a value. */
  column(typed: Typed): string;
  events: ExpressionCompiler;
  conditions: ConditionCompiler;
  itemOf(node: SqlExpression): SqlItem | null;
}

const UNITS_US: Readonly<Record<string, number>> = {
  millisecond: 1_000,
  second: 1_000_000,
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: DAY_US,
  week: 7 * DAY_US,
};

export class GroupedColumns {
  readonly #select: SqlSelect;
  readonly #reading: Reading;
  readonly #help: GroupedHelp;
  /** By identity, what each key and aggregate is as a column of the table. */
  readonly #columns = new Map<string, Typed>();
  readonly #aggregates = new Map<string, Typed>();
  readonly #computed = new Map<string, string>();
  readonly #never_null = new Set<string>();
  readonly stats: StatsPipe = { kind: "stats", functions: [], by: [] };
  /** Of expressions over the table. */
  readonly compiler: ExpressionCompiler;

  constructor(select: SqlSelect, reading: Reading, help: GroupedHelp) {
    this.#select = select;
    this.#reading = reading;
    this.#help = help;
    this.compiler = new ExpressionCompiler(reading, {
      known: (node) => this.#columns.get(this.#identity(node)) ?? null,
      name: (name) => this.#alias(name),
      aggregate: (node) => this.#aggregate(node),
    });
  }

  addKey(node: SqlExpression): void {
    const identity = this.#identity(node);
    if (this.#columns.has(identity)) return;
    const as = this.#help.hiddenName();
    const typed = this.#help.events.value(node);
    const bucket = this.#bucket(node, as);
    if (bucket) this.#never_null.add(as);
    const key = bucket ?? ({ kind: "field", field: this.#help.column(typed), as } as GroupKey);
    this.stats.by.push(key);
    this.#columns.set(identity, tableColumn(as, typed.type));
  }

  /** The column of the table with these values; an `eval` is added where they must be computed. */
  columnOf(typed: Typed, table: TablePipe[]): string {
    const identity = JSON.stringify(typed.expression);
    const direct = directColumn(typed);
    if (direct !== null) return direct;
    const known = this.#computed.get(identity);
    if (known !== undefined) return known;
    const name = this.#help.hiddenName();
    table.push({ kind: "eval", items: [{ field: ATTRIBUTE_PREFIX + name, expression: typed.expression }] });
    this.#computed.set(identity, name);
    return name;
  }

  /** Rows that are alike in these columns become one. */
  distinct(columns: readonly string[], table: TablePipe[]): void {
    table.push({ kind: "stats", functions: [], by: columns.map((as) => ({ kind: "field", field: ATTRIBUTE_PREFIX + as, as })) });
  }

  /** Whether a column of the table may hold null. */
  isNullable(column: string): boolean {
    return !this.#never_null.has(column);
  }

  #identity(node: SqlExpression): string {
    return identityOf(node, (name) => fieldOf(name, this.#select));
  }

  /** A name that is no key can only be an alias of what is. */
  #alias(name: Extract<SqlExpression, { kind: "name" }>): Typed {
    const item = this.#help.itemOf(name);
    const other = item && this.#identity(item.expression) !== this.#identity(name) ? item : null;
    if (other) return this.compiler.compile(other.expression);
    const written = writtenName(name, this.#select);
    return fail(
      `${written} is neither a key of GROUP BY nor inside an aggregate`,
      name,
      this.#select.source,
      `GROUP BY ${written}, or an aggregate such as max(${written})`,
    );
  }

  #aggregate(node: Call): Typed {
    const identity = this.#identity(node);
    const known = this.#aggregates.get(identity);
    if (known) return known;
    const aggregate = readAggregate(node, this.#select.source);
    const { name, of, parameters, where } = aggregate;
    const typed = of && this.#help.events.value(of);
    if (typed) this.#checkTaken(node, aggregate, typed);
    const numbered = typed !== null && aggregate.takes === "ordered" && typed.type === "time" && typed.expression.kind !== "field";
    const as = this.#help.hiddenName();
    const call: StatsCall = { name, field: typed && this.#help.column(numbered ? numberOfTime(typed) : typed), as };
    if (parameters.length > 0) call.parameters = parameters;
    const conditions = [node.filter, where].flatMap((condition) => (condition ? [this.#help.conditions.filter(condition, true)] : []));
    if (conditions.length > 0) call.where = and(conditions);
    this.stats.functions.push(call);
    const type = aggregate.type === "same" ? (typed?.type ?? "any") : aggregate.type;
    const column = numbered ? timeOfNumber(as) : tableColumn(as, type);
    if (name === "count" || name === "count_uniq") this.#never_null.add(as);
    this.#aggregates.set(identity, column);
    return column;
  }

  #checkTaken(node: Call, { name, takes }: Aggregate, { type }: Typed): void {
    if (takes === "numbers" && type === "time") {
      fail(
        `${name} takes numbers, and this is a time`,
        node,
        this.#select.source,
        `${name}(extract(epoch from …)), for seconds since 1970`,
      );
    }
    if (takes === "ordered" && (type === "text" || type === "level" || type === "bool")) {
      fail(
        `${name} takes numbers and times, not ${type === "bool" ? "truth values" : "texts"}`,
        node,
        this.#select.source,
        "first(…), last(…) or any_value(…)",
      );
    }
  }

  /** Pieces of time of one length are keys that `stats` makes without computing a column. */
  #bucket(node: SqlExpression, as: string): GroupKey | null {
    if (node.kind !== "call") return null;
    const piece = node.name === "date_trunc" ? this.#truncated(node) : BUCKETS.has(node.name) ? this.#sized(node) : null;
    if (piece?.time?.kind !== "name" || fieldOf(piece.time, this.#select) !== "timestamp") return null;
    const zone_us = piece.zone?.kind === "text" ? (parseZone_us(piece.zone.value) ?? 0) : 0;
    return { kind: "bucket", size_us: piece.size_us, zone_us, as };
  }

  #truncated({ args: [unit, time, zone] }: Call): { size_us: number; time?: SqlExpression; zone?: SqlExpression } | null {
    const size_us = unit?.kind === "text" ? UNITS_US[unit.value.toLowerCase()] : undefined;
    return size_us === undefined ? null : { size_us, time, zone };
  }

  #sized(node: Call): { size_us: number; time: SqlExpression; zone?: SqlExpression } | null {
    const [width, time, zone] = bucketArguments(node, this.#reading);
    const { months, us } = intervalOf(this.#help.events.compile(width), width, this.#reading);
    return months === 0 ? { size_us: us, time, zone } : null;
  }
}

/** A time that was computed for an aggregate of numbers: microseconds. */
function numberOfTime({ expression }: Typed): Typed {
  return { expression: { kind: "call", name: "to_number", args: [expression] }, type: "number" };
}

/** The time that a column of microseconds holds. */
function timeOfNumber(as: string): Typed {
  const number: Expression = {
    kind: "call",
    name: "+",
    args: [
      { kind: "field", field: ATTRIBUTE_PREFIX + as },
      { kind: "literal", value: 0 },
    ],
  };
  return { expression: { kind: "call", name: "to_time", args: [number] }, type: "time" };
}

/** Times in a table are texts; as values they are times again. */
function tableColumn(as: string, type: Typed["type"]): Typed {
  const field = { kind: "field", field: ATTRIBUTE_PREFIX + as } as const;
  if (type !== "time") return type === "interval" || type === "null" ? fieldOfType(field.field, "any") : fieldOfType(field.field, type);
  return { expression: { kind: "call", name: "to_time", args: [field] }, type };
}

/** The column that the value is as it stands; null where it must be computed. */
function directColumn({ expression, type }: Typed): string | null {
  const inner = type === "time" && expression.kind === "call" && expression.name === "to_time" ? expression.args[0]! : expression;
  return inner.kind === "field" ? inner.field.slice(ATTRIBUTE_PREFIX.length) : null;
}
