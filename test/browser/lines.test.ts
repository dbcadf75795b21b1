import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage, send } from "./support/page.ts";

let stage: Stage;
const HUGE = `huge ${"x".repeat(60_000)} end`;

beforeAll(async () => {
  stage = await openStage();
  const fields = Object.fromEntries(
    Array.from({ length: 400 }, (_, index) => [`field_${String(index).padStart(3, "0")}`, `value ${index}`]),
  );
  await send(stage.ledge, [
    {
      level: "error",
      service: "hostile",
      message: "<img src=x onerror=alert(1)><script>alert(2)</script>",
      note: "<b>bold</b>",
      formula: '=HYPERLINK("http://evil.example")',
    },
    { level: "info", service: "hostile", message: "paid \u202e000,1$\u202c to \u200bnobody \u001b[31mred \u001b[5mblink\u001b[0m" },
    { level: "info", service: "hostile", message: "👩‍👩‍👧‍👦🏴󠁧󠁢󠁳󠁣󠁴󠁿🔥🔥🔥" },
    { level: "info", service: "hostile", message: "مرحبا بالعالم שלום 123" },
    { level: "info", service: "hostile", message: HUGE },
    { level: "warn", service: "wide", message: "many fields", ...fields },
    ...Array.from({ length: 30 }, (_, index) => ({
      level: index % 2 === 0 ? "info" : "fatal",
      service: "plain",
      message: `step ${index} of the way`,
    })),
  ]);
}, 300_000);
afterAll(() => stage?.close());

const lines = (page: Page) => page.getByRole("list", { name: "Lines" }).locator("button.line");
const asked = (page: Page): string | null => new URL(page.url()).searchParams.get("q");
const widths = (page: Page) => page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");

describe("hostile lines", () => {
  it("are text, with what would hide or turn it made visible", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?q=service:hostile");
    const markup = lines(page).filter({ hasText: "<img src=x onerror=alert(1)>" });
    await markup.waitFor();
    expect(await page.locator("main img, main script").count()).toBe(0);
    const turned = lines(page).filter({ hasText: "nobody" });
    expect(await turned.locator(".hidden-character").allTextContents()).toEqual(["U+202E", "U+202C", "U+200B"]);
    expect(await turned.locator(".ansi-red").first().textContent()).toBe("red ");
    expect(await turned.textContent()).not.toContain("\u202e");
    await lines(page).filter({ hasText: "👩‍👩‍👧‍👦" }).waitFor();
    expect(await widths(page)).toEqual([1280, 1280]);

    await markup.click();
    await page.getByRole("region", { name: "Line", exact: true }).getByRole("button", { name: "<b>bold</b>" }).waitFor();
    await page.getByRole("button", { name: "JSON" }).first().click();
    expect(await page.locator("main b:not(.font-normal)").count()).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });

  it("of any length are cut in the list and whole when they are open", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?q=huge");
    await lines(page).filter({ hasText: "more characters" }).click();
    const detail = page.getByRole("region", { name: "Line", exact: true });
    await detail.getByRole("button", { name: "Show all 60,009 characters" }).click();
    await detail.getByText(/x end$/).waitFor();
    await page.getByRole("button", { name: "Wrap long lines" }).click();
    expect(await widths(page)).toEqual([1280, 1280]);
    expect(faults).toEqual([]);
    await close();
  });

  it("with hundreds of fields show all of them, and find one", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?q=service:wide");
    await lines(page).first().click();
    const detail = page.getByRole("region", { name: "Line", exact: true });
    await detail.getByRole("searchbox", { name: "Search the fields of this line" }).fill("value 399");
    await detail.getByRole("button", { name: "value 399" }).waitFor();
    expect(await detail.getByRole("term").count()).toBe(1);
    expect(faults).toEqual([]);
    await close();
  });
});

describe("by keyboard alone", () => {
  it("a query is written, a line found, opened, filtered by, and left", async () => {
    const { page, faults, close } = await openPage(stage, "/explore");
    await lines(page).first().waitFor();
    await page.keyboard.press("/");
    await page.locator(".cm-content").waitFor();
    await page.keyboard.type("service:plain level:fatal");
    await page.keyboard.press("ControlOrMeta+Enter");
    await lines(page).filter({ hasText: "step 0 of" }).waitFor({ state: "detached" });
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    await page.keyboard.press("j");
    await page.locator("[data-index='2'] button.line:focus").waitFor();
    await page.keyboard.press("Enter");
    const detail = page.getByRole("region", { name: "Line", exact: true });
    await detail.waitFor();
    await page.keyboard.press("s");
    await page.getByRole("list", { name: "Lines around this one" }).waitFor();
    await page.keyboard.press("Escape");
    await detail.waitFor({ state: "detached" });
    await page.keyboard.press("x");
    await page.waitForURL(/fingerprint/);
    await page.getByRole("heading", { name: /^No lines match/ }).waitFor();
    await page.goBack();
    await lines(page).first().waitFor();
    await page.keyboard.press("[");
    await page.waitForURL(/to=/);
    await page.keyboard.press("l");
    await page.waitForURL(/\/live\?.*q=service/);
    expect(faults).toEqual([]);
    await close();
  });
});

describe.each(["light", "dark"] as const)("in %s", (colorScheme) => {
  it("a phone shows lines, opens one as a sheet, filters by fields, and nothing is wider than the screen", async () => {
    const { page, faults, close } = await openPage(stage, "/explore", {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      colorScheme,
    });
    await lines(page).filter({ hasText: "step 29" }).waitFor();
    expect(await widths(page)).toEqual([360, 360]);
    expect(await faultsOfAxe(page)).toEqual([]);
    await lines(page).filter({ hasText: "step 29" }).tap();
    const sheet = page.getByRole("dialog", { name: "plain" });
    await sheet.getByRole("button", { name: "FATAL" }).waitFor();
    expect(await widths(page)).toEqual([360, 360]);
    expect(await faultsOfAxe(page)).toEqual([]);
    await sheet.getByRole("button", { name: "Close" }).tap();
    await sheet.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Fields" }).tap();
    const fields = page.getByRole("dialog", { name: "Fields and values" });
    await fields.getByRole("button", { name: "Filter out plain" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await fields.getByRole("button", { name: "Filter out plain" }).tap();
    await lines(page).filter({ hasText: "step 29" }).waitFor({ state: "detached" });
    expect(asked(page)).toBe("-service:plain");
    expect(faults).toEqual([]);
    await close();
  });

  it("a wide screen shows fields, list and an open line side by side, and axe finds nothing", async () => {
    const { page, faults, close } = await openPage(stage, "/explore", { viewport: { width: 2_000, height: 1_000 }, colorScheme });
    await lines(page).first().click();
    await page.getByRole("complementary", { name: "Open line" }).waitFor();
    await page
      .getByRole("complementary", { name: "Fields and values" })
      .getByRole("button", { name: /^plain/ })
      .waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("what went wrong and what was not found is said, and axe finds nothing", async () => {
    const { page, faults, close } = await openPage(stage, "/explore?q=level:eror", { colorScheme });
    await page.getByRole("alert").waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.goto(`${stage.ledge.url}/explore?q=servise:plain`);
    await page.getByRole("heading", { name: "No lines match in the last 15 minutes." }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByRole("button", { name: "Clear the query" }).click();
    await lines(page).first().waitFor();
    expect(faults).toEqual([]);
    await close();
  });
});
