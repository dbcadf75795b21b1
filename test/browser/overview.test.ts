import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage, send } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

describe("the overview", () => {
  it("is of use before anything was sent, and counts what comes, each figure a door into Explore", async () => {
    const { page, faults, close } = await openPage(stage, "/overview");
    await page.getByRole("heading", { name: "Nothing arrived in the last 24 hours" }).waitFor();
    await page.getByRole("link", { name: "Send logs" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);

    const events = Array.from({ length: 20 }, (_, index) => ({
      level: index < 5 ? "error" : "info",
      service: index % 4 === 0 ? "api" : "web",
      message: index < 5 ? `payment ${index} failed for <b>user</b>` : "fine",
    }));
    await send(stage.ledge, events);
    await page.reload();
    const tile = page.getByRole("link", { name: /^Errors/ });
    await tile.filter({ hasText: "25 % of all events" }).waitFor();
    await page.getByRole("link", { name: /payment \d failed for <b>user<\/b>/ }).waitFor();
    await page.getByRole("row", { name: /^web/ }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    expect(await tile.getAttribute("href")).toMatch(/^\/explore\?p=\w+&q=level%3A%28error%2C\+fatal%29&from=-24h$/);
    expect(await page.getByRole("link", { name: "web", exact: true }).getAttribute("href")).toContain("q=service%3Aweb");
    await page.getByRole("button", { name: "1 h", exact: true }).click();
    await page.waitForURL(/from=-1h/);
    await tile.click();
    await page.waitForURL(/\/explore\?.*from=-1h/);
    expect(faults).toEqual([]);
    await close();
  });

  it("fits a phone, dark and light", async () => {
    for (const colorScheme of ["dark", "light"] as const) {
      const { page, close } = await openPage(stage, "/overview", {
        colorScheme,
        viewport: { width: 360, height: 740 },
        hasTouch: true,
        isMobile: true,
      });
      await page.getByRole("row", { name: /^web/ }).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      expect(await faultsOfAxe(page)).toEqual([]);
      await close();
    }
  });
});
