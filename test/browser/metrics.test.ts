import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage, send } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

describe("metrics", () => {
  it("are declared from a query with a preview, shown as a chart, changed and deleted", async () => {
    const { page, faults, close } = await openPage(stage, "/metrics");
    const events = Array.from({ length: 30 }, (_, index) => ({
      timestamp: new Date(Date.now() - (3 + (index % 3)) * 60_000).toISOString(),
      level: index % 3 === 0 ? "error" : "info",
      service: index % 2 === 0 ? "api" : "web",
      message: "counted",
      duration_ms: index,
    }));
    await send(stage.ledge, events);
    await page.getByRole("heading", { name: "No metric is declared yet" }).waitFor();
    await page.getByRole("link", { name: "ledge_events" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    expect(await page.getByRole("link", { name: "Errors by service, as a start" }).getAttribute("href")).toContain("q=level");

    const query = "service:(api, web) | stats count() as all, count() where (level:error) as errors by service, bucket(1m)";
    await page.goto(`${stage.ledge.url}/metrics/new?q=${encodeURIComponent(query)}`);
    const preview = page.getByRole("region", { name: "Preview" });
    await preview.getByText("of 30 events").waitFor();
    await preview.getByText("2 series").waitFor();
    await page.getByLabel("Value", { exact: true }).fill("errors / nothing");
    await page.locator("input[aria-invalid=true]").waitFor();
    await page.getByLabel("Value", { exact: true }).fill("errors / all * 100");
    await page.locator("input[aria-invalid=true]").waitFor({ state: "detached" });
    await page.getByLabel("Name", { exact: true }).fill("errors_percent");
    await page.getByLabel(/^Unit/).fill("%");
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByRole("button", { name: "Declare the metric" }).click();

    await page.waitForURL(/\/metrics\/view\?.*name=errors_percent/);
    await page.getByRole("row", { name: /^api/ }).waitFor();
    await page.getByRole("row", { name: /^web/ }).waitFor();
    await page.locator("canvas").first().waitFor();
    await page.getByText("none came too late").waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);

    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByLabel(/^Description/).fill("Share of errors");
    await page.getByRole("button", { name: "Save the metric" }).click();
    await page.getByText("Share of errors").waitFor();

    await page.getByRole("button", { name: "Delete …" }).click();
    await page.getByLabel("Type “errors_percent” to confirm").fill("errors_percent");
    await page.getByRole("button", { name: "Delete the metric" }).click();
    await page.getByRole("heading", { name: "No metric is declared yet" }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("fit a phone in both themes", async () => {
    for (const colorScheme of ["dark", "light"] as const) {
      const options = { colorScheme, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
      const { page, close } = await openPage(stage, "/metrics/view?name=ledge_events", options);
      await page.getByText(/events? counted live/).waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      expect(await faultsOfAxe(page)).toEqual([]);
      await page.goto(`${stage.ledge.url}/metrics/new`);
      await page
        .getByRole("region", { name: "Preview" })
        .getByText(/of \d+ events/)
        .waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
      expect(await faultsOfAxe(page)).toEqual([]);
      await close();
    }
  });
});
