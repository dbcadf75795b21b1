import { randomOf } from "../random.ts";

/** Who does what next in the simulated world: one seeded choice after another, nothing left to chance or to the clock. */

export class InjectedFault extends Error {}

/** A fault of the world's making, perhaps wrapped by what it went through. */
export function isInjected(error: unknown): boolean {
  return error instanceof InjectedFault || (error instanceof Error && isInjected(error.cause));
}

interface Waiting {
  actor: Actor;
  go: (fault: boolean) => void;
}

/** One run of a job, a client's request, a consumer's delivery: it goes from await to await, and may stop between any two for ever. */
export class Actor {
  readonly name: string;
  readonly started_ms: number;
  done = false;
  crashed = false;
  constructor(name: string, started_ms: number) {
    this.name = name;
    this.started_ms = started_ms;
  }
}

export class Scheduler {
  readonly random: () => number;
  readonly trace: string[] = [];
  private readonly waiting: Waiting[] = [];
  readonly actors = new Set<Actor>();
  /** Chance that an effect fails instead of happening, and that its answer is lost. */
  fault_chance = 0;

  constructor(seed: number) {
    this.random = randomOf(seed);
  }

  chance(probability: number): boolean {
    return this.random() < probability;
  }

  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** The step of an actor: it waits until it is chosen, has its effect, and waits again for its answer to arrive. A crash may fall before, between and after. */
  stepOf(actor: Actor) {
    return async <T>(name: string, effect: () => T): Promise<T> => {
      if (await this.turn(actor)) throw new InjectedFault(`${name} failed`);
      this.trace.push(`${actor.name} ${name}`);
      const result = effect();
      if (await this.turn(actor)) throw new InjectedFault(`${name} happened but its answer was lost`);
      return result;
    };
  }

  private turn(actor: Actor): Promise<boolean> {
    // A crashed actor's promise never settles: whatever it would have done next does not happen.
    return new Promise((go) => {
      if (!actor.crashed) this.waiting.push({ actor, go });
    });
  }

  start(name: string, now_ms: number, work: (actor: Actor) => Promise<void>): void {
    const actor = new Actor(name, now_ms);
    this.actors.add(actor);
    const end = (error?: unknown) => {
      actor.done = true;
      this.actors.delete(actor);
      if (isInjected(error)) this.trace.push(`${name} gave up`);
      else if (error) this.failures.push(error);
    };
    work(actor).then(() => end(), end);
  }

  readonly failures: unknown[] = [];

  crash(actor: Actor): void {
    actor.crashed = true;
    this.actors.delete(actor);
    for (let i = this.waiting.length - 1; i >= 0; i--) if (this.waiting[i]!.actor === actor) this.waiting.splice(i, 1);
    this.trace.push(`${actor.name} crashed`);
  }

  get busy(): boolean {
    return this.waiting.length > 0;
  }

  /** Lets one waiting step happen. */
  async advance(): Promise<void> {
    if (this.waiting.length > 0) {
      const [chosen] = this.waiting.splice(this.below(this.waiting.length), 1);
      chosen!.go(this.chance(this.fault_chance));
    }
    await settled();
    if (this.failures.length > 0) throw this.failures[0];
  }
}

/** All microtasks have run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
