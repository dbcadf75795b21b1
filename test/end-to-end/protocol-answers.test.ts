/** What each protocol's own server would answer, to the letter where clients read it. */
import { deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LogsRequest, LogsResponse, Status } from "../support/protocols/otlp.ts";
import { type Project, Service } from "./support/service.ts";

let service: Service;
let project: Project;
beforeAll(async () => {
  service = await Service.start();
  project = await service.createProject();
});
afterAll(() => service?.stop());

interface Sent {
  body?: string | Uint8Array;
  headers?: Record<string, string>;
  method?: string;
  key?: string | null;
}

function send(path: string, { body, headers = {}, method, key }: Sent = {}): Promise<Response> {
  const authorization: Record<string, string> = key === null ? {} : { authorization: `Bearer ${key ?? project.key}` };
  return service.call(path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...authorization, ...headers },
    ...(body === undefined ? {} : { body: body as string }),
  });
}

const lines = (...values: unknown[]): string =>
  `${values.map((value) => (typeof value === "string" ? value : JSON.stringify(value))).join("\n")}\n`;

describe("Elasticsearch", () => {
  const base = "/in/elasticsearch";
  const ndjson = { "content-type": "application/x-ndjson" };

  it.each([
    ["GET", "", 200],
    ["GET", "/", 200],
    ["HEAD", "/", 200],
    ["GET", "/_license?human=false", 200],
    ["GET", "/_xpack", 200],
    ["GET", "/_ilm/policy/logs", 200],
    ["PUT", "/_index_template/logs", 200],
    ["HEAD", "/_index_template/logs", 200],
    ["GET", "/_nodes/_local/http", 200],
    ["GET", "/_cluster/health", 200],
    ["GET", "/_refresh", 200],
    ["POST", "/logs/_refresh", 200],
  ])("%s %s is there", async (method, path, status) => {
    const answer = await send(base + path, { method, ...(method === "PUT" ? { body: "{}" } : {}) });
    expect(answer.status).toBe(status);
    expect(answer.headers.get("x-elastic-product")).toBe("Elasticsearch");
  });

  it("answers each action in order, repeats as conflicts, what is broken as an error", async () => {
    const body = lines(
      { create: { _index: "logs", _id: "a" } },
      { message: "first" },
      { create: { _index: "logs", _id: "a" } },
      { message: "the same again" },
      { index: { _index: "other" } },
      "{broken",
      { delete: { _index: "logs", _id: "a" } },
      { update: { _index: "logs", _id: "u" } },
      { doc: { message: "updated" } },
    );
    const answer = await send(`${base}/_bulk`, { body, headers: ndjson });
    const { errors, items } = (await answer.json()) as {
      errors: boolean;
      items: Record<string, { status: number; error?: { type: string } }>[];
    };
    expect(errors).toBe(true);
    expect(items.map((item) => Object.entries(item).map(([action, { status }]) => `${action} ${status}`)[0])).toEqual([
      "create 201",
      "create 409",
      "index 400",
      "delete 404",
      "update 201",
    ]);
    const again = await send(`${base}/_bulk`, {
      body: lines({ create: { _index: "logs", _id: "a" } }, { message: "first" }),
      headers: ndjson,
    });
    expect(((await again.json()) as typeof Object & { items: { create: { status: number } }[] }).items[0]!.create.status).toBe(409);
  });

  it("writes what Fluent Bit looks for", async () => {
    const answer = await send(`${base}/_bulk`, { body: lines({ index: {} }, { message: "x" }), headers: ndjson });
    expect(await answer.text()).toMatch(/^\{"took":\d+,"errors":false,"items":\[\{"index":/);
  });

  it.each([
    ["", 400],
    ['{"nonsense":{}}\n{}\n', 400],
  ])("refuses %j", async (body, status) => {
    const answer = await send(`${base}/_bulk`, { body, headers: ndjson });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject({ error: { type: "parse_exception", root_cause: [{ reason: expect.any(String) }] }, status });
  });

  it("asks for a key as a cluster does", async () => {
    const answer = await send(`${base}/_bulk`, { body: "{}", key: null });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain("Basic");
    expect(await answer.json()).toMatchObject({ status: 401, error: { type: "security_exception" } });
  });
});

describe("Splunk's collector", () => {
  const path = "/in/splunk/services/collector";
  const channel = { "x-splunk-request-channel": "8b5bd5a5-65c5-4a0e-a4a6-7f4f7c4b7e10" };

  it.each([
    ['{"event":"one"}{"event":{"message":"two"}}', 200, { text: "Success", code: 0 }],
    ["", 400, { text: "No data", code: 5 }],
    ['{"event":"good"}\n{"event":""}', 400, { code: 13, "invalid-event-number": 1 }],
    ['{"host":"a"}', 400, { code: 12, "invalid-event-number": 0 }],
    ["nonsense", 400, { code: 6, "invalid-event-number": 0 }],
  ])("answers %j with %i", async (body, status, expected) => {
    const answer = await send(`${path}/event`, { body });
    expect(answer.status).toBe(status);
    expect(await answer.json()).toMatchObject(expected);
  });

  it("asks for a token", async () => {
    const none = await send(`${path}/event`, { body: "{}", key: null });
    expect([none.status, await none.json()]).toEqual([401, { text: "Token is required", code: 2 }]);
    const wrong = await send(`${path}/event`, { body: "{}", key: null, headers: { authorization: "Splunk wrong" } });
    expect([wrong.status, await wrong.json()]).toEqual([401, { text: "Invalid authorization", code: 3 }]);
  });

  it("is healthy", async () => {
    expect(await (await send(`${path}/health`, { key: null })).json()).toEqual({ text: "HEC is healthy", code: 17 });
  });

  it("acknowledges what it gave a number for, on that channel alone", async () => {
    const { ackId } = (await (await send(`${path}/event`, { body: '{"event":"acknowledged"}', headers: channel })).json()) as {
      ackId: number;
    };
    const ask = async (headers: Record<string, string>) =>
      ((await (await send(`${path}/ack`, { body: JSON.stringify({ acks: [ackId, ackId + 1, 7] }), headers })).json()) as { acks: object })
        .acks;
    expect(await ask(channel)).toEqual({ [ackId]: true, [ackId + 1]: false, 7: false });
    expect(await ask({ "x-splunk-request-channel": "another" })).toEqual({ [ackId]: false, [ackId + 1]: false, 7: false });
    const without = await send(`${path}/ack`, { body: '{"acks":[1]}' });
    expect([without.status, await without.json()]).toEqual([400, { text: "Data channel is missing", code: 10 }]);
  });
});

describe("Splunk's events", () => {
  it("have their text where their own client puts it, be it in an object", async () => {
    const event = { message: { msg: "in an object", meta: { order: 12 } }, severity: "error" };
    const own = await service.createProject();
    await send("/in/splunk", { body: JSON.stringify({ event }), key: own.key });
    expect(await service.events(own)).toMatchObject([{ message: "in an object", level: "ERROR", attributes: { "meta.order": 12 } }]);
  });
});

describe("Splunk's channels", () => {
  const channel = { "x-splunk-request-channel": "5d3f1c1a-0d1e-4c58-9f3e-8c2f2f6d7a11" };
  const timed = '{"time":1772366400.5,"event":"sent again"}';

  it.each([
    ["the same bytes on a channel are taken once", timed, channel, channel, 1],
    ["on another channel they are others", timed, channel, { "x-splunk-request-channel": "another" }, 2],
    ["without a channel they are others", timed, {}, {}, 2],
    ["without times they are others", `${timed}{"event":"without a time"}`, channel, channel, 4],
  ])("%s", async (_, body, first, second, found) => {
    const own = await service.createProject();
    for (const headers of [first, second]) {
      const answer = await send("/services/collector/event", { body, headers, key: own.key });
      expect(answer.status).toBe(200);
    }
    expect(await service.events(own)).toHaveLength(found);
  });
});

describe("Datadog's intake", () => {
  it.each(["", "{}", "[]"])("takes the keep-alive %j", async (body) => {
    expect((await send("/in/datadog/api/v2/logs", { body, headers: { "content-type": "application/json" } })).status).toBe(202);
  });

  it("takes a key in the path, and says whether one is valid", async () => {
    const body = JSON.stringify({ message: "by path", ddtags: "env:prod,team:web,team:api,canary" });
    const own = await service.createProject();
    expect((await send(`/in/datadog/v1/input/${own.key}`, { body, key: null })).status).toBe(200);
    expect((await service.events(own))[0]).toMatchObject({ environment: "prod", attributes: { team: ["web", "api"], canary: true } });
    expect(await (await send("/api/v1/validate", { key: null, headers: { "dd-api-key": own.key } })).json()).toEqual({ valid: true });
    expect((await send("/api/v1/validate", { key: null, headers: { "dd-api-key": "wrong" } })).status).toBe(403);
    expect((await send("/in/datadog/api/v2/logs", { body, key: null })).status).toBe(401);
  });

  it("makes a text of a message that is an object", async () => {
    const own = await service.createProject();
    await send("/in/datadog/api/v2/logs", { body: '[{"message":{"a":1},"status":"warn"}]', key: own.key });
    expect((await service.events(own))[0]).toMatchObject({ message: '{"a":1}', level: "WARN" });
  });
});

describe("OTLP", () => {
  const protobuf = { "content-type": "application/x-protobuf" };
  const json = { "content-type": "application/json" };
  const encoded = (request: object) => LogsRequest.encode(LogsRequest.fromObject(request)).finish();
  const ok = { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }] }] }] };
  const half = {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: "x" } }, { body: { stringValue: "y".repeat(1_100_000) } }] }] }],
  };

  it("answers success without a word, in the encoding of the request", async () => {
    const first = await send("/v1/logs", { body: encoded(ok), headers: protobuf });
    expect([first.status, first.headers.get("content-type"), (await first.arrayBuffer()).byteLength]).toEqual([
      200,
      "application/x-protobuf",
      0,
    ]);
    const second = await send("/v1/logs", { body: JSON.stringify(ok), headers: json });
    expect([second.status, second.headers.get("content-type"), await second.text()]).toEqual([200, "application/json", "{}"]);
  });

  it("tells what it left out, in both", async () => {
    const first = await send("/v1/logs", { body: encoded(half), headers: protobuf });
    const read = LogsResponse.decode(new Uint8Array(await first.arrayBuffer())).toJSON();
    expect(read).toMatchObject({ partialSuccess: { rejectedLogRecords: "1", errorMessage: expect.stringContaining("larger than") } });
    const second = await send("/v1/logs", { body: JSON.stringify(half), headers: json });
    expect([second.status, await second.json()]).toEqual([
      200,
      { partialSuccess: { rejectedLogRecords: "1", errorMessage: expect.any(String) } },
    ]);
  });

  it("refuses with a status of its own, in both", async () => {
    const first = await send("/v1/logs", { body: "no protobuf", headers: protobuf });
    expect(first.status).toBe(400);
    expect(Status.decode(new Uint8Array(await first.arrayBuffer())).toJSON()).toMatchObject({ code: 3, message: expect.any(String) });
    const second = await send("/v1/logs", { body: "{", headers: json });
    expect([second.status, await second.json()]).toEqual([400, { code: 3, message: expect.any(String) }]);
    const third = await send("/v1/logs", { body: "{}", headers: json, key: "wrong" });
    expect([third.status, await third.json()]).toEqual([401, { code: 16, message: expect.any(String) }]);
  });
});

