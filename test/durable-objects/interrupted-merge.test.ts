import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { SEGMENT_PREFIX } from "../../worker/catalog/keys.ts";
import { allAlive } from "../../worker/catalog/segments.ts";
import type { SegmentRow } from "../../worker/engine/segment/segment-row.ts";
import { compact, compactProject } from "../../worker/jobs/compact.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import type { House } from "../../worker/jobs/house.ts";
import { rebuildFromBucket } from "../../worker/jobs/rebuild.ts";
import { sweep } from "../../worker/jobs/sweep.ts";
import { ORPHAN_AGE_MS, REPLACED_OBJECT_LIFE_MS } from "../../worker/limits.ts";
import { countingHouse, type Fault, failingHouse, houseLater, isWrite, wrapHouse, wrapStream } from "./support/faults.ts";
import { append, found, messages, newProjectId, packed } from "./support/project.ts";

const LATER_MS = Math.max(REPLACED_OBJECT_LIFE_MS, ORPHAN_AGE_MS) + 60_000;
const DAYS = ["2026-03-01T10:00:00Z", "2026-03-02T10:00:00Z"];
const EXPECTED = ["a", "b"].flatMap((name) => messages(name, 20)).sort();

/** Sweeps and rebuilds look at the whole house: each scenario has it to itself. */
async function emptyHouse(): Promise<void> {
  for (;;) {
    const { objects } = await env.BUCKET.list();
    if (objects.length === 0) break;
    await env.BUCKET.delete(objects.map((object) => object.key));
  }
  await env.DB.batch([env.DB.prepare("DELETE FROM segments"), env.DB.prepare("DELETE FROM meta")]);
}

/** Two flushed segments, each of events of two days. */
async function flushedProject(): Promise<{ project_id: string; flushed: SegmentRow[] }> {
  await emptyHouse();
  const project_id = newProjectId();
  for (const name of ["a", "b"]) {
    await append(
      packed(
        project_id,
        messages(name, 20).map((message, index) => ({ message, timestamp: DAYS[index % 2]! })),
      ),
    );
    await flushStream(houseLater(0), project_id, 0, true);
  }
  return { project_id, flushed: await allAlive(env.DB, project_id) };
}

/** A project with something of everything that a sweep meets: replaced segments, a merge that stopped half way, a segment that D1 does not know. */
async function untidyProject(): Promise<string> {
  const { project_id, flushed } = await flushedProject();
  const { house, counter } = countingHouse();
  await compact(house, flushed);
  expect(counter.trace).toContain("d1.batch");
  for (const name of ["c", "d"]) {
    await append(
      packed(
        project_id,
        messages(name, 5).map((message) => ({ message, timestamp: DAYS[0]! })),
      ),
    );
    await flushStream(houseLater(0), project_id, 0, true);
  }
  const fresh = (await allAlive(env.DB, project_id)).filter((row) => row.level === 0);
  const stop_at = counter.trace.indexOf("d1.batch") + 1;
  await expect(compact(failingHouse(stop_at - 1, "after", project_id), fresh)).rejects.toThrow();
  await env.DB.prepare("DELETE FROM segments WHERE segment_id = ?").bind(fresh[0]!.segment_id).run();
  return project_id;
}

const UNTIDY_EXPECTED = [...EXPECTED, ...messages("c", 5), ...messages("d", 5)].sort();

async function storedKeys(project_id: string): Promise<string[]> {
  const { objects } = await env.BUCKET.list({ prefix: `${SEGMENT_PREFIX}${project_id}/` });
  return objects.map((object) => object.key).sort();
}

async function expectTidy(project_id: string, expected: string[], when: string): Promise<void> {
  expect(await found(project_id), when).toEqual(expected);
  const rows = await allAlive(env.DB, project_id);
  expect(
    rows.reduce((sum, row) => sum + row.rows, 0),
    when,
  ).toBe(expected.length);
  expect(await storedKeys(project_id), when).toEqual(rows.map((row) => row.object_key).sort());
}

beforeEach(() => {
  // Faults are made on purpose here; what is logged of them says nothing new.
  vi.spyOn(console, "error").mockImplementation(() => {});
});

/** Where a job is stopped: before its first write, and after each. What lasts is the same until the next one. */
function stopsOf(trace: readonly string[]): { at: number; fault: Fault; when: string }[] {
  const writes = trace.flatMap((name, index) => (isWrite(name) ? [{ name, at: index + 1 }] : []));
  const stops = [{ ...writes[0]!, fault: "before" as Fault }, ...writes.map((write) => ({ ...write, fault: "after" as Fault }))];
  return stops.map(({ name, at, fault }) => ({ at, fault, when: `${fault} call ${at} of ${trace.length}, ${name}` }));
}

