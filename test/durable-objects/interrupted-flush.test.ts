import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { allAlive } from "../../worker/catalog/segments.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { flushStream } from "../../worker/jobs/flush.ts";
import { countingHouse, type Fault, failingHouse, houseLater } from "./support/faults.ts";
import { append, found, messages, newProjectId, packed } from "./support/project.ts";

const FAULTS: Fault[] = ["before", "after", "evicted"];
const EXPECTED = [...messages("first", 30), ...messages("second", 30)].sort();

/** Two requests in the window; the second repeats an event of the first by its client's id. */
async function project(): Promise<string> {
  const project_id = newProjectId();
  await append(packed(project_id, [...messages("first", 30), { message: "once", event_id: "the same" }]));
  await append(packed(project_id, [...messages("second", 30), { message: "once", event_id: "the same" }]));
  return project_id;
}

async function countCalls(): Promise<string[]> {
  const { house, counter } = countingHouse();
  expect(await flushStream(house, await project(), 0, true)).toBe(1);
  return counter.trace;
}

describe("a flush that stops at any of its calls", () => {
  it.each(FAULTS)(
    "(%s) and is made again keeps every event once",
    async (fault) => {
      const trace = await countCalls();
      expect(trace).toEqual(expect.arrayContaining(["stream.plan", "r2.put", "stream.commit", "d1.insert.run", "stream.exported"]));
      for (let at = 1; at <= trace.length; at++) {
        const project_id = await project();
        const stopped = flushStream(failingHouse(at, fault, project_id), project_id, 0, true);
        if (fault === "evicted") await stopped;
        else await expect(stopped, `${at} ${trace[at - 1]}`).rejects.toThrow();
        expect(await found(project_id), `while stopped at ${at} ${trace[at - 1]}`).toEqual([...EXPECTED, "once"].sort());
        await append(packed(project_id, ["later"]));
        await flushStream(houseLater(0), project_id, 0, true);
        const all = [...EXPECTED, "later", "once"].sort();
        expect(await found(project_id), `after ${at} ${trace[at - 1]}`).toEqual(all);
        const rows = await allAlive(env.DB, project_id);
        expect(rows.reduce((sum, row) => sum + row.rows, 0)).toBe(all.length);
        expect(await streamOf(env, project_id).status()).toMatchObject({
          window_frames: 0,
          outbox: 0,
          plan_id: null,
          events_total: all.length,
        });
        const { objects } = await env.BUCKET.list({ prefix: `segments/v1/${project_id}/` });
        expect(objects.map((object) => object.key).sort()).toEqual(rows.map((row) => row.object_key).sort());
      }
    },
    60_000,
  );
});
