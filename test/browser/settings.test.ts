import { TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { call, faultsOfAxe, OWNER, openPage, openStage, type Stage } from "./support/page.ts";

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
}, 300_000);
afterAll(() => stage?.close());

const PAGES = ["keys", "project", "limits", "refused", "usage", "organization", "members", "audit", "account", "security", "preferences"];
/** What stands in place of what is asked for. */
const UNFINISHED = "[aria-busy=true], [aria-hidden=true].flex.flex-col > .bg-raised";

/** Resolves once a page of the settings shows what it asked for. */
async function settled(page: Page): Promise<void> {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.waitForFunction(`document.querySelector(${JSON.stringify(UNFINISHED)}) === null`);
}

async function signInWith(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

describe("settings", () => {
  it.each([
    { name: "wide and dark", options: { colorScheme: "dark" as const, viewport: { width: 1280, height: 800 } } },
    {
      name: "on a phone, light",
      options: { colorScheme: "light" as const, viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
    },
  ])("have nothing that axe finds, $name", async ({ options }) => {
    const { page, faults, close } = await openPage(stage, "/settings/keys", options);
    const found: string[] = [];
    for (const name of PAGES) {
      await page.goto(`${stage.ledge.url}/settings/${name}`);
      await settled(page);
      found.push(...(await faultsOfAxe(page)).map((fault) => `${name}: ${fault}`));
      expect(await page.evaluate("document.documentElement.scrollWidth"), name).toBe(options.viewport.width);
    }
    expect(found).toEqual([]);
    expect(faults).toEqual([]);
    await close();
  });

  it("are walked by keyboard alone: a key is made, used and revoked", async () => {
    const { page, faults, close } = await openPage(stage, "/live");
    await page.getByRole("heading", { level: 1 }).waitFor({ state: "attached" });
    await page.keyboard.press("g");
    await page.keyboard.press("s");
    await page.getByRole("heading", { name: "API keys" }).waitFor();
    await page.getByRole("button", { name: "New key" }).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "New API key" });
    await dialog.getByLabel("Name").focus();
    await page.keyboard.type("pipeline");
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.keyboard.press("Enter");
    const key = (await page.getByTestId("api-key").textContent()) ?? "";
    expect(await faultsOfAxe(page)).toEqual([]);

    const send = (): Promise<Response> =>
      fetch(`${stage.ledge.url}/api/v1/logs`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}` },
        body: '{"message":"by key"}',
      });
    expect((await send()).status).toBe(202);
    await page.getByText("Your first event has arrived").waitFor();
    await page.getByText("by key", { exact: true }).waitFor();
    await page.getByRole("button", { name: "I have copied it" }).press("Enter");

    await page.getByRole("button", { name: "Actions of pipeline" }).press("Enter");
    await page.getByRole("menuitem", { name: "Revoke …" }).press("Enter");
    await page.getByRole("dialog", { name: "Revoke “pipeline”?" }).getByRole("button", { name: "Revoke the key" }).press("Enter");
    await page.getByText("Revoked “pipeline”").waitFor();
    expect((await send()).status).toBe(401);
    await page.getByRole("button", { name: "Actions of pipeline" }).waitFor({ state: "detached" });
    expect(faults).toEqual([]);
    await close();
  });

  it("deletes a project only by its name, and keeps it when asked", async () => {
    const { page, close } = await openPage(stage, "/settings/organization");
    await page.getByRole("button", { name: "New project" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("short-lived");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /Project:.*short-lived/ }).waitFor();
    await page.getByRole("navigation", { name: "Settings" }).getByRole("link", { name: "Project", exact: true }).click();
    await page.getByRole("button", { name: "Delete the project …" }).click();
    const confirm = page.getByRole("button", { name: "Delete in 24 hours" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel("Type “short-lived” to confirm").fill("short-lived");
    await confirm.click();
    await page.getByText("It will be deleted").waitFor();
    await page.getByRole("button", { name: "Keep the project" }).click();
    await page.getByRole("button", { name: "Delete the project …" }).waitFor();
    await close();
  });

  it("takes a refused record after all", async () => {
    const { page, close } = await openPage(stage, "/settings/refused");
    await fetch(`${stage.ledge.url}/in/json`, {
      method: "POST",
      headers: { authorization: `Bearer ${stage.ledge.credentials.api_key}` },
      body: '[{"message":"fine"}, 42]',
    });
    await page.getByRole("button", { name: "Refresh" }).click();
    await page.getByRole("button", { name: "Actions of 1 refused record" }).click();
    await page.getByRole("menuitem", { name: /Store as text/ }).click();
    await page.getByText("1 record stored").waitFor();
    await page.getByText("Nothing was refused in the last two weeks.").waitFor();
    await close();
  });

  it("changes limits, and says what is wrong where it is", async () => {
    const { page, close } = await openPage(stage, "/settings/limits");
    await page.getByLabel("Days").fill("0");
    await page.getByRole("button", { name: "Save" }).click();
    await page.locator("input[aria-invalid=true]").waitFor();
    await page.getByLabel("Days").fill("7");
    await page.getByLabel("Events a UTC day").fill("1,000,000");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved. It holds everywhere within a minute.").waitFor();
    const project = await call<{ retention_days: number; daily_events_max: number }>(page, stage.ledge, "GET", "/api/v1/project");
    expect(project).toMatchObject({ retention_days: 7, daily_events_max: 1_000_000 });
    await close();
  });
});

describe("people", () => {
  it("come by an invitation, and a viewer is told what is not for them", async () => {
    const owner = await openPage(stage, "/settings/members");
    await owner.page.getByRole("button", { name: "Invite" }).click();
    await owner.page.getByLabel("E-mail").fill("vera@example.com");
    await owner.page.getByRole("radio", { name: /Viewer/ }).check();
    await owner.page.getByRole("button", { name: "Make the invitation" }).click();
    const link = (await owner.page.getByTestId("given-link").textContent()) ?? "";
    expect(await faultsOfAxe(owner.page)).toEqual([]);
    await owner.close();

    const { page, faults, close } = await openPage(stage, new URL(link).pathname + new URL(link).hash, { signed_in: false });
    await page.getByRole("heading", { name: /^Join / }).waitFor();
    await page.getByLabel("Your name").fill("Vera");
    await page.getByRole("textbox", { name: "Password" }).fill("vera and her passphrase");
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByRole("button", { name: /^Join / }).click();
    await page.waitForURL(/\/explore/);
    await page.goto(`${stage.ledge.url}/settings/keys`);
    await page.getByText("That is for members, admins and owners; you are a viewer here.").waitFor();
    await page.goto(`${stage.ledge.url}/settings/members`);
    await page.getByText("vera@example.com").waitFor();
    expect(await page.getByRole("button", { name: "Invite" }).count()).toBe(0);
    await page.goto(`${stage.ledge.url}/settings/limits`);
    expect(await page.getByLabel("Days").isDisabled()).toBe(true);
    expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
    await page.goto(`${stage.ledge.url}/settings/usage`);
    await page.getByRole("heading", { name: "By day" }).waitFor();
    expect(faults).toEqual([]);

    await page.goto(link);
    await page.getByRole("heading", { name: "This invitation opens nothing any more" }).waitFor();
    await close();
  });

  it("sign in with a second factor, and with a backup code", async () => {
    const { page, faults, close } = await openPage(stage, "/settings/security");
    await page.getByRole("button", { name: "Turn it on …" }).click();
    await page.getByLabel("Your password").fill(OWNER.password);
    await page.keyboard.press("Enter");
    const secret = (await page.getByTestId("totp-secret").textContent()) ?? "";
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByLabel("Six digits that the app shows").fill(new TOTP({ secret }).generate());
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "The second factor is on" }).waitFor();
    const codes = await page.getByRole("list", { name: "Backup codes" }).getByRole("listitem").allTextContents();
    expect(codes.length).toBeGreaterThan(4);
    await page.getByRole("button", { name: "I have kept them" }).click();
    await page.getByText("on", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Account and looks" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();

    await page.waitForURL(/\/sign-in/);
    await signInWith(page, OWNER.email, OWNER.password);
    await page.getByRole("heading", { name: "Second factor" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.getByLabel("Six digits").fill("000000");
    await page.getByText("That code is not right").waitFor();
    // The code before was used to turn it on, and each opens once: the next one, which counts as well.
    await page.getByLabel("Six digits").fill(new TOTP({ secret }).generate({ timestamp: Date.now() + 30_000 }));
    await page.waitForURL(/\/explore/);

    await page.goto(`${stage.ledge.url}/settings/security`);
    await page.getByRole("button", { name: "Account and looks" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    await signInWith(page, OWNER.email, OWNER.password);
    await page.getByRole("button", { name: "Use a backup code" }).click();
    await page.getByLabel("Backup code").fill(codes[0]!);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/explore/);
    expect(faults).toEqual([]);

    await page.goto(`${stage.ledge.url}/settings/security`);
    await page.getByRole("button", { name: "Turn it off …" }).click();
    await page.getByLabel("Your password").fill(OWNER.password);
    await page.keyboard.press("Enter");
    await page.getByText("The second factor is off").waitFor();
    await close();
  });

  it("set a new password by the link that the terminal shows", async () => {
    const { page, close } = await openPage(stage, "/sign-in", { signed_in: false });
    await page.getByRole("link", { name: "Forgot the password?" }).click();
    await page.getByLabel("E-mail").fill("vera@example.com");
    await page.getByRole("button", { name: "Send me a link" }).click();
    await page.getByRole("heading", { name: /A link was made/ }).waitFor();
    const linkOf = (): string | undefined =>
      stage.ledge
        .logs()
        .findLast((line) => line.includes("vera@example.com"))
        ?.match(/http\S+/)?.[0];
    await expect.poll(linkOf).toBeTruthy();
    await page.goto(linkOf()!);
    await page.getByRole("textbox", { name: "New password" }).fill("another passphrase of vera");
    await page.getByRole("button", { name: "Set it" }).click();
    await page.getByRole("heading", { name: "The new password is set" }).waitFor();
    await page.getByRole("link", { name: "Sign in" }).click();
    await signInWith(page, "vera@example.com", "another passphrase of vera");
    await page.waitForURL(/\/explore/);
    await close();
  });
});
