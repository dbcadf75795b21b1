import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openPage, openStage, type Stage } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

describe("the API reference", () => {
  it("shows the service's own description and asks nobody else for anything", async () => {
    const { page, faults, close } = await openPage(stage, "/docs/api");
    await page.locator(".opblock-summary-path", { hasText: "/api/v1/logs" }).first().waitFor({ timeout: 20_000 });
    expect(faults).toEqual([]);
    await close();
  });
});

describe("addresses", () => {
  it("that nobody has are a page for people and a problem for programs", async () => {
    const { page, close } = await openPage(stage, "/nothing-here");
    await page.getByRole("heading", { name: "There is nothing at this address" }).waitFor();
    await close();
    const response = await fetch(`${stage.ledge.url}/nothing-here`);
    expect(response.status).toBe(404);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
  });

  it("that are a page and a route are the page for people and the route for programs", async () => {
    const { page, close } = await openPage(stage, "/metrics");
    await page.getByRole("heading", { level: 1, name: "Metrics" }).waitFor();
    await close();
    expect(await (await fetch(`${stage.ledge.url}/metrics`)).text()).toContain("# TYPE ledge_http_requests_total counter");
  });

  it.each(["/", "/docs/api"])("%s carries the headers that protect a page", async (path) => {
    const response = await fetch(stage.ledge.url + path, { headers: { accept: "text/html" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    const policy = /http-equiv="content-security-policy" content="([^"]*)"/.exec(await response.text())?.[1] ?? "";
    expect(policy).toContain("default-src 'self'");
    expect(policy).not.toContain("unsafe-inline");
    expect(policy).not.toContain("unsafe-eval");
  });
});
