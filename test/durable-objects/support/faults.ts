/** Bindings that fail at a chosen call: everything a job awaits of D1, R2 and the objects is one. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { ProjectStreamRpc } from "../../../durable-objects/project-stream/types.ts";
import { type House, houseOf } from "../../../worker/jobs/house.ts";
import { streamStub } from "./project.ts";

export class InjectedFault extends Error {}

/**
 * Where a call goes wrong:
 * - "before": it never arrived
 * - "after": it took effect, its answer was lost
 * - "evicted": it went well, and every object fell out of memory
 */
export type Fault = "before" | "after" | "evicted";

export interface CallCounter {
  calls: number;
  /** Names of the calls in order. */
  trace: string[];
}

type Around = <T>(name: string, call: () => Promise<T>) => Promise<T>;

const MARK = Symbol("unwrapped");

function wrapMethods<T extends object>(target: T, names: readonly string[], prefix: string, around: Around, also: Partial<T> = {}): T {
  return new Proxy(target, {
    get(_, property) {
      if (property === MARK) return target;
      if (property in also) return also[property as keyof T];
      const value = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      const method = (value as (...args: unknown[]) => unknown).bind(target);
      if (!names.includes(String(property))) return method;
      return (...args: unknown[]) => around(`${prefix}.${String(property)}`, async () => method(...args));
    },
  });
}

const STATEMENT_CALLS = ["run", "all", "raw", "first"];

/** Calls are named by the statement's first word: "d1.insert.run". */
function wrapStatement(statement: D1PreparedStatement, word: string, around: Around): D1PreparedStatement {
  const bind = (...values: unknown[]) => wrapStatement(statement.bind(...values), word, around);
  return wrapMethods(statement, STATEMENT_CALLS, `d1.${word}`, around, { bind });
}

/** Calls that change what lasts. */
export function isWrite(name: string): boolean {
  return /^(d1\.(insert|update|delete|create|batch)|r2\.(put|delete)|stream\.(append|plan|commit|exported))/.test(name);
}

function unwrap<T extends object>(value: T): T {
  return (value as { [MARK]?: T })[MARK] ?? value;
}

export function wrapDatabase(db: D1Database, around: Around): D1Database {
  const prepare = (text: string) => wrapStatement(db.prepare(text), text.trim().split(/\s/, 1)[0]!.toLowerCase(), around);
  const batch = <T>(statements: D1PreparedStatement[]) => around("d1.batch", () => db.batch<T>(statements.map(unwrap)));
  return wrapMethods(db, ["exec"], "d1", around, { prepare, batch });
}

/** The body of an object comes later than its head: reading it is a call of its own. */
export function wrapBucket(bucket: R2Bucket, around: Around): R2Bucket {
  const get = async (key: string, options?: R2GetOptions) => {
    const object = await around("r2.get", async () => bucket.get(key, options as R2GetOptions));
    return object && wrapMethods(object, ["arrayBuffer", "text", "json"], "r2.get", around);
  };
  return wrapMethods(bucket, ["head", "put", "delete", "list"], "r2", around, { get } as unknown as Partial<R2Bucket>);
}

const STREAM_CALLS = ["append", "view", "plan", "commit", "outbox", "exported", "changes", "known", "status"];

export function wrapStream(stream: ProjectStreamRpc, around: Around): ProjectStreamRpc {
  const calls = STREAM_CALLS.map((name) => {
    const call = (...args: unknown[]) => {
      const methods = stream as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
      return around(`stream.${name}`, async () => methods[name]!(...args));
    };
    return [name, call];
  });
  return Object.fromEntries(calls) as unknown as ProjectStreamRpc;
}

/** The house with every awaited call led through `around`. */
export function wrapHouse(house: House, around: Around): House {
  return {
    ...house,
    db: wrapDatabase(house.db, around),
    bucket: wrapBucket(house.bucket, around),
    stream: (project_id, shard) => wrapStream(house.stream(project_id, shard), around),
  };
}

/** A house on the real bindings, `later_ms` ahead of the clock, that counts what it is asked for. */
export function countingHouse(later_ms = 0): { house: House; counter: CallCounter } {
  const counter: CallCounter = { calls: 0, trace: [] };
  const house = wrapHouse(houseLater(later_ms), (name, call) => {
    counter.calls++;
    counter.trace.push(name);
    return call();
  });
  return { house, counter };
}

/** A house whose `at`-th call goes wrong, and with it every later one: the job is dead from there on. */
export function failingHouse(at: number, fault: Fault, project_id: string, later_ms = 0): House {
  let calls = 0;
  return wrapHouse(houseLater(later_ms), async (name, call) => {
    calls++;
    if (calls < at) return call();
    if (fault === "evicted") {
      const answer = await call();
      if (calls === at) await evict(project_id);
      return answer;
    }
    if (calls === at && fault === "after") await call();
    throw new InjectedFault(`${name}, call ${calls}`);
  });
}

export function houseLater(later_ms: number): House {
  // No messages to the jobs queue: each job is run by the test.
  return { ...houseOf(env), ask: async () => undefined, now_ms: () => Date.now() + later_ms };
}

/** Takes the project's object out of memory, as the platform may at any time. */
export async function evict(project_id: string): Promise<void> {
  // Refused only where it is not in memory.
  await evictDurableObject(streamStub(project_id)).catch(() => undefined);
}
