/** The libraries that Node.js programs log with, sending to a running Ledge as their users set them up: nothing but address and key is changed. */
import { Client } from "@elastic/elasticsearch";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { OTLPLogExporter as JsonExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import pino from "pino";
import { pinoLoki } from "pino-loki";
import splunk from "splunk-logging";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import winston from "winston";
import { type FoundEvent, type Project, Service } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service?.stop());

/** What is found of this service by a search for one of its words. */
async function found(project: Project, word: string): Promise<FoundEvent[]> {
  const query = new URLSearchParams({ q: word, from: "-1h", order: "asc" });
  for (let tries = 0; ; tries++) {
    const { events } = await service.json<{ events: FoundEvent[] }>(`/api/v1/logs?${query}`, { key: project.key });
    if (events.length > 0 || tries === 100) return events;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const near = (text: string | undefined, time_ms: number): boolean => Math.abs(Date.parse(text ?? "") - time_ms) < 5_000;

describe.each([
  ["JSON", JsonExporter],
  ["protobuf", ProtobufExporter],
] as const)("OpenTelemetry's exporter, %s", (name, Exporter) => {
  it("ships records with severity, attributes and resource", async () => {
    const project = await service.createProject();
    const exporter = new Exporter({ url: `${service.url}/in/otlp/v1/logs`, headers: { authorization: `Bearer ${project.key}` } });
    const provider = new LoggerProvider({
      resource: resourceFromAttributes({ "service.name": "checkout", "host.name": "web-7", "k8s.pod.name": "checkout-1" }),
      processors: [new BatchLogRecordProcessor({ exporter })],
    });
    const logger = provider.getLogger("shop", "1.2.3");
    const now_ms = Date.now();
    logger.emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: "ERROR",
      body: `payment zebra${name} failed`,
      attributes: { "order.id": "o-1", amount: 12.5, items: 3, vip: true, tags: ["a", "b"] },
    });
    logger.emit({
      severityNumber: SeverityNumber.INFO,
      eventName: "gen_ai.user.message",
      body: { role: "user", content: `hello giraffe${name}` },
    });
    await provider.shutdown();
    const [event] = await found(project, `zebra${name}`);
    expect(event).toMatchObject({
      level: "ERROR",
      service: "checkout",
      host: "web-7",
      message: `payment zebra${name} failed`,
      attributes: {
        "order.id": "o-1",
        amount: 12.5,
        items: 3,
        vip: true,
        tags: ["a", "b"],
        "k8s.pod.name": "checkout-1",
        "otel.scope.name": "shop",
      },
    });
    expect(near(event?.timestamp, now_ms)).toBe(true);
    const [message] = await found(project, `giraffe${name}`);
    expect(message?.attributes).toMatchObject({ "event.name": "gen_ai.user.message", "body.role": "user" });
  });

  it("is told where its key is wrong, and does not try for ever", async () => {
    const exporter = new Exporter({ url: `${service.url}/in/otlp/v1/logs`, headers: { authorization: "Bearer ledge_wrong" } });
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] });
    provider.getLogger("shop").emit({ body: "never seen" });
    await provider.shutdown();
  });
});

describe("pino with pino-loki", () => {
  it("ships lines with labels", async () => {
    const project = await service.createProject();
    const stream = pinoLoki({
      host: `${service.url}/in/loki`,
      basicAuth: { username: "tenant", password: project.key },
      labels: { application: "shop", environment: "test" },
      batching: false,
      silenceErrors: false,
    });
    const now_ms = Date.now();
    pino({ level: "debug", base: { hostname: "web-1" } }, stream).warn({ order: "o-7", took_ms: 12 }, "stock antelope is low");
    const [event] = await found(project, "antelope");
    expect(event).toMatchObject({
      level: "WARN",
      service: "shop",
      host: "web-1",
      message: "stock antelope is low",
      attributes: { order: "o-7", took_ms: 12 },
    });
    expect(near(event?.timestamp, now_ms)).toBe(true);
    stream.destroy();
  });
});