describe("compaction", () => {
  it("that stops at any write and is made again keeps every event once, and sweeps leave nothing over", async () => {
    const { project_id, flushed } = await flushedProject();
    const { house, counter } = countingHouse();
    expect(await compact(house, flushed)).toBe(true);
    await sweep(houseLater(LATER_MS));
    await expectTidy(project_id, EXPECTED, "undisturbed");
    for (const { at, fault, when } of stopsOf(counter.trace)) {
      const next = await flushedProject();
      await expect(compact(failingHouse(at, fault, next.project_id), next.flushed), when).rejects.toThrow();
      expect(await found(next.project_id), when).toEqual(EXPECTED);
      await compactProject(houseLater(0), next.project_id, true);
      await sweep(houseLater(LATER_MS));
      await expectTidy(next.project_id, EXPECTED, when);
    }
  }, 60_000);

  it("that stops at its first call, then at its second, then at its third … comes to its end", async () => {
    const { project_id, flushed } = await flushedProject();
    let stops = 0;
    for (let done = false; !done; ) {
      done = await compact(failingHouse(++stops, "before", project_id), flushed).catch(() => false);
      expect(await found(project_id), `stopped at call ${stops}`).toEqual(EXPECTED);
      expect(stops, "calls until it was done").toBeLessThan(200);
      if ((await allAlive(env.DB, project_id)).every((row) => row.level > 0)) done = true;
    }
    expect(stops).toBeGreaterThan(10);
    await sweep(houseLater(LATER_MS));
    await expectTidy(project_id, EXPECTED, "at the end");
  }, 60_000);

  it("does not take over what a sweep is about to delete", async () => {
    const { project_id, flushed } = await flushedProject();
    const stop = wrapHouse(houseLater(0), (name, call) => (name === "d1.batch" ? Promise.reject(new Error("D1 is away")) : call()));
    await expect(compact(stop, flushed)).rejects.toThrow("D1 is away");
    let merged: boolean | null = null;
    const sweeping = wrapHouse(houseLater(LATER_MS), async (name, call) => {
      if (name === "r2.delete") merged ??= await compact(houseLater(LATER_MS), flushed);
      return call();
    });
    expect((await sweep(sweeping)).orphans).toBeGreaterThan(0);
    expect(merged).toBe(false);
    expect(await found(project_id)).toEqual(EXPECTED);
    await compactProject(houseLater(LATER_MS), project_id, true);
    expect(await found(project_id)).toEqual(EXPECTED);
  });
});

describe("a sweep", () => {
  it("that stops at any write and is made again deletes nothing that is needed", async () => {
    const project_id = await untidyProject();
    const { house, counter } = countingHouse(LATER_MS);
    expect(await sweep(house)).toMatchObject({ adopted: 1, orphans: 1, deleted: 2, refused: [] });
    await expectTidy(project_id, UNTIDY_EXPECTED, "undisturbed");
    for (const { at, fault, when } of stopsOf(counter.trace)) {
      const next = await untidyProject();
      // One project's fault does not end a sweep.
      await sweep(failingHouse(at, fault, next, LATER_MS)).catch(() => undefined);
      await sweep(houseLater(LATER_MS));
      await expectTidy(next, UNTIDY_EXPECTED, when);
    }
  }, 60_000);

  it("goes on where one project's object errs", async () => {
    const { project_id, flushed } = await flushedProject();
    const other = newProjectId();
    await append(packed(other, messages("other", 3)));
    await flushStream(houseLater(0), other, 0, true);
    await env.DB.prepare("DELETE FROM segments").run();
    const broken = (erring: string): House => {
      const house = houseLater(LATER_MS);
      return {
        ...house,
        stream: (id, shard) =>
          id === erring ? wrapStream(house.stream(id, shard), () => Promise.reject(new Error("away"))) : house.stream(id, shard),
      };
    };
    expect(await sweep(broken(project_id))).toMatchObject({ adopted: 1 });
    expect(await sweep(broken(other))).toMatchObject({ adopted: flushed.length });
  });
});

describe("a rebuild", () => {
  const dropTables = () => env.DB.batch([env.DB.prepare("DROP TABLE segments"), env.DB.prepare("DROP TABLE meta")]);

  it("withdraws the rows of a project whose objects are all gone", async () => {
    const { project_id, flushed } = await flushedProject();
    await env.BUCKET.delete(flushed.map((row) => row.object_key));
    expect(await rebuildFromBucket(houseLater(0))).toMatchObject({ withdrawn: flushed.length, segments: 0 });
    expect(await allAlive(env.DB, project_id)).toEqual([]);
  });

  it("of dropped tables, stopped at any call and made again, finds all that was there, at once", async () => {
    const project_id = await untidyProject();
    await dropTables();
    const { house, counter } = countingHouse();
    expect(await rebuildFromBucket(house)).toMatchObject({ projects: 1, rows: UNTIDY_EXPECTED.length, unreadable: [] });
    // The object still tells searches of what was flushed a moment ago and merged since.
    expect(await found(project_id)).toEqual(UNTIDY_EXPECTED);
    for (const { at, fault, when } of stopsOf(counter.trace)) {
      await dropTables();
      await rebuildFromBucket(failingHouse(at, fault, project_id)).catch(() => undefined);
      expect(await rebuildFromBucket(houseLater(0)), when).toMatchObject({ rows: UNTIDY_EXPECTED.length, unreadable: [] });
      expect(await found(project_id), when).toEqual(UNTIDY_EXPECTED);
    }
    await sweep(houseLater(LATER_MS));
    await expectTidy(project_id, UNTIDY_EXPECTED, "after all rebuilds");
  }, 60_000);
});
