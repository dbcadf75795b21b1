/** Each protocol over HTTP: its answers, its ways to show a key, and what is found afterwards. */
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ProtocolSample, type SampleRequest, type Shown, sampleEvents } from "../support/protocols/sample.ts";
import { SAMPLES } from "../support/protocols/samples.ts";
import { type Project, Service } from "./support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service?.stop());

function send({ protocol, path, method }: ProtocolSample, request: SampleRequest, more: Shown, base = `/in/${protocol.name}`) {
  const query = new URLSearchParams({ ...request.query, ...more.query }).toString();
  return service.call(`${base}${more.path ?? path}${query && `?${query}`}`, {
    method: method ?? "POST",
    headers: { ...request.headers, ...more.headers },
    body: request.body as Uint8Array<ArrayBuffer>,
  });
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

describe.each(SAMPLES.map((sample) => [`${sample.protocol.title} at ${sample.path || "/"}`, sample] as const))("%s", (_, sample) => {
  let project: Project;
  beforeAll(async () => {
    project = await service.createProject();
  });

  it("stores events and answers as its own server does", async () => {
    const answer = await send(sample, sample.encode(sampleEvents(3)), bearer(project.key));
    expect(answer.status).toBe(sample.success);
    expect((await service.events(project)).map(({ message }) => message)).toEqual(sampleEvents(3).map(({ message }) => message));
  });

  it.skipIf(sample.path === "")("is served at its native path where the root is free", async () => {
    const endpoint = sample.protocol.endpoints.find(({ kind, path }) => kind === "ingest" && path === (sample.pattern ?? sample.path));
    const answer = await send(sample, sample.encode(sampleEvents(1)), bearer(project.key), "");
    expect(answer.status === sample.success).toBe(endpoint!.at_root);
  });

  it("takes gzip", async () => {
    const own = await service.createProject();
    const request = sample.encode(sampleEvents(2));
    const zipped = { body: new Uint8Array(gzipSync(request.body)), headers: { ...request.headers, "content-encoding": "gzip" } };
    expect((await send(sample, { ...request, ...zipped }, bearer(own.key))).status).toBe(sample.success);
    expect(await service.events(own)).toHaveLength(2);
  });

  it("takes the key wherever its clients put it", async () => {
    for (const shown of sample.credentials(project.key)) {
      const answer = await send(sample, sample.encode(sampleEvents(1)), shown);
      expect([answer.status, shown]).toEqual([sample.success, shown]);
    }
  });

  it("counts a repeated request once", async () => {
    const own = await service.createProject();
    const request = sample.encode(sampleEvents(2));
    const key = { headers: { authorization: `Bearer ${own.key}`, "idempotency-key": "the-same" } };
    for (let time = 0; time < 2; time++) expect((await send(sample, request, key)).status).toBe(sample.success);
    expect(await service.events(own)).toHaveLength(2);
  });

  it("refuses without a key, with a wrong one, and with one that may only read", async () => {
    const request = sample.encode(sampleEvents(1));
    const { api_key } = await service.json<{ api_key: string }>("/api/v1/keys", {
      key: project.key,
      json: { name: "reader", scopes: ["read"] },
    });
    expect((await send(sample, request, {})).status).toBe(sample.unauthenticated);
    for (const key of ["ledge_nothing", api_key]) {
      const { status } = await send(sample, request, bearer(key));
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
  });

  it("never answers bad input with a fault", async () => {
    for (const request of [...sample.hopeless, { body: new Uint8Array(0) }]) {
      expect((await send(sample, request, bearer(project.key))).status).toBeLessThan(500);
    }
  });

  it.skipIf(sample.encodeWithBad === null)("stores what is good beside what is bad", async () => {
    const own = await service.createProject();
    const answer = await send(sample, sample.encodeWithBad!(sampleEvents(3)), bearer(own.key));
    expect(answer.status).toBe(sample.partial ?? sample.success);
    expect(await service.events(own)).toHaveLength(3);
  });
});
