/** Each protocol over HTTP: its answers, its ways to show a key, and what is found afterwards. */
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { type ProtocolSample, type SampleRequest, sampleEvents } from "../support/protocols/sample.ts";
import { SAMPLES } from "../support/protocols/samples.ts";
import { call, createKey, createProject, type TestProject } from "./support/api.ts";

async function send(
  sample: ProtocolSample,
  request: SampleRequest,
  more: { headers?: Record<string, string>; query?: Record<string, string> },
) {
  const query = new URLSearchParams({ ...request.query, ...more.query }).toString();
  return call(`/in/${sample.protocol.name}${sample.path}${query && `?${query}`}`, {
    method: sample.method ?? "POST",
    headers: { ...request.headers, ...more.headers },
    body: request.body.slice(),
  });
}

async function countIn(project: TestProject): Promise<number> {
  const query = new URLSearchParams({ q: "* | stats count()", from: "2026-01-01T00:00:00Z", to: "2027-12-31T00:00:00Z" });
  const answer = await call(`/api/v1/logs?${query}`, { key: project.key });
  return (await answer.json<{ rows: number[][] }>()).rows[0]?.[0] ?? 0;
}

describe.each(SAMPLES.map((sample) => [`${sample.protocol.title} at ${sample.path || "/"}`, sample] as const))("%s", (_, sample) => {
  let project: TestProject;
  beforeAll(async () => {
    project = await createProject();
  });
  const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

  it("stores events and answers as its own server does", async () => {
    const answer = await send(sample, sample.encode(sampleEvents(3)), bearer(project.key));
    expect(answer.status).toBe(sample.success);
    expect(await countIn(project)).toBe(3);
  });

  it("takes gzip", async () => {
    const own = await createProject();
    const request = sample.encode(sampleEvents(2));
    const zipped = {
      ...request,
      body: new Uint8Array(gzipSync(request.body)),
      headers: { ...request.headers, "content-encoding": "gzip" },
    };
    expect((await send(sample, zipped, bearer(own.key))).status).toBe(sample.success);
    expect(await countIn(own)).toBe(2);
  });

  it("takes the key wherever its clients put it", async () => {
    for (const shown of sample.credentials(project.key)) {
      expect((await send(sample, sample.encode(sampleEvents(1)), shown)).status).toBe(sample.success);
    }
  });

  it("counts a repeated request once", async () => {
    const own = await createProject();
    const request = sample.encode(sampleEvents(2));
    const key = { headers: { authorization: `Bearer ${own.key}`, "idempotency-key": "the-same" } };
    expect((await send(sample, request, key)).status).toBe(sample.success);
    expect((await send(sample, request, key)).status).toBe(sample.success);
    expect(await countIn(own)).toBe(2);
  });

  it("refuses without a key, with a wrong one, and with one that may only read", async () => {
    const request = sample.encode(sampleEvents(1));
    const reader = await createKey(project, ["read"]);
    expect((await send(sample, request, {})).status).toBe(sample.unauthenticated);
    expect((await send(sample, request, bearer("ledge_nothing"))).status).toBeGreaterThanOrEqual(400);
    const forbidden = await send(sample, request, bearer(reader.key));
    expect(forbidden.status).toBeGreaterThanOrEqual(400);
    expect(forbidden.status).toBeLessThan(500);
  });

  it("never answers bad input with a fault", async () => {
    for (const request of [...sample.hopeless, { body: new Uint8Array(0) }]) {
      const answer = await send(sample, request, bearer(project.key));
      expect(answer.status).toBeLessThan(500);
    }
  });

  it.skipIf(sample.encodeWithBad === null)("stores what is good beside what is bad", async () => {
    const own = await createProject();
    const answer = await send(sample, sample.encodeWithBad!(sampleEvents(3)), bearer(own.key));
    expect(answer.status).toBe(sample.partial ?? sample.success);
    expect(await countIn(own)).toBe(3);
  });
});
