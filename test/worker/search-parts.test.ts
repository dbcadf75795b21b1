import { env, exports } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { changesOf } from "../../worker/catalog/changes.ts";
import { searchedSegments } from "../../worker/catalog/segments.ts";
import { streamOf } from "../../worker/catalog/stream.ts";
import { parseQuery, planQuery } from "../../worker/engine/query/query.ts";
import type { Env } from "../../worker/env.ts";
import { compactNow, flushNow } from "../../worker/jobs/now.ts";
import { ByteCache } from "../../worker/search/byte-cache.ts";
import { SearchContext, type SearchSources } from "../../worker/search/context.ts";
import { partCallerOf, sharedOf } from "../../worker/search/invocation.ts";
import { searchEvents } from "../../worker/search/search-events.ts";
import { searchTable } from "../../worker/search/search-table.ts";
import { createProject, type TestProject } from "./support/api.ts";
import { putEvents, someEvents } from "./support/search.ts";

const START_MS = Date.now() - 7_200_000;
const COUNT = 120;
const ALL_TIME = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER };
const plan = (q: string) => planQuery(parseQuery(q, { now_us: START_MS * 1_000 }));

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
  const sent = someEvents(START_MS, COUNT);
  for (let from = 0; from < COUNT; from += 10) {
    await putEvents(project, sent.slice(from, from + 10));
    if (from < 100) await flushNow(env, project.project_id);
    if (from === 30) await compactNow(env, project.project_id);
  }
});

interface Helpers {
  spread?: boolean;
  shared?: boolean;
  signal?: AbortSignal;
}

/** A search of an isolate that knows nothing yet, with what Cloudflare offers it. */
function contextWith({ spread = false, shared = false, signal }: Helpers): { context: SearchContext; settle(): Promise<unknown> } {
  const { project_id } = project;
  const works: Promise<unknown>[] = [];
  const invocation = { waitUntil: (work: Promise<unknown>) => works.push(work), exports };
  const vars: Env = { ...env, LEDGE_SPREAD: spread ? "always" : "off", LEDGE_SHARED_CACHE: shared ? "on" : "off" };
  const sources: SearchSources = {
    project_id,
    stream: (shard) => streamOf(env, project_id, shard),
    segments: (request) => searchedSegments(env.DB, project_id, request),
    changes: () => changesOf(project_id),
    objects: env.BUCKET,
    shared: sharedOf(vars, invocation),
    parts: partCallerOf(vars, invocation),
    now_us: () => Date.now() * 1_000,
    signal: signal ?? null,
  };
  return { context: new SearchContext(sources, new ByteCache(8_000_000)), settle: () => Promise.all(works) };
}

describe("further invocations of the Worker", () => {
  it.each([
    "* | stats count(status) as n, p50(status) by service",
    "connection | stats count_uniq(path)",
    "* | sort -status, path | limit 20",
  ])("find together what one finds: %s", async (q) => {
    const alone = await searchTable(contextWith({}).context, plan(q), ALL_TIME);
    const { context } = contextWith({ spread: true });
    expect(await searchTable(context, plan(q), ALL_TIME)).toEqual(alone);
    expect(context.cost.parts).toBeGreaterThan(1);
  });

  it("find events in order", async () => {
    const page = { ...plan("status:500"), range: ALL_TIME, order: "desc" as const, limit: 1_000, after: null };
    const alone = await searchEvents(contextWith({}).context, page);
    const { context } = contextWith({ spread: true });
    const found = await searchEvents(context, page);
    expect(found.events).toEqual(alone.events);
    expect(context.cost.parts).toBeGreaterThan(1);
  });

  it("stop with the client", async () => {
    const client = new AbortController();
    const { context } = contextWith({ spread: true, signal: client.signal });
    const { call } = context.sources.parts!;
    let called = 0;
    context.sources.parts!.call = (request) => {
      called += 1;
      client.abort();
      return call(request);
    };
    await expect(searchTable(context, plan("* | stats count(status) by path"), ALL_TIME)).rejects.toThrow("closed the connection");
    expect(called).toBeGreaterThan(0);
  });

  it("search no other project's segments than that of the request", async () => {
    const other = await createProject();
    const { alive } = await searchedSegments(env.DB, project.project_id, { from_us: 0, to_us: ALL_TIME.to_us, replaced_after_seq: [0] });
    const { context } = contextWith({ spread: true });
    const request = {
      project_id: other.project_id,
      rows: alive,
      work: { kind: "table" as const, plan: plan("* | stats count()"), range: ALL_TIME },
      budget: context.budget,
      missing: [],
    };
    expect(await context.sources.parts!.call(request)).toMatchObject({ status: "refused", cost: { reads: 0 } });
  });

  it("are not asked on one machine, and not where they are switched off", () => {
    const invocation = { waitUntil: () => {}, exports };
    expect(partCallerOf(env, invocation)).toBeNull();
    expect(partCallerOf({ ...env, LEDGE_PROFILE: "edge" }, invocation)).not.toBeNull();
    expect(partCallerOf({ ...env, LEDGE_PROFILE: "edge", LEDGE_SPREAD: "off" }, invocation)).toBeNull();
    expect(partCallerOf({ ...env, LEDGE_PROFILE: "edge" }, { waitUntil: () => {} })).toBeNull();
    expect(sharedOf(env, invocation)).toBeNull();
    expect(sharedOf({ ...env, LEDGE_PROFILE: "edge" }, invocation)).not.toBeNull();
  });
});

describe("the data centre's cache", () => {
  it("spares other isolates the reads that one has made", async () => {
    const q = plan("* | stats sum(status) by path");
    const first = contextWith({ shared: true });
    const expected = await searchTable(first.context, q, ALL_TIME);
    expect(first.context.cost.reads).toBeGreaterThan(0);
    await first.settle();
    const second = contextWith({ shared: true });
    expect(await searchTable(second.context, q, ALL_TIME)).toEqual(expected);
    expect(second.context.cost.reads).toBe(0);
  });

  it("serves further invocations too", async () => {
    const q = plan("* | stats max(status) by host");
    const first = contextWith({ shared: true });
    const expected = await searchTable(first.context, q, ALL_TIME);
    await first.settle();
    const second = contextWith({ shared: true, spread: true });
    expect(await searchTable(second.context, q, ALL_TIME)).toEqual(expected);
  });
});
