/** What the overview asks: each part by itself, so that a slow one holds up nobody. */
import { api, ask, type Schemas } from "../api/client.ts";
import { Loaded } from "../loaded.svelte.ts";
import { absoluteRange, type Range, resolveRange } from "../ranges.ts";
import { session } from "../session.svelte.ts";

export const ERRORS = "level:(error, fatal)";
/** How long after their own time events arrived, in seconds. Those of the last minutes: what was sent afterwards says nothing of now. */
export const LAG = "* | eval lag_s = (to_number(ingest_ts) - to_number(timestamp)) / 1000000 | stats p50(lag_s), p99(lag_s), max(lag_s)";
const LAG_RANGE: Range = { from: "-10m", to: null };
const SERVICES_SHOWN = 8;
const PATTERNS_SHOWN = 8;

export interface ServiceRow {
  name: string | null;
  events: number;
  errors: number;
  counts: number[];
}

export interface PatternRow {
  sample: string;
  level: string | null;
  fingerprint: string;
  count: number;
  last_seen: string;
}

export interface Lag {
  p50_s: number;
  p99_s: number;
}

type Table = { columns: string[]; rows: unknown[][] };

/** The rows of a table by the names of their columns. */
function records({ columns, rows }: Table): Record<string, unknown>[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
}

async function table(q: string, { from, to }: { from: string; to?: string }, signal: AbortSignal): Promise<Table> {
  const answer = await ask(api.GET("/api/v1/logs", { params: { query: { q, from, to } }, signal }));
  return typeof answer === "object" && "columns" in answer ? (answer as Table) : { columns: [], rows: [] };
}

function servicesOf(all: Schemas["Histogram"], errors: Schemas["Histogram"]): ServiceRow[] {
  const faulty = new Map(errors.series.map(({ value, total }) => [value, total]));
  const rows = all.series.map(({ value, total, counts }) => ({ name: value, events: total, errors: faulty.get(value) ?? 0, counts }));
  return rows.toSorted((one, other) => other.events - one.events).slice(0, SERVICES_SHOWN);
}

export class Overview {
  readonly volume = new Loaded<Schemas["Histogram"]>();
  /** Of the range before, as long as this one. */
  readonly before = new Loaded<number>();
  readonly services = new Loaded<ServiceRow[]>();
  readonly patterns = new Loaded<PatternRow[]>();
  readonly lag = new Loaded<Lag | null>();
  readonly usage = new Loaded<Schemas["Usage"]>();

  /** Asks for everything. */
  load(range: Range): void {
    // The same moments for all parts: their figures are then of the same events.
    const { from_ms, to_ms } = resolveRange(range);
    const { from, to } = absoluteRange(from_ms, to_ms);
    const query = { from, to: to ?? undefined };
    const earlier = absoluteRange(from_ms - (to_ms - from_ms), from_ms);
    const histogram = (parameters: Record<string, unknown>, signal: AbortSignal) =>
      ask(api.GET("/api/v1/logs/histogram", { params: { query: { ...query, ...parameters } }, signal }));
    void this.volume.load((signal) => histogram({ buckets: 90 }, signal));
    void this.before.load(async (signal) => {
      const { total } = await histogram({ from: earlier.from, to: earlier.to ?? undefined, by: "none", buckets: 1 }, signal);
      return total;
    });
    void this.services.load(async (signal) => {
      const [all, errors] = await Promise.all([
        histogram({ by: "service", buckets: 24 }, signal),
        histogram({ by: "service", buckets: 1, q: ERRORS }, signal),
      ]);
      return servicesOf(all, errors);
    });
    void this.patterns.load(
      async (signal) => records(await table(`${ERRORS} | patterns ${PATTERNS_SHOWN}`, query, signal)) as unknown as PatternRow[],
    );
    void this.lag.load(async (signal) => {
      const [row] = records(await table(LAG, { from: LAG_RANGE.from }, signal));
      const { p50_lag_s, p99_lag_s } = row ?? {};
      return typeof p50_lag_s === "number" && typeof p99_lag_s === "number" ? { p50_s: p50_lag_s, p99_s: p99_lag_s } : null;
    });
    void this.usage.load((signal) => ask(api.GET("/api/v1/usage", { params: { query: { days: 30 } }, signal })));
  }

  stop(): void {
    for (const part of [this.volume, this.before, this.services, this.patterns, this.lag, this.usage]) part.stop();
  }
}

/** The door into Explore: a query and the range of the overview. */
export function exploreLink(q: string, range: Range): string {
  const search = new URLSearchParams(session.project ? { p: session.project.project_id } : {});
  if (q !== "") search.set("q", q);
  search.set("from", range.from);
  if (range.to !== null) search.set("to", range.to);
  return `/explore?${search}`;
}

export const LAG_LINK_RANGE = LAG_RANGE;
