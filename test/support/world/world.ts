import type { SqlDatabase } from "../../../durable-objects/storage.ts";
import { projectOfKey, SEGMENT_PREFIX } from "../../../worker/catalog/keys.ts";
import { compactProject } from "../../../worker/jobs/compact.ts";
import { flushStream } from "../../../worker/jobs/flush.ts";
import type { House } from "../../../worker/jobs/house.ts";
import { rebuildFromBucket } from "../../../worker/jobs/rebuild.ts";
import { resendJournal } from "../../../worker/jobs/resend-journal.ts";
import { rollMetrics } from "../../../worker/jobs/roll-metrics.ts";
import { sweep } from "../../../worker/jobs/sweep.ts";
import { CATALOG_KEPT_MS } from "../../../worker/limits.ts";
import { ByteCache } from "../../../worker/search/byte-cache.ts";
import { deliver, makeEventWithId, makeRequest, type Request, read, replay, send, type Way } from "./actors.ts";
import { houseFor, WorldStore } from "./house.ts";
import { checkMetrics, finishMetrics, workOnMetrics } from "./metrics.ts";
import { Oracle } from "./oracle.ts";
import { type Actor, Scheduler } from "./scheduler.ts";
import { objectStorage } from "./sqlite.ts";

const PROJECTS = ["aaaaaaaaaaaa", "bbbbbbbbbbbb"];
const WAYS: Way[] = ["direct", "queue", "journal", "journal without message"];
/** No invocation lives longer on the platform. */
const ACTOR_LIFE_MS = 15 * 60_000;
const EVENT_ID_REUSE_MS = 20 * 3_600_000;
const QUIET_STEPS_MAX = 200_000;
const ISOLATES = 2;
const ISOLATE_CACHE_SIZE_BYTES = 1_000_000;

export interface WorldOptions {
  steps: number;
  /** Effects that fail or whose answer is lost, out of one. */
  fault_chance: number;
  crash_chance: number;
  /** D1 is set back in time now and then, as with Time Travel. */
  time_travel: boolean;
  /** Metrics are declared, changed, counted, rolled into history and filled all the while, by monitors that fall out of memory. */
  metrics?: boolean;
}

export interface WorldReport {
  requests: number;
  reads: number;
  events_at_end: number;
  trace: string[];
}

interface Snapshot {
  segments: Record<string, unknown>[];
  meta: Record<string, unknown>[];
}

/**
 * The simulated world: clients, consumers, jobs, sweeps, rebuilds and readers run Ledge's own code on stores in memory, one step at a time in an
 * order that the seed decides, with crashes, faults, repeats and late sleepers at any step. Readers check what they find against what was promised.
 */
export class World {
  private readonly scheduler: Scheduler;
  private readonly store = new WorldStore();
  private readonly oracle = new Oracle();
  private readonly options: WorldOptions;
  private readonly requests: Request[] = [];
  /** What searches keep between them: the catalog of some seconds ago, frames, open segments. */
  private isolates: ByteCache[] = [];
  private readonly event_ids: { name: string; made_ms: number }[] = [];
  private snapshot: Snapshot | null = null;
  /** D1 was set back and is not yet rebuilt: what readers find is not judged. */
  private catalog_is_old = false;
  private reads = 0;

  constructor(seed: number, options: WorldOptions) {
    this.scheduler = new Scheduler(seed);
    this.scheduler.fault_chance = options.fault_chance;
    this.options = options;
    this.store.has_metrics = options.metrics === true;
    this.store.on_append = (frame_id) => this.oracle.appended(frame_id);
  }

  get trace(): string[] {
    return this.scheduler.trace;
  }

  async run(): Promise<WorldReport> {
    this.renewIsolates();
    for (let step = 0; step < this.options.steps; step++) {
      if (this.scheduler.chance(0.25) || !this.scheduler.busy) this.begin();
      if (this.scheduler.chance(0.03)) this.passTime();
      if (step > 0 && this.scheduler.chance(0.005)) this.renewIsolates();
      if (this.scheduler.chance(0.02)) this.store.evict(this.scheduler.pick([...this.store.streamNames, "none:0"]));
      if (this.options.metrics && this.scheduler.chance(0.03)) this.store.evictMonitor(this.scheduler.pick(PROJECTS));
      if (this.scheduler.actors.size > 0 && this.scheduler.chance(this.options.crash_chance))
        this.scheduler.crash(this.scheduler.pick([...this.scheduler.actors]));
      if (this.options.time_travel && this.scheduler.chance(0.005)) this.travel();
      await this.scheduler.advance();
    }
    const events_at_end = await this.settle();
    this.store.close();
    return { requests: this.requests.length, reads: this.reads, events_at_end, trace: this.trace };
  }