describe("Loki", () => {
  it("says nothing of success, and what it left out in words", async () => {
    const push = (values: unknown[]) =>
      send("/loki/api/v1/push", {
        body: JSON.stringify({ streams: [{ stream: { app: "a" }, values }] }),
        headers: { "content-type": "application/json", "x-scope-orgid": "tenant" },
      });
    const good = await push([["1772366400000000000", "line"]]);
    expect([good.status, await good.text()]).toEqual([204, ""]);
    const bad = await push([
      ["1772366400000000000", "line"],
      ["soon", "line"],
    ]);
    expect([bad.status, bad.headers.get("content-type")]).toEqual([400, "text/plain; charset=utf-8"]);
    expect(await bad.text()).toContain("1 refused");
    expect((await send("/in/loki/ready", { key: null })).status).toBe(200);
  });
});

describe("Firehose", () => {
  const record = (text: string | Uint8Array) => ({ data: Buffer.from(text).toString("base64") });
  const delivery = (id: string, records: object[], headers: Record<string, string> = {}) =>
    send("/in/firehose", {
      body: JSON.stringify({ requestId: id, timestamp: 1, records }),
      headers: { "content-type": "application/json", "x-amz-firehose-request-id": id, ...headers },
    });

  it("says the request's id, and counts a repeated one once", async () => {
    const own = await service.createProject();
    for (let time = 0; time < 2; time++) {
      const answer = await delivery("r-9", [record("a line")], { authorization: `Bearer ${own.key}` });
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect([answer.status, await answer.json()]).toEqual([200, { requestId: "r-9", timestamp: expect.any(Number) }]);
    }
    expect(await service.events(own)).toHaveLength(1);
  });

  it("passes over CloudWatch's control messages, and adds common attributes", async () => {
    const own = await service.createProject();
    const control = gzipSync(JSON.stringify({ messageType: "CONTROL_MESSAGE", logEvents: [{ message: "CWL CONTROL MESSAGE" }] }));
    const headers = {
      authorization: `Bearer ${own.key}`,
      "x-amz-firehose-common-attributes": JSON.stringify({ commonAttributes: { "deployment.environment": "prod" } }),
    };
    await delivery("r-10", [record(control), record("INFO started")], headers);
    expect(await service.events(own)).toMatchObject([{ message: "INFO started", level: "INFO", environment: "prod" }]);
  });

  it("refuses in its own form", async () => {
    const answer = await delivery("r-11", [], { authorization: "Bearer wrong" });
    expect([answer.status, await answer.json()]).toEqual([
      401,
      { requestId: "r-11", timestamp: expect.any(Number), errorMessage: expect.any(String) },
    ]);
  });
});

