import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage, send } from "./support/page.ts";

/** Compressed script that a page may need before somebody does something. */
const SCRIPT_SIZE_BYTES_MAX = 150_000;
const MINUTE_MS = 60_000;

let stage: Stage;
const now_ms = Date.now();
const at = (ago_ms: number): string => new Date(now_ms - ago_ms).toISOString();

beforeAll(async () => {
  stage = await openStage();
  const orders = Array.from({ length: 900 }, (_, index) => ({
    timestamp: at(30 * MINUTE_MS + index * 100),
    level: index % 10 === 0 ? "error" : "info",
    service: index % 3 === 0 ? "checkout" : "web",
    message: index % 10 === 0 ? `payment ${index} was refused` : `order ${index} was taken`,
    duration_ms: index,
    order: { id: `o-${index}` },
  }));
  await send(stage.ledge, orders);
  await send(stage.ledge, [
    {
      timestamp: at(2 * MINUTE_MS),
      level: "warn",
      service: "billing",
      message: "invoice 17 is late",
      cart: "a b",
      trace_id: "0af7651916cd43dd8448eb211c80319c",
    },
    { timestamp: at(1 * MINUTE_MS), level: "info", service: "mail", message: "invoice 17 was sent" },
  ]);
}, 300_000);
afterAll(() => stage?.close());

const lines = (page: Page) => page.getByRole("list", { name: "Lines" }).locator("button.line");
const query = (page: Page) => page.getByLabel("Query", { exact: true });
const strip = (page: Page) => page.getByRole("group", { name: "What the answer cost" });
/** The query that is asked for, as it stands in the address. */
const asked = (page: Page): string | null => new URL(page.url()).searchParams.get("q");

/** Writes a query as a person does, in the editor. */
async function write(page: Page, text: string): Promise<void> {
  await query(page).click();
  await page.locator(".cm-content").waitFor();
  await query(page).press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
}

