import { EventSource, type GeneratedEvent, type Incident } from "./generate/events.ts";
import { Random } from "./generate/random.ts";
import { SERVICES } from "./generate/words.ts";

const WAVE_PERIOD_MS = 120_000;
/** How far the rate swings around its mean. */
const WAVE = 0.5;
const INCIDENT_GAP_MS = 90_000;
const INCIDENT_LENGTH_MS = 20_000;
/** While a service fails, everybody logs more. */
const INCIDENT_RATE = 2;

export interface Tick {
  events: GeneratedEvent[];
  /** The service that is in trouble, null while all is well. */
  failing: string | null;
}

/** Live traffic: a rate that comes in waves, and now and then a service that fails for a while. Chance comes from the seed, time is given. */
export class Traffic {
  private readonly source: EventSource;
  private readonly random: Random;
  private readonly rate: number;
  private incident: (Incident & { to_ms: number }) | null = null;
  private next_incident_ms: number;
  private last_ms: number;

  /** @param rate mean events per second */
  constructor(seed: number, rate: number, now_ms: number) {
    this.source = new EventSource(seed);
    this.random = new Random(seed ^ 0x7ab1e);
    this.rate = rate;
    this.last_ms = now_ms;
    this.next_incident_ms = now_ms + this.gap_ms() / 3;
  }

  /** The events since the last tick, in order of time. */
  tick(now_ms: number): Tick {
    const { random } = this;
    const elapsed_ms = Math.max(0, now_ms - this.last_ms);
    this.turn(now_ms);
    const wave = 1 + WAVE * Math.sin((2 * Math.PI * now_ms) / WAVE_PERIOD_MS);
    const expected = (this.rate * wave * (this.incident === null ? 1 : INCIDENT_RATE) * elapsed_ms) / 1_000;
    const count = Math.floor(expected) + (random.chance(expected % 1) ? 1 : 0);
    const times = Array.from({ length: count }, () => this.last_ms + random.float() * elapsed_ms).sort((a, b) => a - b);
    this.last_ms = now_ms;
    return { events: times.map((time_ms) => this.source.next(time_ms, this.incident)), failing: this.incident?.service ?? null };
  }

  private turn(now_ms: number): void {
    const { random } = this;
    if (this.incident !== null && now_ms >= this.incident.to_ms) {
      this.incident = null;
      this.next_incident_ms = now_ms + this.gap_ms();
    }
    if (this.incident === null && now_ms >= this.next_incident_ms) {
      const length_ms = INCIDENT_LENGTH_MS * (0.5 + random.float());
      this.incident = { service: random.pick(SERVICES).name, error_share: 0.4 + random.float() * 0.4, to_ms: now_ms + length_ms };
    }
  }

  private gap_ms(): number {
    return INCIDENT_GAP_MS * (0.5 + this.random.float());
  }
}
