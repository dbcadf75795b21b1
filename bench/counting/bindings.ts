/** Bindings that count what is asked of them and pass everything on. Only the measurements use them. */
import type { Env } from "../../worker/env.ts";
import { COUNTS } from "./counts.ts";

const QUEUE_CHUNK_BYTES = 64_000;

type Method = (...parameters: unknown[]) => unknown;

/** An object like `target` with some of its members replaced; its methods are bound to the target itself, as native objects ask for. */
function counting<T extends object>(target: T, replaced: Record<string, unknown>): T {
  return new Proxy({} as T, {
    get(_empty, name) {
      if (typeof name === "string" && Object.hasOwn(replaced, name)) return replaced[name];
      const value = Reflect.get(target, name) as unknown;
      return typeof value === "function" ? (value as Method).bind(target) : value;
    },
  });
}

const chunksOf = (size_bytes: number): number => Math.max(1, Math.ceil(size_bytes / QUEUE_CHUNK_BYTES));

function bodySize(body: unknown): number {
  if (body instanceof ArrayBuffer) return body.byteLength;
  if (ArrayBuffer.isView(body)) return body.byteLength;
  return JSON.stringify(body)?.length ?? 0;
}

function countSent(body: unknown): void {
  const size_bytes = bodySize(body);
  COUNTS.queue_messages++;
  COUNTS.queue_sent_bytes += size_bytes;
  COUNTS.queue_writes += chunksOf(size_bytes);
}

function countingQueue(queue: Queue<unknown>): Queue<unknown> {
  return counting(queue, {
    send: (body: unknown, options?: QueueSendOptions) => {
      countSent(body);
      return queue.send(body, options);
    },
    sendBatch: (messages: Iterable<MessageSendRequest>, options?: QueueSendBatchOptions) => {
      const list = [...messages];
      for (const { body } of list) countSent(body);
      return queue.sendBatch(list, options);
    },
  });
}

/** Reads and deletes of a delivery; a retried message is read again and deleted once. */
export function countDelivery(batch: MessageBatch<unknown>): MessageBatch<unknown> {
  COUNTS.queue_invocations++;
  const messages = batch.messages.map((message) => {
    const chunks = chunksOf(bodySize(message.body));
    COUNTS.queue_reads += chunks;
    return counting(message, {
      ack: () => {
        COUNTS.queue_deletes += chunks;
        message.ack();
      },
    });
  });
  return counting(batch, {
    messages,
    ackAll: () => {
      for (const message of messages) message.ack();
    },
  });
}

function countingBucket(bucket: R2Bucket): R2Bucket {
  return counting(bucket, {
    put: async (...parameters: Parameters<R2Bucket["put"]>) => {
      COUNTS.r2_puts++;
      const object = await bucket.put(...parameters);
      COUNTS.r2_put_bytes += object?.size ?? 0;
      return object;
    },
    get: async (key: string, options?: R2GetOptions) => {
      COUNTS.r2_gets++;
      const object = await bucket.get(key, options);
      const range = object?.range;
      COUNTS.r2_get_bytes += (range && "length" in range ? range.length : undefined) ?? object?.size ?? 0;
      return object;
    },
    head: (key: string) => {
      COUNTS.r2_gets++;
      return bucket.head(key);
    },
    list: (options?: R2ListOptions) => {
      COUNTS.r2_lists++;
      return bucket.list(options);
    },
    delete: (keys: string | string[]) => {
      COUNTS.r2_deletes++;
      return bucket.delete(keys);
    },
  });
}

const natives = new WeakMap<object, D1PreparedStatement>();

function countMeta(result: D1Result<unknown>): D1Result<unknown> {
  COUNTS.d1_rows_read += result.meta.rows_read;
  COUNTS.d1_rows_written += result.meta.rows_written;
  return result;
}

