import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type Ledge, startLedge } from "../../../clients/cli/local/index.ts";

/** A Ledge in a folder of its own and a browser to look at it with. */
export interface Stage {
  ledge: Ledge;
  browser: Browser;
  close(): Promise<void>;
}

const BROWSER_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** The Chromium that test/run.mjs found; the usual place where a test is run by itself. */
export async function openStage(): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), "ledge-browser-"));
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args: BROWSER_FLAGS });
  const ledge = await startLedge({ home, quiet: true, main: process.env.LEDGE_TEST_MAIN });
  return {
    ledge,
    browser,
    async close() {
      await browser.close();
      await ledge.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

export interface WatchedPage {
  page: Page;
  /** What the page did that it never should: uncaught errors, breaches of its content policy, requests to anybody else. */
  faults: string[];
  close(): Promise<void>;
}

/** A fresh page with storage of its own; the owner is signed in unless told otherwise. */
export async function openPage(
  stage: Stage,
  path: string,
  { signed_in = true, ...options }: BrowserContextOptions & { signed_in?: boolean } = {},
): Promise<WatchedPage> {
  const context = await stage.browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) faults.push(message.text());
  });
  page.on("request", (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith("http") && origin !== stage.ledge.url) faults.push(`third party: ${request.url()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  if (signed_in) await signIn(page, stage.ledge);
  await page.goto(stage.ledge.url + path);
  return { page, faults, close: () => context.close() };
}

export const OWNER = { name: "Ada", email: "ada@example.com", password: "correct horse battery" };

/** A session of the owner, who signs up where nobody has: as a cookie for the page's context. */
export async function signIn(page: Page, ledge: Ledge): Promise<void> {
  const { request } = page.context();
  const headers = { origin: ledge.url };
  const { needs_owner } = (await (await request.get(`${ledge.url}/api/v1/setup`)).json()) as { needs_owner: boolean };
  const path = needs_owner ? "sign-up" : "sign-in";
  const { name, ...known } = OWNER;
  const answer = await request.post(`${ledge.url}/api/v1/auth/${path}`, { headers, data: needs_owner ? OWNER : known });
  if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`);
}

/** Calls the API as the person whose page it is, for what a test prepares; gives the answer's body. @throws where it refuses */
export async function call<Body>(page: Page, ledge: Ledge, method: string, path: string, data?: object): Promise<Body> {
  const headers = { origin: ledge.url, "x-ledge-project": ledge.credentials.project_id };
  const answer = await page.context().request.fetch(ledge.url + path, { method, headers, data });
  if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return (answer.status() === 204 ? null : await answer.json()) as Body;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds on the page as it is: rule and the elements that break it. */
export async function faultsOfAxe(page: Page): Promise<string[]> {
  // The debugger's evaluation is not bound by the page's content policy.
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { target: unknown; failureSummary?: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${JSON.stringify(target)} ${failureSummary ?? ""}`),
    );
  });
}

/** Sends events through the API; resolves once they are accepted. */
export async function send(ledge: Ledge, events: object[]): Promise<void> {
  const response = await fetch(`${ledge.url}/api/v1/logs`, {
    method: "POST",
    headers: { authorization: `Bearer ${ledge.credentials.api_key}`, "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  if (response.status !== 202) throw new Error(`not accepted: ${response.status} ${await response.text()}`);
}
