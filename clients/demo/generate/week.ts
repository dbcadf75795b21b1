import { EventSource, type Incident } from "./events.ts";
import { Random } from "./random.ts";
import { type Truth, TruthCounter } from "./truth.ts";
import { SERVICES } from "./words.ts";

const DAY_MS = 86_400_000;
export const WEEK_MS = 7 * DAY_MS;
/** How much more there is to log by day than by night: 0 none, below 1. */
const DAY_SWING = 0.6;
const INCIDENTS_PER_DAY = 2;
const INCIDENT_SHARE_OF_DAY = 0.01;

export interface WeekOptions {
  seed: number;
  events: number;
  /** Events of one batch. */
  batch: number;
  /** Time of the first event, milliseconds since the epoch. */
  start_ms: number;
  /** A week where absent. */
  span_ms?: number;
}

export interface NdjsonBatch {
  /** One JSON object a line. */
  bytes: Uint8Array;
  events: number;
}

interface TimedIncident extends Incident {
  from_ms: number;
  to_ms: number;
}

/** A generated week of realistic events, the same for the same seed. Made batch after batch, once; `truth` grows with them and is whole when the last batch was taken. */
export class Week {
  readonly truth: Truth;
  private readonly counter: TruthCounter;
  private readonly options: Required<WeekOptions>;
  private readonly source: EventSource;
  private readonly random: Random;
  private readonly incidents: TimedIncident[];

  constructor(options: WeekOptions) {
    this.options = { span_ms: WEEK_MS, ...options };
    this.source = new EventSource(options.seed);
    this.random = new Random(options.seed ^ 0x7173);
    this.incidents = planIncidents(this.options.start_ms, this.options.span_ms, this.random);
    this.counter = new TruthCounter(Math.floor(options.events / 2));
    this.truth = this.counter.truth;
  }

  /** Message templates that the events are made from. */
  get templates(): number {
    return this.source.world.templates;
  }

  *batches(): Generator<NdjsonBatch> {
    const encoder = new TextEncoder();
    const { events, batch } = this.options;
    for (let first = 0; first < events; first += batch) {
      const count = Math.min(batch, events - first);
      let text = "";
      for (let index = 0; index < count; index++) text += `${this.line(first + index)}\n`;
      const bytes = encoder.encode(text);
      this.truth.size_bytes += bytes.length;
      yield { bytes, events: count };
    }
  }

  private line(index: number): string {
    const time_ms = this.timeOf(index);
    const incident = this.incidents.find(({ from_ms, to_ms }) => time_ms >= from_ms && time_ms < to_ms) ?? null;
    const event = this.source.next(time_ms, incident);
    this.counter.add(event, time_ms, this.source.began_trace);
    return JSON.stringify(event);
  }

  /** Ascending but for a jitter of a few events, denser by day; integral of 1 + DAY_SWING * cos over whole days. */
  private timeOf(index: number): number {
    const { events, start_ms, span_ms } = this.options;
    const share = (index + this.random.float() * 3) / (events + 3);
    const day_share = DAY_MS / span_ms;
    const wave = (DAY_SWING * day_share * Math.sin((2 * Math.PI * share) / day_share)) / (2 * Math.PI);
    return Math.floor(start_ms + span_ms * Math.min(Math.max(share - wave, 0), 1 - 1e-9));
  }
}

function planIncidents(start_ms: number, span_ms: number, random: Random): TimedIncident[] {
  const count = Math.max(1, Math.round((span_ms / DAY_MS) * INCIDENTS_PER_DAY));
  return Array.from({ length: count }, (_, index) => {
    const from_ms = start_ms + (span_ms * (index + random.float() * 0.8)) / count;
    const length_ms = DAY_MS * INCIDENT_SHARE_OF_DAY * (0.5 + random.float());
    return {
      service: random.pick(SERVICES).name,
      error_share: 0.3 + random.float() * 0.4,
      from_ms,
      to_ms: from_ms + Math.min(length_ms, span_ms / 10),
    };
  });
}