describe("the Elasticsearch client", () => {
  it("indexes in bulk, and repeats are conflicts", async () => {
    const project = await service.createProject();
    const client = new Client({ node: `${service.url}/in/elasticsearch`, auth: { apiKey: project.key }, maxRetries: 0 });
    expect((await client.info()).version.number).toMatch(/^\d+\.\d+\.\d+$/);
    const documents = Array.from({ length: 25 }, (_, index) => ({
      _id: `doc-${index}`,
      "@timestamp": new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
      message: `bulk bison line ${index}`,
      "log.level": "error",
      service: { name: "billing" },
      user: { id: index },
    }));
    const send = () =>
      client.helpers.bulk({
        datasource: documents,
        onDocument: ({ _id }) => ({ create: { _index: "logs-billing", _id } }),
        onDrop: () => {},
        retries: 0,
      });
    expect(await send()).toMatchObject({ total: 25, successful: 25, failed: 0 });
    expect(await send()).toMatchObject({ total: 25, successful: 0, failed: 25 });
    const query = new URLSearchParams({ q: "bison", from: "2025-12-31T00:00:00Z", order: "asc", limit: "100" });
    const { events } = await service.json<{ events: FoundEvent[] }>(`/api/v1/logs?${query}`, { key: project.key });
    expect(events).toHaveLength(25);
    expect(events[7]).toMatchObject({
      timestamp: "2026-01-01T00:00:07.000000Z",
      level: "ERROR",
      service: "billing",
      message: "bulk bison line 7",
      attributes: { _index: "logs-billing", "user.id": 7 },
    });
    await client.close();
  });

  it("is refused with a wrong key", async () => {
    const client = new Client({ node: `${service.url}/in/elasticsearch`, auth: { apiKey: "bm90OmFrZXk=" }, maxRetries: 0 });
    await expect(client.info()).rejects.toThrow(/security_exception|401/);
    await client.close();
  });
});

describe("Splunk's logger", () => {
  it("ships events", async () => {
    const project = await service.createProject();
    const errors: unknown[] = [];
    const logger = new splunk.Logger({ token: project.key, url: `${service.url}/services/collector/event/1.0`, maxBatchCount: 2 });
    logger.error = (error: unknown) => void errors.push(error);
    const now_ms = Date.now();
    const answered = new Promise((resolve) => {
      logger.send(
        {
          message: { event: "login", animal: "caracal" },
          severity: "warn",
          metadata: { host: "web-3", source: "auth", sourcetype: "_json" },
        },
        () => {},
      );
      logger.send(
        { message: "a line about a caracal", severity: "error", metadata: { host: "web-3", source: "auth" } },
        (error: unknown, _: unknown, body: unknown) => resolve({ error, body }),
      );
    });
    expect(await answered).toMatchObject({ error: null, body: { text: "Success", code: 0 } });
    expect(errors).toEqual([]);
    const events = await found(project, "_any:caracal");
    expect(events.map(({ level, host, source }) => ({ level, host, source }))).toEqual(
      expect.arrayContaining([
        { level: "WARN", host: "web-3", source: "auth" },
        { level: "ERROR", host: "web-3", source: "auth" },
      ]),
    );
    expect(near(events[0]?.timestamp, now_ms)).toBe(true);
  });
});

describe("winston's transport for Datadog's intake", () => {
  it("ships lines", async () => {
    const project = await service.createProject();
    const { hostname, port } = new URL(service.url);
    const transport = new winston.transports.Http({
      host: hostname,
      port: Number(port),
      path: `/api/v2/logs?dd-api-key=${project.key}&ddsource=nodejs&service=checkout`,
      ssl: false,
    });
    const now_ms = Date.now();
    winston
      .createLogger({ transports: [transport], format: winston.format.combine(winston.format.timestamp(), winston.format.json()) })
      .error("payment of the okapi failed", { order: "o-9" });
    const [event] = await found(project, "okapi");
    expect(event).toMatchObject({
      level: "ERROR",
      service: "checkout",
      message: "payment of the okapi failed",
      attributes: { order: "o-9" },
    });
    expect(near(event?.timestamp, now_ms)).toBe(true);
  });
});
