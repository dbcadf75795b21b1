import type { Page, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfAxe, openPage, openStage, type Stage, send } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
  await send(stage.ledge, [{ level: "info", service: "before", message: "was there before" }]);
}, 300_000);
afterAll(() => stage?.close());

const list = (page: Page) => page.getByRole("list", { name: "Lines as they arrive" });
const lines = (page: Page) => list(page).locator("button.line");
const strip = (page: Page) => page.getByRole("group", { name: "What came" });
const isLive = (page: Page) => page.getByRole("banner").getByText("live", { exact: true });

/** Lines that were received, and those that the page says it missed. */
async function heard(page: Page): Promise<number> {
  const text = await page.locator("main").textContent();
  const numbers = [/([\d,]+) received/, /([\d,]+) not shown/].map((pattern) => pattern.exec(text ?? "")?.[1] ?? "0");
  return numbers.reduce((sum, number) => sum + Number(number.replaceAll(",", "")), 0);
}

async function sendMany(count: number, word: string): Promise<void> {
  const BATCH = 2_000;
  for (let from = 0; from < count; from += BATCH) {
    await send(
      stage.ledge,
      Array.from({ length: Math.min(BATCH, count - from) }, (_, index) => ({
        level: "info",
        service: "flood",
        message: `${word} ${from + index}`,
      })),
    );
  }
}

describe("Live", () => {
  it("shows what came lately and then each line as it arrives", async () => {
    const { page, faults, close } = await openPage(stage, "/live");
    await lines(page).filter({ hasText: "was there before" }).waitFor();
    await isLive(page).waitFor();
    await send(stage.ledge, [{ level: "error", service: "pay", message: "it broke just now" }]);
    await lines(page).filter({ hasText: "it broke just now" }).waitFor();
    await page
      .getByRole("list", { name: /by level/ })
      .getByTitle("1 ERROR")
      .waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await lines(page).filter({ hasText: "it broke just now" }).click();
    await page.getByRole("complementary", { name: "Open line" }).getByRole("button", { name: "pay", exact: true }).click();
    await page.getByRole("menuitem", { name: "Filter out" }).click();
    await page.waitForURL(/q=-service%3Apay/);
    await lines(page).filter({ hasText: "it broke just now" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await close();
  });

  it("filters, and says what cannot be watched", async () => {
    const { page, faults, close } = await openPage(stage, "/live?q=level:warn&since=now");
    await page.getByRole("heading", { name: /^Listening/ }).waitFor();
    await send(stage.ledge, [
      { level: "info", service: "pay", message: "not this one" },
      { level: "warn", service: "pay", message: "but this one" },
    ]);
    await lines(page).filter({ hasText: "but this one" }).waitFor();
    expect(await lines(page).count()).toBe(1);
    await page.goto(`${stage.ledge.url}/live?q=*+%7C+stats+count()`);
    await page.getByRole("alert").getByText("That cannot be watched live").waitFor();
    await page.goto(`${stage.ledge.url}/live?q=level:eror`);
    await page.getByRole("alert").getByText("did you mean error?").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("pauses, and goes on with what came meanwhile", async () => {
    const { page, faults, close } = await openPage(stage, "/live?since=now&q=pausing");
    await isLive(page).waitFor();
    await send(stage.ledge, [{ message: "pausing one" }]);
    await lines(page).filter({ hasText: "pausing one" }).waitFor();
    await page.keyboard.press("p");
    await page.getByRole("banner").getByText("paused").waitFor();
    await send(stage.ledge, [{ message: "pausing two" }]);
    await page.getByRole("button", { name: "Go on" }).click();
    await lines(page).filter({ hasText: "pausing two" }).waitFor();
    expect(await lines(page).count()).toBe(2);
    expect(faults).toEqual([]);
    await close();
  });

  it("stays quick under thousands of lines, holds while somebody reads, and follows again", async () => {
    const { page, faults, close } = await openPage(stage, "/live?since=now&q=service:flood");
    await isLive(page).waitFor();
    await sendMany(12_000, "first");
    // So many at once may be more than a page takes: what it missed it says.
    await expect.poll(() => heard(page), { timeout: 20_000 }).toBe(12_000);
    await lines(page).filter({ hasText: "first" }).first().waitFor();
    expect(await lines(page).count()).toBeLessThan(120);
    await list(page).hover();
    await page.mouse.wheel(0, -2_000);
    await page.getByRole("button", { name: "Follow" }).waitFor();
    const read = await lines(page).nth(20).textContent();
    await sendMany(3_000, "second");
    await expect.poll(() => heard(page), { timeout: 20_000 }).toBe(15_000);
    const follow = page.getByRole("button", { name: /new lines$/ });
    await follow.waitFor();
    expect(await lines(page).nth(20).textContent()).toBe(read);
    expect(await faultsOfAxe(page)).toEqual([]);
    await follow.click();
    await lines(page).filter({ hasText: "second" }).last().waitFor();
    await strip(page).getByText("following").waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("takes a lost connection up again where it broke off, without a gap or a repeat", async () => {
    const { page, faults, close } = await openPage(stage, "/explore");
    const sockets: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/api\/v1\/logs\/stream/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
    await page.goto(`${stage.ledge.url}/live?since=now&q=lost`);
    await isLive(page).waitFor();
    await send(stage.ledge, [{ message: "lost one" }]);
    await lines(page).filter({ hasText: "lost one" }).waitFor();
    await sockets[0]?.close({ code: 1001 });
    await send(stage.ledge, [{ message: "lost two" }]);
    await lines(page).filter({ hasText: "lost two" }).waitFor();
    expect(sockets).toHaveLength(2);
    expect(new URL(sockets[1]?.url() ?? "").searchParams.get("cursor")).toBeTruthy();
    expect(await lines(page).count()).toBe(2);
    expect(faults).toEqual([]);
    await close();
  });

  it.each(["light", "dark"] as const)("fits a phone in %s", async (colorScheme) => {
    const { page, faults, close } = await openPage(stage, "/live?since=-1h", {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
      colorScheme,
    });
    await lines(page).first().waitFor();
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.getByRole("button", { name: "Pause" }).tap();
    expect(await faultsOfAxe(page)).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });
});