/** `first` tells nothing of its rows: it is asked as `all` and cut down here. Rows that `raw` reads stay uncounted; nothing is written by it. */
function countingStatement(statement: D1PreparedStatement): D1PreparedStatement {
  const all = async (): Promise<D1Result<Record<string, unknown>>> => {
    COUNTS.d1_queries++;
    return countMeta(await statement.all()) as D1Result<Record<string, unknown>>;
  };
  const wrapped = counting(statement, {
    bind: (...values: unknown[]) => countingStatement(statement.bind(...values)),
    all,
    run: all,
    first: async (column?: string) => {
      const row = (await all()).results[0] ?? null;
      return column === undefined || row === null ? row : row[column];
    },
    raw: (...parameters: []) => {
      COUNTS.d1_queries++;
      return statement.raw(...parameters);
    },
  });
  natives.set(wrapped, statement);
  return wrapped;
}

function countingDatabase(database: D1Database): D1Database {
  return counting(database, {
    prepare: (sql: string) => countingStatement(database.prepare(sql)),
    batch: async (statements: D1PreparedStatement[]) => {
      COUNTS.d1_queries += statements.length;
      const results = await database.batch(statements.map((statement) => natives.get(statement) ?? statement));
      return results.map(countMeta);
    },
    withSession: (constraint?: string) => countingDatabase(database.withSession(constraint) as unknown as D1Database),
  });
}

function countingNamespace<T extends DurableObjectNamespace>(namespace: T): T {
  const countingStub = (stub: object): object =>
    new Proxy(stub, {
      get(target, name) {
        if (typeof name !== "string" || name === "then" || name in Object.prototype) return Reflect.get(target, name) as unknown;
        if (typeof Reflect.get(target, name) !== "function") return Reflect.get(target, name) as unknown;
        return (...parameters: unknown[]) => {
          COUNTS.object_calls++;
          // Called in place: to a stub even "apply" is the name of a remote method.
          return (target as Record<string, Method>)[name]!(...parameters);
        };
      },
    });
  return counting(namespace, {
    get: (...parameters: Parameters<DurableObjectNamespace["get"]>) => countingStub(namespace.get(...parameters)),
    getByName: (...parameters: Parameters<DurableObjectNamespace["getByName"]>) => countingStub(namespace.getByName(...parameters)),
  });
}

const wrapped = new WeakMap<object, Env>();

/** The same counting environment for the same environment, always. */
export function countingEnv(env: Env): Env {
  const known = wrapped.get(env);
  if (known !== undefined) return known;
  const made: Env = {
    ...env,
    DB: countingDatabase(env.DB),
    BUCKET: countingBucket(env.BUCKET),
    EVENTS: countingQueue(env.EVENTS),
    JOBS: countingQueue(env.JOBS),
    STREAM: countingNamespace(env.STREAM as unknown as DurableObjectNamespace) as unknown as Env["STREAM"],
    MONITOR: countingNamespace(env.MONITOR as unknown as DurableObjectNamespace) as unknown as Env["MONITOR"],
  };
  wrapped.set(env, made);
  return made;
}

/** Counts the rows of an object's SQLite and its alarms; a set alarm is a row written. */
export function countStorage(storage: DurableObjectStorage): void {
  const { sql } = storage;
  Object.defineProperty(storage, "sql", {
    value: counting(sql, { exec: (query: string, ...bindings: unknown[]) => countingCursor(sql.exec(query, ...bindings)) }),
  });
  const setAlarm = storage.setAlarm.bind(storage);
  Object.defineProperty(storage, "setAlarm", {
    value: (time: number | Date) => {
      COUNTS.object_rows_written++;
      return setAlarm(time);
    },
  });
}

/** A statement has run as far as its first row; what reading the rest costs is known once it was read. */
function countingCursor<T extends Record<string, SqlStorageValue>>(cursor: SqlStorageCursor<T>): SqlStorageCursor<T> {
  const { rowsRead, rowsWritten } = cursor;
  COUNTS.object_rows_read += rowsRead;
  COUNTS.object_rows_written += rowsWritten;
  return counting(cursor, {
    toArray: () => {
      const rows = cursor.toArray();
      COUNTS.object_rows_read += cursor.rowsRead - rowsRead;
      COUNTS.object_rows_written += cursor.rowsWritten - rowsWritten;
      return rows;
    },
  });
}
