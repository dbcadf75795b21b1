/** The Tail Worker in workerd: another Worker logs, and what it logged is found in a running Ledge. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundle } from "../../clients/cli/local/bundle.ts";
import { eventsOf } from "../../clients/tail-worker/events.ts";
import { type FoundEvent, type Project, Service } from "./support/service.ts";

const PRODUCER = `
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    console.log("cart of the quokka", { items: 3 });
    console.warn("stock is low");
    if (pathname === "/throw") throw new TypeError("no such quokka");
    return new Response("done", { status: pathname === "/missing" ? 404 : 200 });
  },
};`;
const DATE = "2026-11-01";
/** On one machine workerd does not say which Worker it was. */
const NAMELESS = "worker";

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service?.stop());

/** A Worker named "shop" whose logs go through the Tail Worker to `url`. */
async function startShop(url: string, key: string): Promise<Miniflare> {
  const tail = await bundle(join(import.meta.dirname, "../../clients/tail-worker/index.ts"), "tail-worker");
  return new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        { name: "shop", modules: true, script: PRODUCER, compatibilityDate: DATE, tails: ["ledge-tail"] },
        {
          name: "ledge-tail",
          modules: true,
          script: readFileSync(tail, "utf8"),
          compatibilityDate: DATE,
          bindings: { LEDGE_URL: url, LEDGE_API_KEY: key },
        },
      ],
    }),
  );
}

async function found(project: Project, count: number): Promise<FoundEvent[]> {
  for (let tries = 0; tries < 200; tries++) {
    const events = await service.events(project);
    if (events.length >= count) return events;
    await sleep(50);
  }
  return service.events(project);
}

describe("the Tail Worker", () => {
  let project: Project;
  let shop: Miniflare;
  beforeAll(async () => {
    project = await service.createProject();
    shop = await startShop(service.url, project.key);
  });
  afterAll(() => shop?.dispose());

  it("ships lines and the invocation", async () => {
    const answer = await shop.dispatchFetch("http://shop.example/missing?a=b", { headers: { "cf-ray": "8f1-FRA" } });
    expect(answer.status).toBe(404);
    const events = await found(project, 3);
    const by = (text: string) => events.find(({ message }) => message?.includes(text));
    expect(events).toHaveLength(3);
    expect(by("quokka")).toMatchObject({
      level: "INFO",
      service: NAMELESS,
      source: "cloudflare-workers",
      message: 'cart of the quokka {"items":3}',
      request_id: "8f1-FRA",
    });
    expect(by("stock")).toMatchObject({ level: "WARN", message: "stock is low" });
    expect(by("GET")).toMatchObject({
      service: NAMELESS,
      message: "GET http://shop.example/missing?a=b 404",
      level: "WARN",
      attributes: { "worker.outcome": "ok", "http.request.method": "GET", "http.response.status_code": 404 },
    });
    expect(Math.abs(Date.parse(by("quokka")!.timestamp) - Date.now())).toBeLessThan(60_000);
  });

  it("ships an exception", async () => {
    await shop.dispatchFetch("http://shop.example/throw").catch(() => null);
    const events = await found(project, 7);
    const exception = events.find(({ attributes }) => attributes["exception.type"] !== undefined);
    expect(exception).toMatchObject({
      level: "ERROR",
      service: NAMELESS,
      message: "TypeError: no such quokka",
      attributes: { "exception.type": "TypeError", "exception.message": "no such quokka" },
    });
    expect(events.find(({ attributes }) => attributes["worker.outcome"] === "exception")).toMatchObject({ level: "ERROR" });
  });
});

describe("what an invocation left behind", () => {
  const item = (more: Partial<Record<keyof TraceItem, unknown>>) =>
    ({
      scriptName: "shop",
      entrypoint: "default",
      scriptVersion: { id: "v-1" },
      event: null,
      eventTimestamp: 1_772_366_400_000,
      logs: [],
      exceptions: [],
      outcome: "ok",
      cpuTime: 3,
      wallTime: 12,
      ...more,
    }) as unknown as TraceItem;
  const request = { method: "GET", url: "https://shop.example/cart", headers: {} };

  it.each([
    ["a request", { event: { request, response: { status: 200 } } }, "info", "GET https://shop.example/cart 200"],
    ["a request that found nothing", { event: { request, response: { status: 404 } } }, "warn", "GET https://shop.example/cart 404"],
    ["a request that failed", { event: { request, response: { status: 502 } } }, "error", "GET https://shop.example/cart 502"],
    ["a request without an answer", { event: { request }, outcome: "exceededCpu" }, "error", "GET https://shop.example/cart exceededCpu"],
    ["a cron", { event: { cron: "* * * * *", scheduledTime: 1 } }, "info", "shop ok"],
    ["a Worker without a name", { scriptName: null, outcome: "exception" }, "error", "worker exception"],
  ])("is one event for %s", (_, more, level, message) => {
    expect(eventsOf(item(more))).toMatchObject([{ level, message, timestamp: 1_772_366_400_000 }]);
  });

  it("names the Worker, its version and its cost", () => {
    const logs = [{ timestamp: 1, level: "debug", message: ["n", 1, null, { a: [true] }] }];
    expect(eventsOf(item({ logs }))).toMatchObject([
      { service: "shop", level: "debug", message: 'n 1 null {"a":[true]}', attributes: { "worker.version": "v-1" } },
      { service: "shop", attributes: { "worker.cpu_time_ms": 3, "worker.wall_time_ms": 12, "worker.entrypoint": "default" } },
    ]);
  });
});

describe("the Tail Worker before a Ledge that falters", () => {
  let server: Server;
  const seen: { key: string | undefined; body: string }[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += String(chunk)));
      request.on("end", () => {
        seen.push({ key: request.headers["idempotency-key"] as string | undefined, body });
        response.writeHead(seen.length === 1 ? 503 : 202).end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => server?.close());

  it("sends the same again under the same key", async () => {
    const shop = await startShop(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, "a-key");
    await shop.dispatchFetch("http://shop.example/");
    for (let tries = 0; tries < 200 && seen.length < 2; tries++) await sleep(50);
    expect(seen).toHaveLength(2);
    expect(seen[0]!.key).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen[1]).toEqual(seen[0]);
    await shop.dispose();
  });
});
