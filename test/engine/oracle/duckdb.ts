/**
 * Events in DuckDB, put there straight from plain objects: a column for each field with the list of its values, each with its kind, so that
 * conditions and groups can be written as the documentation of the query language has them.
 */
import {
  BIGINT,
  DOUBLE,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBStructValue,
  type DuckDBType,
  LIST,
  listValue,
  STRUCT,
  structValue,
  VARCHAR,
} from "@duckdb/node-api";
import { STRING_FIELDS } from "../../../worker/engine/batch/event-batch.ts";
import type { PlainEvent } from "../query/batches.ts";

/** One value: kind (text, number, boolean, json), its text, the number, and the digits of a whole number. */
const VALUE = STRUCT({ k: VARCHAR, t: VARCHAR, n: DOUBLE, w: VARCHAR });
const VALUE_SQL = "STRUCT(k VARCHAR, t VARCHAR, n DOUBLE, w VARCHAR)";

const connections = new Map<string, Promise<DuckDBConnection>>();

/** The one connection of this process. */
export function connection(): Promise<DuckDBConnection> {
  let known = connections.get("memory");
  if (!known) {
    known = connect();
    connections.set("memory", known);
  }
  return known;
}

async function connect(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const made = await instance.connect();
  await made.run("SET TimeZone = 'UTC'");
  await made.run("SET order_by_non_integer_literal = true");
  return made;
}

/** A text as SQL; DuckDB's parser ends at a NUL. */
export function sqlText(text: string): string {
  const parts = text.split("\0").map((part) => `'${part.replaceAll("'", "''")}'`);
  return parts.length === 1 ? parts[0]! : `(${parts.join(" || chr(0) || ")})`;
}

/** A number as SQL of a double. */
export function sqlNumber(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}

/** A field's values and its whole value, as it is grouped by. */
export interface FieldColumns {
  /** A list of values: the elements of an array, or the one value; NULL where there is none. */
  values: string;
  /** The value itself, an array as JSON; NULL where there is none. */
  whole: string;
}

function oneValue(value: unknown): DuckDBStructValue {
  if (typeof value === "number") {
    const whole = Number.isInteger(value) ? BigInt(value).toString() : null;
    return structValue({ k: "number", t: String(value), n: value, w: whole });
  }
  if (typeof value === "string") return structValue({ k: "text", t: value, n: null, w: /^[+-]?\d+$/.test(value) ? value : null });
  return structValue({ k: typeof value === "boolean" ? "boolean" : "json", t: JSON.stringify(value), n: null, w: null });
}

function valuesOf(value: unknown): DuckDBStructValue[] {
  return (Array.isArray(value) ? value.filter((element) => element !== null) : [value]).map(oneValue);
}

function own(event: PlainEvent, field: string): unknown {
  if (field === "fingerprint") return event.fingerprint === undefined ? undefined : event.fingerprint.toString(16).padStart(14, "0");
  const attribute = field.startsWith("attributes.");
  const holder: object = attribute ? event.attributes : event.fields;
  return Object.getOwnPropertyDescriptor(holder, attribute ? field.slice("attributes.".length) : field)?.value ?? undefined;
}

/** Events as a table; conditions are written with the names that `field` gives. */
export class EventTable {
  readonly name: string;
  readonly #columns: Map<string, number>;

  private constructor(name: string, columns: Map<string, number>) {
    this.name = name;
    this.#columns = columns;
  }

  /** Columns `id` (ingest_us), `ts` (microseconds), then those of each field. Replaces the table of that name. */
  static async load(events: readonly PlainEvent[], name = "events"): Promise<EventTable> {
    const attributes = new Set(events.flatMap((event) => Object.keys(event.attributes).map((attribute) => `attributes.${attribute}`)));
    const fields = [...STRING_FIELDS, "fingerprint", ...attributes];
    const table = new EventTable(name, new Map(fields.map((field, at) => [field, at])));
    const duckdb = await connection();
    const columns = fields.map((_, at) => `v${at} ${VALUE_SQL}[], g${at} ${VALUE_SQL}`).join(", ");
    await duckdb.run(`CREATE OR REPLACE TABLE ${name} (id BIGINT, ts BIGINT, ${columns})`);
    const appender = await duckdb.createAppender(name);
    const list: DuckDBType = LIST(VALUE);
    for (const event of events) {
      appender.appendValue(BigInt(event.ingest_us), BIGINT);
      appender.appendValue(BigInt(event.timestamp_us), BIGINT);
      for (const field of fields) {
        const value = own(event, field);
        if (value === undefined) {
          appender.appendNull();
          appender.appendNull();
        } else {
          appender.appendValue(listValue(valuesOf(value)), list);
          appender.appendValue(oneValue(value), VALUE);
        }
      }
      appender.endRow();
    }
    appender.closeSync();
    return table;
  }

  get fields(): string[] {
    return [...this.#columns.keys()];
  }

  field(name: string): FieldColumns {
    if (name === "timestamp") return timeColumns("ts");
    if (name === "ingest_ts") return timeColumns("id");
    const at = this.#columns.get(name);
    if (at === undefined) return { values: `CAST(NULL AS ${VALUE_SQL}[])`, whole: `CAST(NULL AS ${VALUE_SQL})` };
    return { values: `v${at}`, whole: `g${at}` };
  }

  /** The rows of a SELECT, in DuckDB's own types. */
  async rows(sql: string): Promise<unknown[][]> {
    const duckdb = await connection();
    return (await duckdb.runAndReadAll(sql)).getRowsJS();
  }
}

/** Times by their text (RFC 3339 with six digits) and as microseconds. */
function timeColumns(column: string): FieldColumns {
  const text = `strftime(make_timestamp(${column}), '%Y-%m-%dT%H:%M:%S.%fZ')`;
  const whole = `{k: 'time', t: ${text}, n: CAST(${column} AS DOUBLE), w: CAST(${column} AS VARCHAR)}`;
  return { values: `[${whole}]`, whole };
}