describe("Heroku's Logplex", () => {
  const frame = (text: string) => `${Buffer.byteLength(text)} ${text}`;
  const body =
    frame("<40>1 2026-03-01T10:00:00+00:00 host app web.1 - [a] first") + frame("<40>1 2026-03-01T10:00:01+00:00 host app web.1 - second");
  const headers = { "content-type": "application/logplex-1", "logplex-msg-count": "2", "logplex-frame-id": "f-1" };

  it("counts a repeated frame once, and keeps what looks like structured data", async () => {
    const own = await service.createProject();
    for (let time = 0; time < 2; time++) expect((await send("/in/logplex", { body, headers, key: own.key })).status).toBe(204);
    expect((await service.events(own)).map(({ message }) => message)).toEqual(["[a] first", "second"]);
  });

  it("asks again for a body that is not whole", async () => {
    expect((await send("/in/logplex", { body, headers: { ...headers, "logplex-msg-count": "3" } })).status).toBe(400);
  });
});

describe("the others", () => {
  it("Logpush's first upload is heard and kept nowhere; a Worker's own lines become events", async () => {
    const own = await service.createProject();
    const zipped = { "content-encoding": "gzip" };
    expect((await send("/in/logpush", { body: gzipSync('{"content":"tests"}'), headers: zipped, key: own.key })).status).toBe(200);
    expect(await service.events(own)).toEqual([]);
    const trace = {
      EventTimestampMs: 1_772_359_200_000,
      Outcome: "ok",
      ScriptName: "shop",
      Logs: [{ Level: "warn", Message: ["low stock", { left: 2 }], TimestampMs: 1_772_359_200_001 }],
    };
    await send("/in/logpush", { body: gzipSync(JSON.stringify(trace)), headers: zipped, key: own.key });
    expect((await service.events(own)).map(({ level, message, service: name }) => [level, message, name])).toEqual([
      ["INFO", "shop ok", "shop"],
      ["WARN", 'low stock {"left":2}', "shop"],
    ]);
  });

  it("Vercel finds its word", async () => {
    const answer = await send("/in/vercel?x-vercel-verify=abc123", { body: "[]", headers: { "content-type": "application/json" } });
    expect([answer.status, answer.headers.get("x-vercel-verify")]).toEqual([200, "abc123"]);
  });

  it("CloudEvents come in headers too, and may ask first", async () => {
    const own = await service.createProject();
    const headers = {
      "ce-specversion": "1.0",
      "ce-id": "1",
      "ce-source": "/shop",
      "ce-type": "order.paid",
      "ce-time": "2026-03-01T10:00:00Z",
      "ce-traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "content-type": "application/json",
    };
    for (let time = 0; time < 2; time++)
      expect((await send("/in/cloudevents", { body: '{"total":5}', headers, key: own.key })).status).toBe(202);
    expect(await service.events(own)).toMatchObject([
      {
        message: "order.paid",
        timestamp: "2026-03-01T10:00:00.000000Z",
        trace_id: "0af7651916cd43dd8448eb211c80319c",
        attributes: { total: 5, "cloudevents.source": "/shop" },
      },
    ]);
    const asked = await send("/in/cloudevents", { method: "OPTIONS", headers: { "webhook-request-origin": "events.example" }, key: null });
    expect([asked.status, asked.headers.get("webhook-allowed-origin")]).toEqual([200, "events.example"]);
  });

  it.each([
    ["gzip", (text: string) => gzipSync(text)],
    ["deflate", (text: string) => deflateSync(text)],
  ])("GELF may come as %s", async (coding, pack) => {
    const own = await service.createProject();
    const body = pack('{"version":"1.1","host":"h","short_message":"packed","full_message":"packed, with more","level":1,"_a":1}');
    expect((await send("/in/gelf", { body, headers: { "content-encoding": coding }, key: own.key })).status).toBe(202);
    expect(await service.events(own)).toMatchObject([
      { message: "packed", level: "FATAL", host: "h", attributes: { a: 1, full_message: "packed, with more" } },
    ]);
  });

  it("syslog may hold CEF, structured data and a byte order mark", async () => {
    const own = await service.createProject();
    const body = lines(
      '<134>1 2026-03-01T10:00:00.000Z fw ids 7 ID1 [meta@1 zone="dmz \\"a\\""] \ufeffCEF:0|Vendor|IDS|1.0|100|worm\\|stopped|10|src=10.0.0.1 msg=a b c act=blocked',
      "<13>Mar  1 10:00:01 web-1 sshd[42]: session opened",
    );
    expect((await send("/in/syslog", { body, key: own.key })).status).toBe(204);
    expect(await service.events(own)).toMatchObject([
      {
        level: "INFO",
        host: "fw",
        service: "ids",
        message: expect.stringMatching(/^CEF:0/),
        attributes: {
          "meta@1.zone": 'dmz "a"',
          "cef.name": "worm|stopped",
          "cef.src": "10.0.0.1",
          "cef.msg": "a b c",
          "cef.act": "blocked",
          "process.pid": 7,
        },
      },
      { host: "web-1", service: "sshd", message: "session opened", attributes: { "process.pid": 42 } },
    ]);
  });

  it("Axiom says what failed", async () => {
    const answer = await send("/v1/ingest/web", {
      body: '[{"_time":"2026-03-01T10:00:00Z","a":1},7]',
      headers: { "content-type": "application/json" },
    });
    expect(await answer.json()).toMatchObject({
      ingested: 1,
      failed: 1,
      failures: [{ timestamp: expect.any(String), error: expect.any(String) }],
    });
  });

  it.each([
    ["axiom", [{ message: "to the base" }], { ingested: 1, failed: 0 }],
    ["splunk", { event: "to the base" }, { text: "Success", code: 0 }],
  ])("%s takes events at its base, where clients ask an address with a path as it is", async (name, body, expected) => {
    const answer = await send(`/in/${name}`, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject(expected);
  });

  it("a stack trace that came line by line is one event where its source asks for it", async () => {
    const own = await service.createProject();
    const body = lines("Error: no cart", "    at open (cart.js:1)", "    at main (main.js:2)", "next");
    expect((await send("/in/text?service=shop&join=stack_traces", { body, key: own.key })).status).toBe(202);
    expect((await service.events(own)).map(({ message }) => message).sort()).toEqual([
      "Error: no cart\n    at open (cart.js:1)\n    at main (main.js:2)",
      "next",
    ]);
  });

  it("a used up quota is a wish to wait", async () => {
    const own = await service.createProject();
    const patched = await service.call("/api/v1/project", {
      method: "PATCH",
      key: own.key,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ daily_events_max: 1 }),
    });
    if (!patched.ok) throw new Error(`the quota was not set: ${patched.status} ${await patched.text()}`);
    await send("/in/text", { body: "one\n", key: own.key });
    const answers = [
      await send("/v1/logs", {
        body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] }),
        headers: { "content-type": "application/json" },
        key: own.key,
      }),
      await send("/loki/api/v1/push", {
        body: '{"streams":[{"stream":{},"values":[["1772366400000000000","x"]]}]}',
        headers: { "content-type": "application/json" },
        key: own.key,
      }),
      await send("/_bulk", { body: lines({ index: {} }, { message: "x" }), key: own.key }),
    ];
    for (const answer of answers) expect([answer.status, Number(answer.headers.get("retry-after")) > 0]).toEqual([429, true]);
    const busy = await send("/services/collector/event", { body: '{"event":"x"}', key: own.key });
    expect([busy.status, await busy.json()]).toEqual([503, { text: "Server is busy", code: 9 }]);
  });
});
