import type { GeneratedEvent } from "./events.ts";
import { NEEDLE_PHRASE } from "./words.ts";

/** What is true of all events that were generated, counted while they were made: searches are held against it. */
export interface Truth {
  events: number;
  /** NDJSON bytes with line ends. */
  size_bytes: number;
  ts_min_ms: number;
  ts_max_ms: number;
  by_level: Record<string, number>;
  by_service: Record<string, number>;
  /** "service level" → events. */
  by_service_and_level: Record<string, number>;
  by_status: Record<string, number>;
  /** Events whose message holds NEEDLE_PHRASE. */
  needles: number;
  /** Events whose message holds the words "connection timed out". */
  timeouts: number;
  /** Events with duration_ms above 1,000. */
  slow: number;
  duration_ms_sum: number;
  /** One trace, chosen by the seed, and its events. */
  trace_id: string;
  trace_events: number;
}

export const TIMEOUT_PHRASE = "connection timed out";
export const SLOW_MS = 1_000;

export class TruthCounter {
  readonly truth: Truth = {
    events: 0,
    size_bytes: 0,
    ts_min_ms: Number.POSITIVE_INFINITY,
    ts_max_ms: Number.NEGATIVE_INFINITY,
    by_level: {},
    by_service: {},
    by_service_and_level: {},
    by_status: {},
    needles: 0,
    timeouts: 0,
    slow: 0,
    duration_ms_sum: 0,
    trace_id: "",
    trace_events: 0,
  };
  private readonly trace_at: number;

  /** @param trace_at the first trace that begins at or after this event is followed */
  constructor(trace_at: number) {
    this.trace_at = trace_at;
  }

  add(event: GeneratedEvent, time_ms: number, began_trace: boolean): void {
    const { truth } = this;
    truth.events++;
    truth.ts_min_ms = Math.min(truth.ts_min_ms, time_ms);
    truth.ts_max_ms = Math.max(truth.ts_max_ms, time_ms);
    increment(truth.by_level, event.level);
    increment(truth.by_service, event.service);
    increment(truth.by_service_and_level, `${event.service} ${event.level}`);
    if (event.status !== undefined) increment(truth.by_status, String(event.status));
    if (event.message.includes(NEEDLE_PHRASE)) truth.needles++;
    if (event.message.includes(TIMEOUT_PHRASE)) truth.timeouts++;
    if (event.duration_ms > SLOW_MS) truth.slow++;
    truth.duration_ms_sum += event.duration_ms;
    if (truth.trace_id === "" && began_trace && truth.events > this.trace_at) truth.trace_id = event.trace_id;
    if (event.trace_id === truth.trace_id) truth.trace_events++;
  }
}

function increment(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}
