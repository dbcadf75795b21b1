/** A SELECT as a plan: rows of events, distinct ones, or groups with aggregates. */
import { QUERY_ROWS_MAX, STATS_ITEMS_MAX } from "../../../limits.ts";
import { ATTRIBUTE_PREFIX } from "../../batch/event-batch.ts";
import type { Expression } from "../expressions/expression.ts";
import { expressionType } from "../expressions/expression-type.ts";
import { isTimeField } from "../fields.ts";
import type { Filter } from "../filters/filter.ts";
import { ALL } from "../filters/filter-all.ts";
import type { GroupKey, StatsPipe } from "../pipes/pipe-stats.ts";
import type { EventStep, TablePipe } from "../plan.ts";
import { isAggregate } from "./aggregates.ts";
import type { Reading } from "./comparison.ts";
import { ExpressionCompiler } from "./expressions.ts";
import { fail } from "./fail.ts";
import { GroupedColumns } from "./grouped.ts";
import { literalPlace } from "./literals.ts";
import { outputNames } from "./output.ts";
import type { SqlColumn, SqlOptions, SqlPlan } from "./plan-sql.ts";
import { fieldOf, identityOf, partsOf, writtenName } from "./scope.ts";
import type { SqlExpression, SqlItem, SqlOrder, SqlSelect } from "./syntax.ts";
import { fieldOfType, type Typed } from "./typed.ts";
import { ConditionCompiler } from "./where.ts";

export class Planner {
  readonly #select: SqlSelect;
  readonly #options: SqlOptions;
  readonly #reading: Reading;
  readonly #steps: EventStep[] = [];
  readonly #computed = new Map<string, string>();
  #hidden = 0;
  readonly #events: ExpressionCompiler;
  readonly #conditions: ConditionCompiler;

