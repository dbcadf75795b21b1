/** Programs of the system that ship logs: run where they are installed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { sampleEvents } from "../../support/protocols/sample.ts";
import { journaldSample } from "../../support/protocols/syslog.ts";
import { type FoundEvent, type Project, Service } from "../support/service.ts";

let service: Service;
let folder: string;
const running: ChildProcess[] = [];
beforeAll(async () => {
  service = await Service.start();
  folder = mkdtempSync(join(tmpdir(), "ledge-programs-"));
});
afterEach(() => {
  for (const child of running.splice(0)) child.kill("SIGKILL");
});
afterAll(async () => {
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function where(...candidates: string[]): string | null {
  for (const candidate of candidates) {
    if (candidate.startsWith("/")) {
      if (existsSync(candidate)) return candidate;
    } else {
      try {
        return execFileSync("/bin/sh", ["-c", `command -v ${candidate}`], { encoding: "utf8" }).trim();
      } catch {
        // The next one.
      }
    }
  }
  return null;
}

async function found(project: Project, count: number): Promise<FoundEvent[]> {
  for (let tries = 0; tries < 200; tries++) {
    const events = await service.events(project);
    if (events.length >= count) return events;
    await sleep(50);
  }
  return service.events(project);
}

function run(program: string, ...parameters: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, parameters, { stdio: ["ignore", "pipe", "pipe"] });
    running.push(child);
    let output = "";
    child.stdout.on("data", (chunk) => (output += String(chunk)));
    child.stderr.on("data", (chunk) => (output += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output }));
  });
}

const python = where("python3");
describe("Python's HTTPHandler", () => {
  it.skipIf(python === null)("posts records", async () => {
    const project = await service.createProject();
    const { host } = new URL(service.url);
    const script = join(folder, "handler.py");
    writeFileSync(
      script,
      `import logging, logging.handlers
handler = logging.handlers.HTTPHandler("${host}", "/api/v1/logs?service=shop&token=${project.key}", method="POST")
logger = logging.getLogger("cart")
logger.setLevel(logging.DEBUG)
logger.addHandler(handler)
logger.error("the cart of the ocelot is empty: %d items", 0)
`,
    );
    const { code, output } = await run(python!, script);
    expect({ code, output }).toEqual({ code: 0, output: "" });
    const [event] = await found(project, 1);
    expect(event?.message).toContain("ocelot");
    expect(event).toMatchObject({ level: "ERROR", service: "shop" });
  });
});

const uploader = where("/lib/systemd/systemd-journal-upload", "/usr/lib/systemd/systemd-journal-upload");
const remote = where("/lib/systemd/systemd-journal-remote", "/usr/lib/systemd/systemd-journal-remote");
describe("systemd-journal-upload", () => {
  it.skipIf(uploader === null || remote === null)("uploads a journal, and nothing twice", async () => {
    const project = await service.createProject();
    const journal = join(folder, "sample.journal");
    const exported = join(folder, "sample.export");
    writeFileSync(exported, journaldSample.encode(sampleEvents(5)).body);
    await run(remote!, `--output=${journal}`, exported);
    const upload = () => {
      const address = `${service.url.replace("//", `//key:${project.key}@`)}/in/journald`;
      const child = spawn(uploader!, [`--file=${journal}`, `--url=${address}`], { stdio: "ignore" });
      running.push(child);
      return child;
    };
    // It goes on waiting for more of the journal: the second one begins from its start again.
    upload();
    await found(project, 5);
    const second = upload();
    await sleep(1_000);
    expect(second.exitCode).toBe(null);
    const events = await found(project, 5);
    expect(events.map(({ message, level, service: name, host }) => ({ message, level, name, host }))).toEqual(
      sampleEvents(5).map(({ message, level, service: name, host }) => ({ message, level, name, host })),
    );
  });
});

const rsyslog = where("rsyslogd", "/usr/sbin/rsyslogd");
const elastic_module = existsSync("/usr/lib/x86_64-linux-gnu/rsyslog/omelasticsearch.so");
describe("rsyslog with its Elasticsearch module", () => {
  it.skipIf(rsyslog === null || !elastic_module)("ships what it receives", async () => {
    const project = await service.createProject();
    const { hostname, port } = new URL(service.url);
    const udp_port = 20_000 + Math.floor(Math.random() * 20_000);
    const config = join(folder, "rsyslog.conf");
    writeFileSync(
      config,
      `module(load="imudp")
module(load="omelasticsearch")
input(type="imudp" address="127.0.0.1" port="${udp_port}")
template(name="event" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="severity" name="syslogseverity-text" format="jsonf")
  property(outname="service" name="programname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
action(type="omelasticsearch" server="${hostname}" serverport="${port}" uid="rsyslog" pwd="${project.key}" template="event"
  searchIndex="syslog" searchType="" bulkmode="on" errorFile="${join(folder, "rsyslog-errors.log")}")
`,
    );
    const child = spawn(rsyslog!, ["-n", "-f", config, "-i", join(folder, "rsyslog.pid")], { stdio: "ignore" });
    running.push(child);
    const socket = createSocket("udp4");
    for (let tries = 0; tries < 60 && (await service.events(project)).length === 0; tries++) {
      socket.send(
        `<131>${new Date().toUTCString().slice(8, 11)} ${String(new Date().getUTCDate()).padStart(2)} 10:00:00 web-9 shop: the tapir pays`,
        udp_port,
        "127.0.0.1",
      );
      await sleep(200);
    }
    socket.close();
    const [event] = await found(project, 1);
    expect(event).toMatchObject({ level: "ERROR", service: "shop", host: "web-9", attributes: { _index: "syslog" } });
    expect(event?.message).toContain("the tapir pays");
    expect(existsSync(join(folder, "rsyslog-errors.log"))).toBe(false);
  });
});

const curl = where("curl");
describe("curl", () => {
  const post = (project: Project, path: string, file: string, ...more: string[]) =>
    run(
      curl!,
      "-sS",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code}",
      `${service.url}${path}`,
      "-H",
      `Authorization: Bearer ${project.key}`,
      "--data-binary",
      `@${file}`,
      ...more,
    );

  const write = (name: string, content: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it.skipIf(curl === null).each([
    ["GELF", "/in/gelf", '{"version":"1.1","host":"web-1","short_message":"the lynx","level":3,"_order":"o-1"}', [], "202"],
    ["syslog", "/in/syslog", '<11>1 2026-03-01T10:00:00Z web-1 shop 1 - [a order="o-1"] the lynx\n', [], "204"],
    [
      "Logplex",
      "/in/logplex",
      "65 <11>1 2026-03-01T10:00:00+00:00 web-1 shop web.1 - the lynx order",
      ["-H", "Logplex-Msg-Count: 1"],
      "204",
    ],
    ["CSV", "/in/csv", "timestamp,level,message,order\n2026-03-01T10:00:00Z,error,the lynx,o-1\n", [], "202"],
    ["logfmt", "/in/logfmt", 'time=2026-03-01T10:00:00Z level=error msg="the lynx" order=o-1\n', [], "202"],
    [
      "CloudEvents",
      "/in/cloudevents",
      '{"message":"the lynx","level":"error"}',
      ["-H", "ce-specversion: 1.0", "-H", "ce-id: 1", "-H", "ce-source: /a", "-H", "ce-type: t", "-H", "content-type: application/json"],
      "202",
    ],
    ["Vercel", "/in/vercel", '[{"id":"1","message":"the lynx","level":"error","timestamp":1772359200000,"source":"lambda"}]', [], "200"],
    [
      "Logpush",
      "/in/logpush",
      '{"EventTimestampMs":1772359200000,"Outcome":"exception","ScriptName":"shop","Message":"the lynx"}\n',
      [],
      "200",
    ],
    ["Better Stack", "/in/betterstack", '{"dt":"2026-03-01T10:00:00Z","level":"error","message":"the lynx"}', [], "202"],
  ] as const)("posts %s", async (name, path, body, more, status) => {
    const project = await service.createProject();
    expect(await post(project, path, write(`${name}.body`, body), ...more)).toEqual({ code: 0, output: status });
    const [event] = await found(project, 1);
    expect(event).toMatchObject({ level: "ERROR", message: expect.stringContaining("the lynx") });
  });

  it.skipIf(curl === null)("posts Firehose's deliveries of CloudWatch's logs", async () => {
    const project = await service.createProject();
    const data = gzipSync(
      JSON.stringify({
        messageType: "DATA_MESSAGE",
        owner: "1",
        logGroup: "/aws/lambda/shop",
        logStream: "s",
        logEvents: [{ id: "7", timestamp: 1_772_359_200_000, message: "ERROR the lynx" }],
      }),
    ).toString("base64");
    const file = write("firehose", JSON.stringify({ requestId: "r-1", timestamp: 1, records: [{ data }] }));
    const { output } = await run(
      curl!,
      "-sS",
      `${service.url}/in/firehose`,
      "-H",
      `X-Amz-Firehose-Access-Key: ${project.key}`,
      "-H",
      "X-Amz-Firehose-Request-Id: r-1",
      "-H",
      "Content-Type: application/json",
      "--data-binary",
      `@${file}`,
    );
    expect(JSON.parse(output)).toEqual({ requestId: "r-1", timestamp: expect.any(Number) });
    const [event] = await found(project, 1);
    expect(event).toMatchObject({
      level: "ERROR",
      service: "shop",
      timestamp: "2026-03-01T10:00:00.000000Z",
      attributes: { "aws.log.group": "/aws/lambda/shop" },
    });
  });
});
