/** What is asked of the engine: the kinds of questions that searches come down to, each with the least that a caller must do with the rows. */

import type { ByteSource } from "../../worker/engine/batch/byte-source.ts";
import type { DictColumn, EventBatch, NumberColumn } from "../../worker/engine/batch/event-batch.ts";
import { rowHash } from "../../worker/engine/batch/identity.ts";
import { timesOf } from "../../worker/engine/batch/pages.ts";
import { recordAt } from "../../worker/engine/batch/record.ts";
import { filterColumns, filterHints, matchRows, parseQuery } from "../../worker/engine/query/query.ts";
import type { Segment } from "../../worker/engine/segment/read.ts";
import { NEEDLE_PHRASE, TIMEOUT_PHRASE } from "../generate.ts";

export interface Held {
  segment: Segment;
  source: ByteSource;
}

export interface EngineQuestion {
  id: string;
  name: string;
  ask(held: readonly Held[]): Promise<string>;
}

interface Part {
  batch: EventBatch;
  rows: Uint32Array;
  full(rows: Uint32Array): Promise<EventBatch>;
}

/** Groups newest first, those that may match. @param take true to stop */
async function scan(
  held: readonly Held[],
  text: string,
  fields: string[],
  take: (part: Part) => Promise<boolean> | undefined,
): Promise<void> {
  const { filter } = parseQuery(text, { now_us: 0 });
  const { needed } = filterHints(filter);
  const columns = filterColumns(filter);
  const names = columns === "all" ? null : new Set([...columns.names, ...fields]);
  const groups = held.flatMap(({ segment }) => segment.groups.map((bounds, index) => ({ segment, index, bounds })));
  groups.sort((a, b) => b.bounds.ts_max_us - a.bounds.ts_max_us);
  for (const { segment, index } of groups) {
    if (!segment.mayContain(index, needed)) continue;
    const batch = await segment.readGroup(index, names, { needed });
    const rows = matchRows(filter, batch);
    if (rows.length === 0) continue;
    const stop = await take({ batch, rows, full: (wanted) => segment.readGroup(index, null, { rows: wanted, known: batch }) });
    if (stop) return;
  }
}

/** The newest events, each with its identity and as the API shows it. */
function newest(text: string, limit: number): EngineQuestion["ask"] {
  return async (held) => {
    let shown = 0;
    let size = 0;
    await scan(held, text, [], async ({ batch, rows, full }) => {
      const times = timesOf(batch, rows);
      const newest_first = Array.from(rows.keys()).sort((a, b) => times[b]! - times[a]!);
      const chosen = newest_first.slice(0, limit - shown).map((index) => rows[index]!);
      const whole = await full(Uint32Array.from(chosen).sort());
      for (const row of chosen) size += rowHash(whole, row).length + JSON.stringify(recordAt(whole, row)).length;
      shown += chosen.length;
      return shown >= limit;
    });
    return `${shown} events, ${size} bytes`;
  };
}

function count(text: string): EngineQuestion["ask"] {
  return async (held) => {
    let total = 0;
    await scan(held, text, [], ({ rows }) => {
      total += rows.length;
      return undefined;
    });
    return String(total);
  };
}

function dict(batch: EventBatch, name: string): DictColumn {
  const column = batch.columns.get(name);
  if (column?.kind !== "dict") throw new Error(`${name} is no dictionary`);
  return column;
}

function numbers(batch: EventBatch, name: string): NumberColumn {
  const column = batch.columns.get(name);
  if (column?.kind !== "int64" && column?.kind !== "double") throw new Error(`${name} holds no numbers`);
  return column;
}

/** Counts by the values of a dictionary. */
function countCodes(column: DictColumn, rows: Uint32Array): Uint32Array {
  const { codes } = column;
  const counts = new Uint32Array(column.values.length + 1);
  const none = column.values.length;
  for (let index = 0; index < rows.length; index++) {
    const code = codes[rows[index]!]!;
    counts[Math.min(code, none)]!++;
  }
  return counts;
}

const HOUR_US = 3_600_000_000;

