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
