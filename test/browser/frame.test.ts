import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

describe("the frame", () => {
  it("leads to every page by the rail, by two keys and by the palette", async () => {
    const { page, faults, close } = await openPage(stage, "/");
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Live" }).click();
    await page.waitForURL(/\/live/);
    // Two keys are one where they follow each other soon: not while the page is still being made.
    const byTwoKeys = async () => {
      await page.keyboard.press("g");
      await page.keyboard.press("o");
      await page.waitForURL(/\/overview/, { timeout: 2_000 });
    };
    await vi.waitFor(byTwoKeys, { timeout: 15_000 });
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: "Search or jump" }).fill("metr");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/metrics/);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard" }).getByText("Go to").waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog", { name: "Keyboard" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await close();
  });

  it("is a bar of five below on a phone, and nothing is wider than the screen", async () => {
    const { page, close } = await openPage(stage, "/", { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
    expect(await page.getByRole("navigation", { name: "Main" }).getByRole("link").count()).toBe(5);
    await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await faultsOfAxe(page)).toEqual([]);
    await close();
  });

  it("keeps the theme and the zone that were chosen", async () => {
    const { page, faults, close } = await openPage(stage, "/", { timezoneId: "Asia/Kathmandu", colorScheme: "dark" });
    await page.getByRole("button", { name: /UTC\+5:45, the zone/ }).click();
    await page.getByRole("button", { name: "Account and looks" }).click();
    await page.getByRole("menuitem", { name: "Paper (light)" }).click();
    await page.reload();
    await page.getByRole("button", { name: /^UTC, the zone/ }).waitFor();
    expect(await page.evaluate("getComputedStyle(document.documentElement).colorScheme")).toBe("light");
    expect(faults).toEqual([]);
    await close();
  });
});