async function byLevelAndHour(held: readonly Held[]): Promise<string> {
  const totals = new Map<string, number>();
  await scan(held, "*", ["level"], ({ batch, rows }) => {
    const { codes, values } = dict(batch, "level");
    const times = batch.timestamp_us;
    const first = Math.floor(times.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY) / HOUR_US);
    const counts = new Uint32Array(values.length * 48);
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index]!;
      counts[codes[row]! * 48 + (Math.floor(times[row]! / HOUR_US) - first)]!++;
    }
    for (const [at, n] of counts.entries()) {
      if (n === 0) continue;
      const key = `${values[Math.floor(at / 48)]} ${(at % 48) + first}`;
      totals.set(key, (totals.get(key) ?? 0) + n);
    }
    return undefined;
  });
  return `${totals.size} cells, ${[...totals.values()].reduce((a, b) => a + b, 0)}`;
}

async function durationByService(held: readonly Held[]): Promise<string> {
  const sums = new Map<string, number>();
  await scan(held, "*", ["service", "attributes.duration_ms"], ({ batch, rows }) => {
    const { codes, values } = dict(batch, "service");
    const durations = numbers(batch, "attributes.duration_ms").values;
    const totals = new Float64Array(values.length);
    for (let index = 0; index < rows.length; index++) totals[codes[rows[index]!]!]! += durations[rows[index]!]!;
    for (const [code, sum] of totals.entries()) sums.set(values[code]!, (sums.get(values[code]!) ?? 0) + sum);
    return undefined;
  });
  return `${sums.size} services, ${[...sums.values()].reduce((a, b) => a + b, 0)}`;
}

async function topPaths(held: readonly Held[]): Promise<string> {
  const totals = new Map<string, number>();
  await scan(held, "path:*", ["attributes.path"], ({ batch, rows }) => {
    const column = dict(batch, "attributes.path");
    for (const [code, n] of countCodes(column, rows).entries()) {
      if (n > 0 && code < column.values.length) totals.set(column.values[code]!, (totals.get(column.values[code]!) ?? 0) + n);
    }
    return undefined;
  });
  return [...totals.entries()]
    .sort((a, b) => b[1] - a[1])
    .slice(0, 10)
    .map(([path, n]) => `${path}=${n}`)
    .join(" ");
}

async function distinctUsers(held: readonly Held[]): Promise<string> {
  const users = new Set<string>();
  await scan(held, "*", ["attributes.user_id"], ({ batch, rows }) => {
    const column = dict(batch, "attributes.user_id");
    for (const [code, n] of countCodes(column, rows).entries()) if (n > 0 && code < column.values.length) users.add(column.values[code]!);
    return undefined;
  });
  return String(users.size);
}

/** A trace of the middle of the week. */
async function oneTrace(held: readonly Held[]): Promise<string> {
  const { segment } = held[held.length >> 1]!;
  trace ??= await (async () => {
    const batch = await segment.readGroup(0, new Set(["trace_id"]));
    return String(recordAt(batch, 777).trace_id);
  })();
  return newest(`trace_id:${trace}`, 100)(held);
}
let trace: string | null = null;

export function engineQuestions(): EngineQuestion[] {
  return [
    { id: "Q1", name: "rare phrase, all that there are", ask: newest(`"${NEEDLE_PHRASE}"`, 1_000) },
    { id: "Q2", name: "common phrase, newest 100", ask: newest(`"${TIMEOUT_PHRASE}"`, 100) },
    { id: "Q3", name: "count by level and hour", ask: byLevelAndHour },
    { id: "Q4", name: "count of errors of one service", ask: count("level:ERROR service:api") },
    { id: "Q5", name: "sum of duration by service", ask: durationByService },
    { id: "Q6", name: "top 10 paths", ask: topPaths },
    { id: "Q7", name: "count of a regular expression", ask: count(`message:~"from [0-9.]+ port [0-9]+"`) },
    { id: "Q8", name: "one trace", ask: oneTrace },
    { id: "Q9", name: "distinct users", ask: distinctUsers },
    { id: "count", name: "count of a phrase", ask: count(`"${TIMEOUT_PHRASE}"`) },
    { id: "range", name: "count of a number's range", ask: count("duration_ms:>1000") },
    { id: "or", name: "count of three words", ask: count("timeout OR refused OR denied") },
    { id: "newest", name: "newest 100 errors of one service", ask: newest("level:ERROR service:api", 100) },
  ];
}
