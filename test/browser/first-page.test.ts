import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { enterKey, openPage, openStage, type Stage, send } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(() => stage?.close());

describe("the first page", () => {
  it("asks for a key, then shows how to send the first line, and the line once it was sent", async () => {
    const { page, faults, close } = await openPage(stage, "/");
    await enterKey(page, stage.ledge.credentials.api_key);
    await page.getByRole("heading", { name: /^No lines/ }).waitFor();
    expect(await page.locator("pre").textContent()).toContain(`curl ${stage.ledge.url}/api/v1/logs`);

    await page.getByRole("button", { name: "Wait for the next line" }).click();
    await send(stage.ledge, [{ level: "error", service: "checkout", message: "payment was refused", order: { total: 12.5 } }]);
    const line = page.getByRole("button", { name: /payment was refused/ });
    await line.waitFor({ timeout: 15_000 });
    expect(await line.locator("svg[aria-label=ERROR]").count()).toBe(1);

    await line.click();
    await page.getByText("order.total").waitFor();
    await page.getByText("12.5", { exact: true }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("remembers the key, searches with the language, and keeps the search in the address", async () => {
    await send(stage.ledge, [
      { level: "warn", service: "billing", message: "invoice 17 is late" },
      { level: "info", service: "mail", message: "invoice 17 was sent" },
    ]);
    const { page, faults, close } = await openPage(stage, "/");
    await enterKey(page, stage.ledge.credentials.api_key);
    await page.getByLabel("Query").fill("service:billing invoice");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /invoice 17 is late/ }).waitFor();
    await page.getByRole("button", { name: /invoice 17 was sent/ }).waitFor({ state: "detached" });
    expect(new URL(page.url()).searchParams.get("q")).toBe("service:billing invoice");
    await page.getByRole("img", { name: /1 lines/ }).waitFor();

    await page.reload();
    await page.getByRole("button", { name: /invoice 17 is late/ }).waitFor();
    await page.goBack();
    await page.getByRole("button", { name: /invoice 17 was sent/ }).waitFor();
    expect(await page.getByLabel("Query").inputValue()).toBe("");
    expect(faults).toEqual([]);
    await close();
  });

  it("filters by a value that is clicked", async () => {
    await send(stage.ledge, [
      { service: "shop", message: "first of two", cart: "a b" },
      { service: "shop", message: "second of two", cart: "c" },
    ]);
    const { page, close } = await openPage(stage, "/?q=service:shop");
    await enterKey(page, stage.ledge.credentials.api_key);
    await page.getByRole("button", { name: /first of two/ }).click();
    await page.getByRole("button", { name: "Filter out cart" }).click();
    await page.getByRole("button", { name: /first of two/ }).waitFor({ state: "detached" });
    await page.getByRole("button", { name: /second of two/ }).waitFor();
    expect(await page.getByLabel("Query").inputValue()).toBe('service:shop -cart:"a b"');
    await close();
  });

  it("says what a wrong key means and takes another", async () => {
    const { page, faults, close } = await openPage(stage, "/");
    await enterKey(page, "ledge_000000000000_0000000000000000000000000000000000000000");
    expect(await page.getByRole("alert").textContent()).toContain("not known here");
    await enterKey(page, stage.ledge.credentials.api_key);
    await page.getByLabel("Query").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("points at the fault in a query", async () => {
    const { page, close } = await openPage(stage, "/");
    await enterKey(page, stage.ledge.credentials.api_key);
    await page.getByLabel("Query").fill("level:error (service:api");
    await page.keyboard.press("Enter");
    const note = page.getByRole("alert");
    await note.waitFor();
    expect(await note.locator("pre").textContent()).toContain("level:error (service:api");
    expect(await note.locator("mark").count()).toBe(1);
    await close();
  });

  it("shows the table of a query with stats", async () => {
    await send(stage.ledge, [
      { service: "tabled", message: "one" },
      { service: "tabled", message: "two" },
    ]);
    const { page, close } = await openPage(stage, `/?${new URLSearchParams({ q: "service:tabled | stats count() by service" })}`);
    await enterKey(page, stage.ledge.credentials.api_key);
    const cells = page.locator("tbody td");
    await cells.first().waitFor();
    expect(await cells.allInnerTexts()).toEqual(["tabled", "2"]);
    await close();
  });
});

describe("hostile lines", () => {
  it("are text: markup, terminal colours and turned writing stay what they are", async () => {
    const message = "<script>alert(1)</script><img src=x onerror=alert(2)> \u001b[31mred\u001b[0m \u202egnirts\u202c done";
    await send(stage.ledge, [{ service: "<b>evil</b>", message, "<i>name</i>": '"><svg onload=alert(3)>' }]);
    const { page, faults, close } = await openPage(stage, "/?q=onerror");
    await enterKey(page, stage.ledge.credentials.api_key);
    const line = page.locator("button.line").first();
    await line.waitFor();
    const shown = await line.textContent();
    expect(shown).toContain("<script>alert(1)</script><img src=x onerror=alert(2)>");
    expect(shown).toContain("ESC[31mred");
    expect(shown).toContain("U+202E");
    for (const hidden of ["\u001b", "\u202e"]) expect(shown).not.toContain(hidden);
    await line.click();
    await page.getByText("<i>name</i>").waitFor();
    expect(await page.locator("main script, main img, main b, main i").count()).toBe(0);
    expect(faults).toEqual([]);
    await close();
  });
});

describe("a phone", () => {
  it.each(["dark", "light"] as const)("shows everything without scrolling sideways (%s)", async (colorScheme) => {
    await send(stage.ledge, [
      {
        level: "fatal",
        service: "a-service-with-a-rather-long-name",
        message: "x".repeat(3_000),
        [`long.${"n".repeat(120)}`]: "v".repeat(500),
      },
    ]);
    const { page, close } = await openPage(stage, "/", { viewport: { width: 360, height: 740 }, colorScheme });
    const widths = () => page.evaluate<number[]>("[document.documentElement.scrollWidth, window.innerWidth]");
    expect(await widths()).toEqual([360, 360]);
    await enterKey(page, stage.ledge.credentials.api_key);
    const line = page.locator("button.line", { hasText: "xxxx" }).first();
    await line.click();
    await page.getByText("vvvv").first().waitFor();
    expect(await widths()).toEqual([360, 360]);
    await close();
  });
});