  constructor(select: SqlSelect, options: SqlOptions) {
    this.#select = select;
    this.#options = options;
    this.#reading = { source: select.source, now_us: options.now_us };
    this.#events = new ExpressionCompiler(this.#reading, {
      name: (name) => {
        const field = fieldOf(name, select);
        return fieldOfType(field, expressionType({ kind: "field", field }));
      },
      aggregate: (node) =>
        fail("an aggregate is not possible here", node, select.source, "an aggregate after SELECT, in HAVING or in ORDER BY"),
    });
    this.#conditions = new ConditionCompiler(this.#reading, this.#events);
  }

  plan(): SqlPlan {
    const { items, where, group_by, having, order_by, distinct } = this.#select;
    const filter = where ? this.#conditions.filter(where, true) : ALL;
    const parts = [...(items ?? []).map(({ expression }) => expression), ...(having ? [having] : []), ...order_by.map(({ by }) => by)];
    if (group_by !== null || having !== null || parts.some(hasAggregate)) return this.#grouped(filter);
    return distinct ? this.#distinct(filter) : this.#rows(filter);
  }

  /** A name that no field of an event has in this statement: it never leaves the plan. */
  #hiddenName(): string {
    return `${HIDDEN}${this.#hidden++}`;
  }

  /** The column of events that holds the value: its own, or one that a step computes. */
  #column({ expression }: Typed): string {
    if (expression.kind === "field") return expression.field;
    const identity = JSON.stringify(expression);
    const known = this.#computed.get(identity);
    if (known !== undefined) return known;
    const field = ATTRIBUTE_PREFIX + this.#hiddenName();
    this.#steps.push({ kind: "eval", field, expression });
    this.#computed.set(identity, field);
    return field;
  }

  /** How many rows the plan gives; one more than the answer may have shows that there are more. */
  #limits(): { limit: number; pipes: TablePipe[] } {
    const { limit, offset, source } = this.#select;
    const wanted = Math.min(limit ?? QUERY_ROWS_MAX, this.#options.rows_max + 1);
    if (offset > 0 && offset + Math.min(wanted, limit ?? 1) > QUERY_ROWS_MAX) {
      const end = { position: source.length, end: source.length };
      fail(
        `OFFSET and LIMIT reach ${QUERY_ROWS_MAX} rows at most`,
        end,
        source,
        "a narrower condition or range of time instead of a large OFFSET",
      );
    }
    const pipes: TablePipe[] = offset > 0 ? [{ kind: "offset", count: offset }] : [];
    if (limit !== null || wanted < QUERY_ROWS_MAX) pipes.push({ kind: "limit", count: wanted });
    return { limit: Math.min(offset + wanted, QUERY_ROWS_MAX), pipes };
  }

  #rows(filter: Filter): SqlPlan {
    const { items, order_by } = this.#select;
    const output = items && this.#output(items, (item) => this.#events.value(item.expression));
    const columns = output?.map(({ typed, column }) => ({ field: this.#column(typed), as: column })) ?? null;
    const keys = order_by.flatMap((order) => this.#rowKeys(order));
    if (keys.length === 0) keys.push({ field: "timestamp", descending: true });
    const { limit, pipes } = this.#limits();
    return {
      filter,
      steps: this.#steps,
      reduce: { kind: "rows", columns, keys, limit },
      table: pipes,
      output: output?.map(({ column, as, typed }) => ({ column, as, type: typed.type as SqlColumn["type"] })) ?? null,
      hidden: columns ? [] : [...this.#computed.values()].map((field) => field.slice(ATTRIBUTE_PREFIX.length)),
    };
  }

  /** Nulls come last, unless the statement says otherwise; the reduction itself has them lowest. */
  #rowKeys(order: SqlOrder): { field: string; descending: boolean }[] {
    const typed = this.#events.value(this.#itemOf(order.by)?.expression ?? order.by);
    const key = { field: this.#column(typed), descending: order.descending };
    if (isTimeField(key.field) || !needsNullKey(order)) return [key];
    return [{ field: this.#column(isNull(typed)), descending: order.descending }, key];
  }

  /** The item that a place or an alias in ORDER BY or GROUP BY means. */
  #itemOf(node: SqlExpression): SqlItem | null {
    const { items, source } = this.#select;
    const place = literalPlace(node);
    if (place !== null) {
      const item = items?.[place - 1];
      return (
        item ?? fail(`there is no column ${place}`, node, source, items ? `a number from 1 to ${items.length}` : "the names of columns")
      );
    }
    if (node.kind !== "name") return null;
    const name = writtenName(node, this.#select);
    return items?.find(({ alias }) => alias === name) ?? items?.find(({ alias }) => alias?.toLowerCase() === name.toLowerCase()) ?? null;
  }

  #output(items: readonly SqlItem[], compile: (item: SqlItem) => Typed): { column: string; as: string; typed: Typed }[] {
    const names = outputNames(items, this.#select);
    return items.map((item, index) => ({ column: `${HIDDEN}o${index}`, as: names[index]!, typed: compile(item) }));
  }

  #distinct(filter: Filter): SqlPlan {
    const { items, order_by, source } = this.#select;
    if (!items) fail("DISTINCT * is not possible here", { position: 0, end: 6 }, source, "SELECT DISTINCT with the names of columns");
    const output = this.#output(items!, (item) => this.#events.value(item.expression));
    const by = output.map(({ column, typed }): GroupKey => ({ kind: "field", field: this.#column(typed), as: column }));
    const table: TablePipe[] = [];
    const keys = order_by.flatMap((order) => this.#tableKeys(order, this.#distinctColumn(order.by, items!), table));
    if (keys.length > 0) table.push({ kind: "sort", keys });
    return {
      filter,
      steps: this.#steps,
      reduce: this.#stats({ kind: "stats", functions: [], by }),
      table: [...table, ...this.#limits().pipes],
      output: output.map(({ column, as, typed }) => ({ column, as, type: typed.type as SqlColumn["type"] })),
      hidden: [],
    };
  }

  /** What rows that are told apart by their columns are ordered by is one of these. */
  #distinctColumn(by: SqlExpression, items: readonly SqlItem[]): string {
    const item = this.#itemOf(by) ?? items.find(({ expression }) => this.#identity(expression) === this.#identity(by));
    if (!item) fail("with DISTINCT the order is by columns that are selected", by, this.#select.source, "one of the columns after SELECT");
    return `${HIDDEN}o${items.indexOf(item!)}`;
  }

  #identity(node: SqlExpression): string {
    return identityOf(node, (name) => fieldOf(name, this.#select));
  }

  #stats(stats: StatsPipe): StatsPipe {
    const { functions, by } = stats;
    if (functions.length + by.length > STATS_ITEMS_MAX) {
      fail(`a statement has at most ${STATS_ITEMS_MAX} keys and aggregates`, { position: 0, end: 6 }, this.#select.source, "fewer of them");
    }
    return stats;
  }

  #tableKeys(order: SqlOrder, column: string, table: TablePipe[]): { column: string; descending: boolean }[] {
    const key = { column, descending: order.descending };
    if (!needsNullKey(order)) return [key];
    const name = this.#hiddenName();
    const expression = isNull(fieldOfType(ATTRIBUTE_PREFIX + column, "any")).expression;
    table.push({ kind: "eval", items: [{ field: ATTRIBUTE_PREFIX + name, expression }] });
    return [{ column: name, descending: order.descending }, key];
  }

  #grouped(filter: Filter): SqlPlan {
    const { items, having, order_by, source, distinct } = this.#select;
    if (!items) fail("* is not possible with GROUP BY or aggregates", { position: 0, end: 6 }, source, "the names of keys, and aggregates");
    const groups = new GroupedColumns(this.#select, this.#reading, {
      hiddenName: () => this.#hiddenName(),
      column: (typed) => this.#column(typed),
      events: this.#events,
      conditions: this.#conditions,
      itemOf: (node) => this.#itemOf(node),
    });
    for (const key of this.#groupKeys(items!)) groups.addKey(key);
    const table: TablePipe[] = [];
    if (having) {
      const { expression } = groups.compiler.value(having);
      table.push({ kind: "where", filter: { kind: "expression", expression } });
    }
    const output = this.#output(items!, (item) => groups.compiler.value(item.expression)).map((column) => ({
      ...column,
      column: groups.columnOf(column.typed, table),
    }));
    if (distinct) groups.distinct([...new Set(output.map(({ column }) => column))], table);
    const keys = order_by.flatMap((order) => {
      const typed = groups.compiler.value(this.#itemOf(order.by)?.expression ?? order.by);
      const selected = output.find((column) => JSON.stringify(column.typed.expression) === JSON.stringify(typed.expression));
      if (distinct && !selected)
        fail("with DISTINCT the order is by columns that are selected", order.by, source, "one of the columns after SELECT");
      const column = selected?.column ?? groups.columnOf(typed, table);
      return groups.isNullable(column) ? this.#tableKeys(order, column, table) : [{ column, descending: order.descending }];
    });
    if (keys.length > 0) table.push({ kind: "sort", keys });
    return {
      filter,
      steps: this.#steps,
      reduce: this.#stats(groups.stats),
      table: [...table, ...this.#limits().pipes],
      output: output.map(({ column, as, typed }) => ({ column, as, type: typed.type as SqlColumn["type"] })),
      hidden: [],
    };
  }

  #groupKeys(items: readonly SqlItem[]): SqlExpression[] {
    const { group_by, source } = this.#select;
    if (group_by === "all") return items.map(({ expression }) => expression).filter((expression) => !hasAggregate(expression));
    return (group_by ?? []).map((key) => {
      // An event's own field is meant rather than an alias that is called like it.
      const own = key.kind === "name" && !fieldOf(key, this.#select).startsWith(ATTRIBUTE_PREFIX);
      const item = own ? null : this.#itemOf(key);
      if (item && hasAggregate(item.expression))
        fail("an aggregate cannot be grouped by", key, source, "a column or an expression without aggregates");
      return item?.expression ?? key;
    });
  }
}

/** Begins the names of columns that no client can see or name. */
const HIDDEN = "\u0001";

function hasAggregate(node: SqlExpression): boolean {
  return (node.kind === "call" && isAggregate(node)) || partsOf(node).some(hasAggregate);
}

function needsNullKey({ descending, nulls }: SqlOrder): boolean {
  return ((nulls ?? "last") === "last") !== descending;
}

function isNull({ expression }: Typed): Typed {
  const call: Expression = { kind: "call", name: "isnull", args: [expression] };
  return { expression: call, type: "bool" };
}
