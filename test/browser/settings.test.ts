import { randomBytes } from "node:crypto";
import { TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deadLetterKey } from "../../worker/catalog/keys.ts";
import { randomBatchId } from "../../worker/engine/batch/batch-id.ts";
import { decodeJson } from "../../worker/engine/decode/json.ts";
import { packBatches } from "../../worker/ingest/pack.ts";
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
  await page.locator(UNFINISHED).first().waitFor({ state: "detached" });
}

/** One event as ingest packs it. */
function frameOf(project_id: string, message: string): Uint8Array {
  const batch_id = randomBatchId(Date.now(), randomBytes(8));
  const { batches } = decodeJson(new TextEncoder().encode(JSON.stringify([{ message }])), { received_us: Date.now() * 1000, defaults: {} });
  return packBatches(batches, { batch_id, project_id, shard: 0, accepted_us: Date.now() * 1000 })[0]!;
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

  it("founds an organization, which is deleted by its name once it has no projects", async () => {
    const { page, faults, close } = await openPage(stage, "/settings/organization");
    await page.getByRole("button", { name: "Found an organization …" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Skunkworks");
    await page.keyboard.press("Enter");
    await page.waitForURL(/settings\/organization\?o=/);
    await page.getByText("None yet. A project holds the logs of one product or environment.").waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    await page.reload();
    await page.getByRole("button", { name: "Delete the organization …" }).click();
    const confirm = page.getByRole("dialog").getByRole("button", { name: "Delete the organization" });
    const typed = page.getByLabel("Type “Skunkworks” to confirm");
    await typed.fill("skunkworks");
    expect(await confirm.isDisabled()).toBe(true);
    await typed.fill("Skunkworks");
    await confirm.click();
    await page.waitForURL(/settings\/organization\?p=/);
    const { organizations } = await call<{ organizations: { name: string }[] }>(page, stage.ledge, "GET", "/api/v1/organizations");
    expect(organizations.map(({ name }) => name)).not.toContain("Skunkworks");
    expect(await page.getByRole("button", { name: "Delete the organization …" }).isDisabled()).toBe(true);
    expect(faults).toEqual([]);
    await close();
  });

  it("rotates a key: both work until the old one's time is over, and the audit log names it", async () => {
    const { page, faults, close } = await openPage(stage, "/settings/keys");
    const { api_key: old_key } = await call<{ api_key: string }>(page, stage.ledge, "POST", "/api/v1/keys", {
      name: "turning",
      scopes: ["ingest"],
    });
    await page.reload();
    const rotate = async (overlap: string): Promise<string> => {
      await page.getByRole("button", { name: "Actions of turning" }).first().click();
      await page.getByRole("menuitem", { name: "Rotate …" }).click();
      const dialog = page.getByRole("dialog", { name: "Rotate “turning”" });
      await dialog.getByLabel("The old key goes on for").selectOption({ label: overlap });
      await dialog.getByRole("button", { name: "Make the new key" }).click();
      const key = (await page.getByTestId("api-key").textContent()) ?? "";
      await page.getByRole("button", { name: "I have copied it" }).click();
      return key;
    };
    const statusOf = async (key: string): Promise<number> => {
      const init = { method: "POST", headers: { authorization: `Bearer ${key}` }, body: '{"message":"by key"}' };
      return (await fetch(`${stage.ledge.url}/api/v1/logs`, init)).status;
    };
    const second_key = await rotate("one hour");
    const old_row = page.getByRole("listitem").filter({ hasText: "turning" }).filter({ hasText: "replaced" });
    await old_row.getByText("ends in 1 h").waitFor();
    expect([await statusOf(old_key), await statusOf(second_key)]).toEqual([202, 202]);
    const third_key = await rotate("not at all: it ends at once");
    expect([await statusOf(old_key), await statusOf(second_key), await statusOf(third_key)]).toEqual([202, 401, 202]);

    await page.getByRole("link", { name: "Audit log" }).click();
    await page
      .getByText(/rotated a key “turning”/)
      .first()
      .waitFor();
    expect(faults).toEqual([]);
    await close();
  });

  it("stores a dead letter after all", async () => {
    const { project_id } = stage.ledge.credentials;
    const bucket = await stage.ledge.miniflare.getR2Bucket("BUCKET", "ledge");
    const custom = (reason: string) => ({ customMetadata: { reason, failed_at: new Date().toISOString() } });
    await bucket.put(deadLetterKey(project_id, "1-sound"), frameOf(project_id, "from a dead letter"), custom("it was not taken"));
    await bucket.put(deadLetterKey(project_id, "2-torn"), new Uint8Array(3), custom("it is torn"));
    const { page, faults, close } = await openPage(stage, "/settings/refused");
    const sound = page.getByRole("listitem").filter({ hasText: "it was not taken" });
    await sound.getByRole("button", { name: /^Replay the batch/ }).click();
    await page.getByText("1 batch stored").waitFor();
    await sound.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Replay all" }).click();
    await page.getByText(/1 batch failed again/).waitFor();
    await page.getByRole("listitem").filter({ hasText: "it is torn" }).waitFor();
    expect(await faultsOfAxe(page)).toEqual([]);
    const found = await call<{ events: unknown[] }>(page, stage.ledge, "GET", "/api/v1/logs?text=dead");
    expect(found.events).toHaveLength(1);
    expect(faults).toEqual([]);
    await bucket.delete(deadLetterKey(project_id, "2-torn"));
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
    const name = (await call<{ name: string }>(page, stage.ledge, "GET", "/api/v1/project")).name;
    const confirm = page.getByRole("button", { name: "Remove older events" });
    expect(await confirm.isDisabled()).toBe(true);
    await page.getByLabel(`Type “${name}” to confirm`).fill(name);
    await confirm.click();
    await page.getByText("Saved. It holds everywhere within a minute.").waitFor();
    const project = await call<{ retention_days: number; daily_events_max: number }>(page, stage.ledge, "GET", "/api/v1/project");
    expect(project).toMatchObject({ retention_days: 7, daily_events_max: 1_000_000 });
    await close();
  });
});

describe("preferences", () => {
  it("follow the person to another browser, and hold in this one where the service is out of reach", async () => {
    const first = await openPage(stage, "/settings/preferences", { colorScheme: "light" });
    const written = first.page.waitForResponse(
      (response) => response.url().endsWith("/account/settings") && response.request().method() === "PUT",
    );
    await first.page.getByRole("button", { name: "Graphite" }).click();
    await first.page.getByLabel("Wrap long lines").check();
    expect((await written).status()).toBe(200);
    expect(first.faults).toEqual([]);
    await first.close();

    const second = await openPage(stage, "/settings/preferences", { colorScheme: "light" });
    await second.page.locator("html[data-theme=dark]").waitFor();
    expect(await second.page.getByLabel("Wrap long lines").isChecked()).toBe(true);
    await second.page.context().setOffline(true);
    await second.page.getByRole("button", { name: "As the system" }).click();
    await second.page.getByLabel("Wrap long lines").uncheck();
    await second.page.locator("html:not([data-theme])").waitFor();
    await second.page.context().setOffline(false);
    const caught_up = second.page.waitForResponse(
      (response) => response.url().endsWith("/account/settings") && response.request().method() === "PUT",
    );
    await second.page.reload();
    expect((await caught_up).status()).toBe(200);
    expect(await call(second.page, stage.ledge, "GET", "/api/v1/account/settings")).toMatchObject({ theme: "system", wrap: false });
    expect(second.faults).toEqual([]);
    await second.close();
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
    await page.getByLabel("Six digits that the app shows").and(page.locator(":focus")).fill(new TOTP({ secret }).generate());
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
    await page.getByRole("heading", { name: "Forgot the password?" }).waitFor();
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
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByRole("heading", { name: "The new password is set" }).waitFor();
    await page.getByRole("link", { name: "Sign in" }).click();
    await signInWith(page, "vera@example.com", "another passphrase of vera");
    await page.waitForURL(/\/explore/);
    await close();
  });
});