  private start(name: string, work: (house: House, actor: Actor) => Promise<unknown>): void {
    this.scheduler.start(name, this.store.clock_ms, async (actor) => {
      await work(houseFor(this.store, this.scheduler, actor), actor);
    });
  }

  private begin(): void {
    const project_id = this.scheduler.pick(PROJECTS);
    if (this.options.metrics && this.scheduler.chance(0.45)) {
      this.start("metrics", (house) => workOnMetrics(house, this.scheduler, project_id));
      return;
    }
    const roll = this.scheduler.below(100);
    if (roll < 40) this.beginRequest(project_id);
    else if (roll < 58) this.beginDelivery(false);
    else if (roll < 60) this.beginDelivery(true);
    else if (roll < 62) this.start("replay", (house) => replay(house, project_id));
    else if (roll < 75) this.start("flush", (house) => flushStream(house, project_id, 0, this.scheduler.chance(0.7)));
    else if (roll < 83) this.start("compact", (house) => compactProject(house, project_id, true));
    else if (roll < 86) this.start("sweep", (house) => sweep(house));
    else if (roll < 89) this.start("journal", (house) => resendJournal(house));
    else if (roll < 90) this.start("rebuild", (house) => this.rebuild(house));
    else this.beginRead(project_id);
  }

  private beginRequest(project_id: string): void {
    const request = this.chooseRequest(project_id);
    const way = this.scheduler.pick(WAYS);
    this.start(`client ${way}`, (house, actor) => send(house, this.oracle, this.store.queue, this.scheduler.stepOf(actor), request, way));
  }

  private chooseRequest(project_id: string): Request {
    const now_ms = this.store.clock_ms;
    if (this.requests.length > 0 && this.scheduler.chance(0.2)) return this.scheduler.pick(this.requests);
    if (this.scheduler.chance(0.15)) {
      const young = this.event_ids.filter((id) => id.made_ms > now_ms - EVENT_ID_REUSE_MS);
      const name =
        young.length > 0 && this.scheduler.chance(0.6) ? this.scheduler.pick(young).name : `${project_id}-${this.event_ids.length}`;
      if (!this.event_ids.some((id) => id.name === name)) this.event_ids.push({ name, made_ms: now_ms });
      return makeEventWithId(this.scheduler, name, name.split("-")[0]!, now_ms);
    }
    const request = makeRequest(this.scheduler, this.requests.length, project_id, now_ms);
    this.requests.push(request);
    return request;
  }

  private beginDelivery(dead: boolean): void {
    const keys = [...this.store.queue.messages.keys()].filter(() => this.scheduler.chance(0.6));
    if (keys.length > 0)
      this.start(dead ? "dead letters" : "consumer", (house) => deliver(house, this.store.queue, keys, this.scheduler, dead));
  }

  private beginRead(project_id: string): void {
    if (this.catalog_is_old) return;
    this.start("reader", async (house) => {
      try {
        await read(house, this.oracle, this.scheduler, this.isolates, project_id, false);
        this.reads++;
      } catch (error) {
        // Not judged once D1 was set back while it read. Otherwise only a fault may refuse a reader.
        if (!this.catalog_is_old) throw error;
      }
    });
  }

  private async rebuild(house: House): Promise<void> {
    const began_with = this.snapshot;
    await rebuildFromBucket(house);
    if (this.snapshot !== began_with) return;
    this.catalog_is_old = false;
    // What searches still know of the catalog that was lost is believed no longer than this.
    this.store.clock_ms += CATALOG_KEPT_MS + 1;
  }

  private renewIsolates(): void {
    this.isolates = Array.from({ length: ISOLATES }, () => new ByteCache(ISOLATE_CACHE_SIZE_BYTES));
  }

  private passTime(): void {
    this.store.clock_ms += this.scheduler.below(25 * 60_000);
    for (const actor of this.scheduler.actors) if (this.store.clock_ms - actor.started_ms > ACTOR_LIFE_MS) this.scheduler.crash(actor);
  }

  private travel(): void {
    const { catalog } = this.store;
    if (!this.snapshot) {
      const rowsOf = (table: string) => catalog.prepare(`SELECT * FROM ${table}`).all() as Record<string, unknown>[];
      this.snapshot = { segments: rowsOf("segments"), meta: rowsOf("meta") };
      return;
    }
    const storage: SqlDatabase = objectStorage(catalog);
    for (const table of ["segments", "meta"] as const) {
      storage.exec(`DELETE FROM ${table}`);
      for (const row of this.snapshot[table]) {
        const names = Object.keys(row);
        storage.exec(
          `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")})`,
          ...(Object.values(row) as never[]),
        );
      }
    }
    this.trace.push("D1 was set back in time");
    this.snapshot = null;
    this.catalog_is_old = true;
  }

