import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { faultsOfAxe, OWNER, openPage, openStage, type Stage } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

describe("the first run", () => {
  it("leads from an empty service to the first event", async () => {
    const { page, faults, close } = await openPage(stage, "/", { signed_in: false });
    await page.waitForURL(/\/setup$/);
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByLabel("Your name").fill(OWNER.name);
    await page.getByLabel("E-mail").fill(OWNER.email);
    await page.getByRole("textbox", { name: "Password" }).fill(OWNER.password);
    await page.getByRole("button", { name: /^(Sign in|Create the account)$/ }).click();

    await page.getByLabel("Project").fill("shop");
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.keyboard.press("Enter");

    await page.getByText("Waiting for your first event").waitFor();
    const key = (await page.getByTestId("api-key").textContent()) ?? "";
    expect(key).toMatch(/^ledge_/);
    await page.getByRole("tab", { name: "Fluent Bit" }).click();
    expect(await page.getByRole("region", { name: "Snippet for Fluent Bit" }).textContent()).toContain(key);
    await page.getByRole("tab", { name: "curl" }).click();
    const curl = (await page.getByRole("region", { name: "Snippet for curl" }).textContent()) ?? "";
    expect(curl).toContain(`curl ${stage.ledge.url}/api/v1/logs`);
    expect(await faultsOfAxe(page)).toEqual([]);

    const response = await fetch(`${stage.ledge.url}/api/v1/logs`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: /-d '(.*)'/.exec(curl)?.[1],
    });
    expect(response.status).toBe(202);
    await page.getByText("Your first event has arrived").waitFor();
    await page.getByText("the first line", { exact: true }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByRole("link", { name: "Explore your logs" }).click();
    await page.waitForURL(/\/explore\?p=/);
    await page.getByRole("button", { name: /Project:.*shop/ }).waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("is closed to whoever comes later", async () => {
    const { page, close } = await openPage(stage, "/setup", { signed_in: false });
    await page.getByRole("heading", { name: "This Ledge has an owner already" }).waitFor();
    await close();
  });
});

describe("signing in", () => {
  it("opens what was asked for, and no address of elsewhere", async () => {
    const { page, faults, close } = await openPage(stage, "/live?p=nothing&q=level%3Aerror", { signed_in: false });
    await page.waitForURL(/\/sign-in\?next=/);
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByLabel("E-mail").fill(OWNER.email);
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("do not belong together").waitFor();
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("button", { name: /^(Sign in|Create the account)$/ }).click();
    await page.waitForURL(/\/live\?.*q=level%3Aerror/);
    await page.getByRole("button", { name: "Account and looks" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);

    await page.goto(`${stage.ledge.url}/sign-in?next=//example.com/`);
    await page.getByLabel("E-mail").fill(OWNER.email);
    await page.getByLabel("Password").fill(OWNER.password);
    await page.getByRole("button", { name: /^(Sign in|Create the account)$/ }).click();
    await page.waitForURL(/\/explore/);
    expect(faults).toEqual([]);
    await close();
  });
});
