import { Random } from "./random.ts";
import { fill, userId } from "./slots.ts";
import { NEEDLE_PHRASE } from "./words.ts";
import { type Mood, makeWorld, type ServiceWorld, type World } from "./world.ts";

export type GeneratedLevel = "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";

/** One event as it is sent: a log line of a service that logs JSON. */
export interface GeneratedEvent {
  timestamp: string;
  level: GeneratedLevel;
  service: string;
  host: string;
  component: string;
  message: string;
  trace_id: string;
  user_id: string;
  method?: string;
  path?: string;
  status?: number;
  duration_ms: number;
}

/** A time of trouble: one service errs, others that call it become slow. */
export interface Incident {
  service: string;
  /** Share of its events that are errors while it lasts. */
  error_share: number;
}

interface Trace {
  id: string;
  user: string;
  left: number;
}

/** Traces that are under way at once: events of one trace stand near each other, not next to each other. */
const TRACES_OPEN = 24;
const TRACE_EVENTS_MAX = 8;
/** Every so many events hold the needle; the first of them comes early, so that small sets have one too. */
const NEEDLE_PERIOD = 100_000;
const NEEDLE_FIRST_MAX = 1_000;

/** Makes events one after the other. All chance comes from the seed; time is given. */
export class EventSource {
  readonly world: World;
  private readonly random: Random;
  private readonly traces: Trace[] = [];
  private readonly needle_first: number;
  private made = 0;
  /** Whether the event made last is the first of its trace. */
  began_trace = false;

  constructor(seed: number) {
    this.world = makeWorld(seed);
    this.random = new Random(seed ^ 0x5eed);
    this.needle_first = this.random.below(NEEDLE_FIRST_MAX);
  }

  /** The next event, at `time_ms` since the epoch. */
  next(time_ms: number, incident: Incident | null): GeneratedEvent {
    const { random, world } = this;
    this.made++;
    const service = world.services[world.choice.pick(random)]!;
    const level = this.level(service, incident);
    const mood: Mood = level === "WARN" ? "warning" : level === "ERROR" || level === "FATAL" ? "failure" : "fine";
    const trace = this.trace();
    const { words } = service;
    const event: GeneratedEvent = {
      timestamp: new Date(time_ms).toISOString(),
      level,
      service: words.name,
      host: random.pick(service.hosts),
      component: random.pick(words.components),
      message: this.message(service, mood),
      trace_id: trace.id,
      user_id: trace.user,
      duration_ms: this.duration_ms(mood, incident !== null && incident.service !== words.name),
    };
    if (service.path_choice !== null) {
      event.method = random.pick(words.methods);
      event.path = service.paths[service.path_choice.pick(random)]!;
      event.status = this.status(mood);
    }
    return event;
  }

  private level(service: ServiceWorld, incident: Incident | null): GeneratedLevel {
    const chance = this.random.float();
    const errors = incident?.service === service.words.name ? incident.error_share : 0.025;
    if (chance < errors) return chance < errors * 0.01 ? "FATAL" : "ERROR";
    if (chance < errors + 0.06) return "WARN";
    return this.random.chance(0.12) ? "DEBUG" : "INFO";
  }

  private message(service: ServiceWorld, mood: Mood): string {
    const { random } = this;
    if ((this.made - 1) % NEEDLE_PERIOD === this.needle_first) {
      return `Telemetry alarm: ${NEEDLE_PHRASE} at station ${random.hex(6)}, drift ${random.below(1_000)} ppm`;
    }
    return fill(service.templates[mood][service.choice[mood].pick(random)]!, random);
  }

  private trace(): Trace {
    const { random, traces } = this;
    const place = random.below(TRACES_OPEN);
    let trace = traces[place];
    this.began_trace = trace === undefined || trace.left === 0;
    if (trace === undefined || trace.left === 0) {
      trace = { id: random.hex(32), user: userId(random), left: 1 + random.below(TRACE_EVENTS_MAX) };
      traces[place] = trace;
    }
    trace.left--;
    return trace;
  }

  private duration_ms(mood: Mood, slowed: boolean): number {
    const median = mood === "fine" ? 22 : mood === "warning" ? 380 : 140;
    return Math.max(1, Math.round(this.random.logNormal(slowed ? median * 4 : median, 1.1)));
  }

  private status(mood: Mood): number {
    const { random } = this;
    if (mood === "failure") return random.pick([500, 502, 503, 504]);
    if (mood === "warning") return random.pick([429, 404, 409, 200]);
    return random.chance(0.9) ? 200 : random.pick([201, 204, 301, 304]);
  }
}