  /** The end: no more faults; everything that is under way arrives, is flushed, merged, swept; then all must be there and nothing else. */
  private async settle(): Promise<number> {
    this.scheduler.fault_chance = 0;
    await this.quiet();
    for (let round = 0; round < 40 && this.store.queue.messages.size > 0; round++) {
      this.beginDelivery(false);
      await this.quiet();
    }
    await this.alone("journal", (house) => resendJournal(house, -1));
    for (const project_id of PROJECTS) await this.alone("replay", (house) => replay(house, project_id));
    await this.alone("rebuild", (house) => this.rebuild(house));
    this.catalog_is_old = false;
    this.store.clock_ms += CATALOG_KEPT_MS + 1;
    if (this.options.metrics) for (const project_id of PROJECTS) await this.alone("metrics", (house) => finishMetrics(house, project_id));
    await this.readAll();
    for (const project_id of PROJECTS) {
      await this.alone("flush", (house) => flushStream(house, project_id, 0, true));
      await this.alone("compact", (house) => compactProject(house, project_id, true));
    }
    await this.readAll();
    if (this.options.metrics) for (const project_id of PROJECTS) await this.alone("roll", (house) => rollMetrics(house, project_id, true));
    for (const project_id of PROJECTS) this.store.evictMonitor(project_id);
    this.store.clock_ms += 5 * 3_600_000;
    await this.alone("journal", (house) => resendJournal(house));
    for (let round = 0; round < 3; round++) {
      await this.alone("sweep", (house) => sweep(house));
      this.store.clock_ms += 5 * 3_600_000;
    }
    this.assertNoOrphans();
    await this.readAll();
    this.store.catalog.exec("DROP TABLE segments");
    await this.alone("rebuild", (house) => this.rebuild(house));
    return this.readAll();
  }

  private async alone(name: string, work: (house: House) => Promise<unknown>): Promise<void> {
    this.start(name, work);
    await this.quiet();
  }

  private async quiet(): Promise<void> {
    await this.scheduler.advance();
    for (let step = 0; this.scheduler.busy; step++) {
      if (step > QUIET_STEPS_MAX) throw new Error("the world does not come to rest");
      await this.scheduler.advance();
    }
  }

  private async readAll(): Promise<number> {
    let events = 0;
    for (const project_id of PROJECTS) {
      await this.alone("reader", async (house) => {
        const found = await read(house, this.oracle, this.scheduler, this.isolates, project_id, true);
        events += found.length;
        this.reads++;
        if (this.options.metrics) await checkMetrics(house, project_id, found);
      });
    }
    return events;
  }

  /** Every segment in the bucket is a living row of its project, and every living row has its segment. */
  private assertNoOrphans(): void {
    const rows = this.store.catalog.prepare("SELECT object_key, project_id FROM segments WHERE replaced_us IS NULL").all();
    const living = new Set(rows.map((row) => row.object_key as string));
    const stored = [...this.store.objects.keys()].filter((key) => key.startsWith(SEGMENT_PREFIX));
    for (const key of stored) if (!living.has(key)) throw new Error(`${key} is nobody's after the sweeps`);
    for (const row of rows) {
      if (!this.store.objects.has(row.object_key as string)) throw new Error(`${row.object_key} is in the catalog and not in the bucket`);
      if (projectOfKey(row.object_key as string) !== row.project_id) throw new Error(`${row.object_key} stands under another project`);
    }
  }
}

/** Runs the world of one seed. @throws Error whose message begins with the seed and ends with the last steps */
export async function simulate(seed: number, options: WorldOptions): Promise<WorldReport> {
  const world = new World(seed, options);
  // Time passes when the world says so: the code's own time limits never strike.
  const real = { setTimeout: globalThis.setTimeout, error: console.error };
  globalThis.setTimeout = (() => 0) as never;
  // Injected faults are logged by the code they strike; the trace tells of them already.
  console.error = () => undefined;
  try {
    return await world.run();
  } catch (error) {
    const last = world.trace.slice(-60).join("\n  ");
    throw new Error(
      `seed ${seed} with ${JSON.stringify(options)}: ${error instanceof Error ? error.stack : error}\nlast steps:\n  ${last}`,
    );
  } finally {
    globalThis.setTimeout = real.setTimeout;
    console.error = real.error;
  }
}