describe("Explore", () => {
  it("shows the newest lines at once, with little script, and asks nobody else for anything", async () => {
    const { page, faults, close } = await openPage(stage, "/explore");
    await lines(page).filter({ hasText: "invoice 17 was sent" }).waitFor();
    const loaded = await page.evaluate<string[]>("performance.getEntriesByType('resource').map(({ name }) => name)");
    const scripts = loaded.filter((name) => new URL(name).pathname.endsWith(".js"));
    const sizes = await Promise.all(scripts.map(async (name) => gzipSync(await (await fetch(name)).bytes()).length));
    const size_bytes = sizes.reduce((sum, size) => sum + size, 0);
    expect(size_bytes).toBeGreaterThan(20_000);
    expect(size_bytes).toBeLessThan(SCRIPT_SIZE_BYTES_MAX);
    expect(await page.locator(".cm-content").count()).toBe(0);
    await page.getByRole("slider", { name: /^Lines over the last 15 minutes: 2$/ }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("searches with the language, keeps the search in the address, and goes back", async () => {
    const { page, faults, close } = await openPage(stage, "/explore");
    await write(page, "service:billing invoice");
    await page.keyboard.press("Enter");
    await lines(page).filter({ hasText: "was sent" }).waitFor({ state: "detached" });
    await lines(page).filter({ hasText: "is late" }).waitFor();
    expect(asked(page)).toBe("service:billing invoice");
    expect(await page.locator("mark").allTextContents()).toContain("invoice");
    await page.reload();
    await lines(page).filter({ hasText: "is late" }).waitFor();
    await page.goBack();
    await lines(page).filter({ hasText: "was sent" }).waitFor();
    expect(asked(page)).toBeNull();
    expect(faults).toEqual([]);
    await close();
  });

  it("completes fields, values with counts, and functions; underlines a fault and mends it", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h");
    await lines(page).first().waitFor();
    await write(page, "");
    await page.keyboard.type("serv");
    const options = page.getByRole("listbox", { name: "Completions" }).getByRole("option");
    await options.filter({ hasText: "service" }).first().waitFor();
    await page.keyboard.press("Tab");
    await options.filter({ hasText: "checkout" }).filter({ hasText: "300" }).waitFor();
    await page.keyboard.type("check");
    await options.first().filter({ hasText: "checkout" }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type(" | stats p9");
    await options.filter({ hasText: "p99(x)" }).waitFor();
    expect(await query(page).textContent()).toBe("service:checkout | stats p9");

    await write(page, "level:eror");
    await page.locator(".cm-lintRange-error").filter({ hasText: "eror" }).waitFor();
    await page.keyboard.press("Escape");
    await page.keyboard.press("ControlOrMeta+Enter");
    await page.getByRole("alert").getByText("The query could not be understood").waitFor();
    await page.getByRole("alert").getByRole("button", { name: "Write error" }).click();
    await lines(page).filter({ hasText: "was refused" }).first().waitFor();
    expect(asked(page)).toBe("level:error");
    expect(faults).toEqual([]);
    await close();
  });

  it("filters by fields and values, for and out, and takes that back", async () => {
    const { page, close } = await openPage(stage, "/explore?from=-1h");
    const service = page.getByRole("region", { name: "service", exact: true });
    await service.getByRole("button", { name: /^checkout/ }).click();
    await page.waitForURL(/q=service%3Acheckout/);
    await strip(page).getByText("300 lines").waitFor();
    await service.getByRole("button", { name: /^checkout/ }).click();
    await strip(page).getByText("902 lines").waitFor();
    await service.getByRole("button", { name: "Filter out web" }).click();
    await strip(page).getByText("302 lines").waitFor();
    expect(asked(page)).toBe("-service:web");
    await page.goBack();
    await strip(page).getByText("902 lines").waitFor();
    await close();
  });

  it("looks closer where somebody drags over the histogram, and wider again", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h");
    const histogram = page.getByRole("slider", { name: /^Lines over .*: 902$/ });
    const box = await histogram.boundingBox();
    if (!box) throw new Error("the histogram has no place");
    await page.mouse.move(box.x + box.width * 0.9, box.y + 30);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width - 2, box.y + 30, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("slider", { name: /^Lines over the chosen time: 2$/ }).waitFor();
    const { searchParams } = new URL(page.url());
    expect(Date.parse(searchParams.get("to") ?? "") - Date.parse(searchParams.get("from") ?? "")).toBeLessThan(10 * MINUTE_MS);
    await page.goBack();
    await page.getByRole("slider", { name: /: 902$/ }).waitFor();
    await page.getByRole("button", { name: "Time: 1 h" }).click();
    await page.getByRole("dialog", { name: "Time" }).getByRole("button", { name: "5 m", exact: true }).click();
    await page.waitForURL(/from=-5m/);
    expect(faults).toEqual([]);
    await close();
  });

  it("opens a line in its place, with all its fields and what can be done with them", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?q=invoice");
    await lines(page).filter({ hasText: "is late" }).click();
    const detail = page.getByRole("region", { name: "Line", exact: true });
    await detail.getByText("0af7651916cd43dd8448eb211c80319c").waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await detail.getByRole("button", { name: "a b" }).click();
    expect(await page.getByRole("menuitem").allTextContents()).toHaveLength(5);
    await page.getByRole("menuitem", { name: "Filter out" }).click();
    await lines(page).filter({ hasText: "is late" }).waitFor({ state: "detached" });
    expect(asked(page)).toBe('invoice -cart:"a b"');

    await page.goBack();
    await detail.getByRole("button", { name: "Surroundings" }).click();
    await page.getByRole("list", { name: "Lines around this one" }).getByText("invoice 17 was sent").waitFor();
    const link = page.url();
    await page.goto(`${stage.ledge.url}/explore?q=nothing_like_this&open=${new URL(link).searchParams.get("open")}`);
    await page.getByRole("complementary", { name: "Open line" }).getByText("invoice 17 is late").first().waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("shows lines as a table with chosen columns, and as JSON", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h&q=duration_ms:>890");
    await lines(page).first().click();
    await page
      .getByRole("region", { name: "Line", exact: true })
      .getByRole("button", { name: /^89\d$/ })
      .click();
    await page.getByRole("menuitem", { name: "Add as column" }).click();
    const table = page.getByRole("table", { name: "Lines" });
    await table.getByRole("columnheader", { name: "duration_ms" }).waitFor();
    expect(new URL(page.url()).searchParams.get("cols")).toBe("level,service,message,duration_ms");
    await table.getByRole("cell", { name: "899", exact: true }).waitFor();
    await table.getByRole("button", { name: "duration_ms" }).click();
    await page.getByRole("menuitem", { name: "Lowest first" }).click();
    await page.waitForURL(/sort/);
    await table.getByRole("row").nth(1).getByRole("cell", { name: "891", exact: true }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByRole("button", { name: "JSON" }).click();
    await page.getByRole("list", { name: "Lines" }).getByText('"order.id": "o-891"').waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("draws tables by themselves, and otherwise where somebody wants", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h&q=*+%7C+stats+count()+by+level");
    await page.getByRole("rowheader", { name: "ERROR" }).waitFor();
    await page.getByRole("group", { name: "Drawn as" }).getByRole("button", { name: "Table" }).click();
    await page.getByRole("columnheader", { name: "count" }).getByRole("button").click();
    await page.getByRole("row").nth(1).getByText("INFO").waitFor();
    expect(new URL(page.url()).searchParams.get("chart")).toBe("table");
    await page.goto(`${stage.ledge.url}/explore?from=-1h&q=*+%7C+timeseries+5m+count()+by+service`);
    await page.locator(".uplot canvas").waitFor();
    await page.getByRole("figure").getByRole("button", { name: "checkout" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.goto(`${stage.ledge.url}/explore?from=-1h&q=*+%7C+stats+count()`);
    await page.getByRole("definition").getByText("902").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("takes what was found away as a file", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h&q=level:error");
    await lines(page).first().waitFor();
    await page.keyboard.press("e");
    const dialog = page.getByRole("dialog", { name: "Export" });
    await dialog.getByText("90 lines").waitFor();
    await dialog.getByRole("button", { name: "CSV" }).click();
    await dialog.getByLabel(/^Columns/).fill("timestamp,message");
    expect(await faultsOfAxe(page)).toEqual([]);
    const downloading = page.waitForEvent("download");
    await dialog.getByRole("link", { name: "Download" }).click();
    const stream = await (await downloading).createReadStream();
    const text = Buffer.concat(await stream.toArray()).toString();
    expect(text.trim().split(/\r?\n/)).toHaveLength(91);
    expect(text).toMatch(/^timestamp,message\r?\n/);
    expect(faults).toEqual([]);
    await close();
  });

  it("goes through all lines page by page, and holds only those near the reader", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h&q=order");
    await lines(page).first().waitFor();
    const list = page.getByRole("list", { name: "Lines" });
    const toEnd = () => list.evaluate((node) => node.parentElement?.scrollTo(0, node.parentElement.scrollHeight));
    for (;;) {
      await toEnd();
      if (await page.getByText("No older lines in this time.").isVisible()) break;
      await strip(page)
        .getByText(/loaded/)
        .waitFor();
    }
    // The end is said before its lines have their heights: it moves once more.
    const last = lines(page).filter({ hasText: "order 899 was taken" });
    await vi.waitFor(
      async () => {
        await toEnd();
        expect(await last.count()).toBe(1);
      },
      { timeout: 15_000, interval: 100 },
    );
    expect(await lines(page).count()).toBeLessThan(120);
    expect(faults).toEqual([]);
    await close();
  });

  it("keeps searches for everybody in the project, and remembers what was run", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?from=-1h&q=level:error");
    await lines(page).first().waitFor();
    await page.keyboard.press("h");
    await page.getByLabel("Name of the search").fill("What went wrong");
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved “What went wrong”").waitFor();
    await page.goto(`${stage.ledge.url}/explore`);
    await page.getByRole("button", { name: "Saved searches and history" }).click();
    expect(await page.getByRole("region", { name: "History" }).getByRole("button").allTextContents()).toContain("level:error");
    await page
      .getByRole("region", { name: "Saved", exact: true })
      .getByRole("button", { name: /^What went wrong/ })
      .click();
    await page.waitForURL((url) => url.searchParams.get("q") === "level:error" && url.searchParams.get("from") === "-1h");
    expect(faults).toEqual([]);
    await close();
  });
});
