import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Ledge, startLedge } from "../../clients/cli/local/index.ts";

let ledge: Ledge;
const home = mkdtempSync(join(tmpdir(), "ledge-app-"));
beforeAll(async () => {
  ledge = await startLedge({ home, quiet: true, cron: false, main: join(import.meta.dirname, "support/main-echo.ts") });
}, 120_000);
afterAll(async () => {
  await ledge?.stop();
  rmSync(home, { recursive: true, force: true });
});

describe("what the app has no page for", () => {
  it("reaches the Worker with its body, whoever sends it, and the answer comes back", async () => {
    const body = "x".repeat(300_000);
    // Browsers of other origins may send plain text: the Worker judges them, not the app.
    const headers = { origin: "https://elsewhere.example", "content-type": "text/plain" };
    const response = await fetch(`${ledge.url}/api/echo`, { method: "POST", body, headers });
    expect([response.status, response.headers.get("x-method")]).toEqual([202, "POST"]);
    expect(await response.text()).toBe(body);
  });

  it("may be a WebSocket", async () => {
    const socket = new WebSocket(`${ledge.url.replace("http", "ws")}/api/anything`);
    const answer = await new Promise<string>((resolve, reject) => {
      socket.addEventListener("open", () => socket.send("hello"));
      socket.addEventListener("message", (event) => resolve(String(event.data)));
      socket.addEventListener("error", () => reject(new Error("the socket did not open")));
    });
    socket.close();
    expect(answer).toBe("echo hello");
  });

  it("and neither has the Worker is the Worker's own 404 for a program, a page for a person", async () => {
    const program = await fetch(`${ledge.url}/api/nothing`);
    expect([program.status, program.headers.get("content-type")]).toEqual([404, "application/json"]);
    const person = await fetch(`${ledge.url}/nothing`, { headers: { accept: "text/html" } });
    expect([person.status, person.headers.get("content-type")]).toEqual([404, "text/html"]);
    expect(person.headers.get("x-frame-options")).toBe("DENY");
  });
});

describe("the live tail", () => {
  const own_home = mkdtempSync(join(tmpdir(), "ledge-behind-app-"));
  let service: Ledge;
  beforeAll(async () => {
    const main = join(import.meta.dirname, "support/main-behind-app.ts");
    service = await startLedge({ home: own_home, port: 0, quiet: true, cron: false, main });
  }, 120_000);
  afterAll(async () => {
    await service?.stop();
    rmSync(own_home, { recursive: true, force: true });
  });

  it("goes through the app in both directions: ticket, socket, lines, another filter", async () => {
    const headers = { authorization: `Bearer ${service.credentials.api_key}`, "content-type": "application/json" };
    const post = (path: string, body?: unknown) =>
      fetch(service.url + path, { method: "POST", headers, body: body === undefined ? null : JSON.stringify(body) });
    const { ticket } = (await (await post("/api/v1/logs/stream/ticket")).json()) as { ticket: string };
    const socket = new WebSocket(`${service.url.replace("http", "ws")}/api/v1/logs/stream?${new URLSearchParams({ ticket })}`);
    const frames: { events: { message: string }[]; state?: { q: string } }[] = [];
    const until = (holds: () => boolean) =>
      new Promise<void>((resolve, reject) => {
        const look = () => holds() && resolve();
        socket.addEventListener("message", look);
        socket.addEventListener("close", ({ code }) => reject(new Error(`closed with ${code}`)));
        look();
      });
    socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data))));
    const lines = () => frames.flatMap(({ events }) => events.map(({ message }) => message));
    await until(() => frames.length > 0);
    expect((await post("/api/v1/logs", [{ message: "one" }])).status).toBe(202);
    await until(() => lines().includes("one"));
    socket.send(JSON.stringify({ type: "filter", q: "three" }));
    await until(() => frames.at(-1)?.state?.q === "three");
    await post("/api/v1/logs", [{ message: "two" }, { message: "three" }]);
    await until(() => lines().includes("three"));
    expect(lines()).toEqual(["one", "three"]);
    socket.close();
  });
});
