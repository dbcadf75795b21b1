// A Chromium for the browser tests: the one named by CHROMIUM_PATH, one of the machine, or one that is fetched.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const USUAL = [
  "/usr/bin/chromium",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

/** Path of a Chromium, fetched where there is none: Playwright's own build, else (as root on Debian) the system's package. */
export async function findBrowser(env) {
  const found = installed(env);
  if (found !== null) return found;
  console.log("No Chromium on this machine: fetching one …");
  const { chromium } = await import("playwright-core");
  if (existsSync(chromium.executablePath())) return chromium.executablePath();
  const cli = new URL("../../node_modules/playwright-core/cli.js", import.meta.url).pathname;
  const fetched = spawnSync(process.execPath, [cli, "install", "chromium"], { encoding: "utf8", env, timeout: 300_000 });
  if (fetched.status === 0 && existsSync(chromium.executablePath())) return chromium.executablePath();
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    const options = { encoding: "utf8", env: { ...env, DEBIAN_FRONTEND: "noninteractive" } };
    spawnSync("apt-get", ["update", "-q"], options);
    spawnSync("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], options);
    const packaged = installed(env);
    if (packaged !== null) return packaged;
  }
  throw new Error(
    "No Chromium could be had. Install one (Debian: apt-get install chromium), or name one: CHROMIUM_PATH=/path/to/chromium npm test",
  );
}

function installed(env) {
  if (env.CHROMIUM_PATH) {
    if (existsSync(env.CHROMIUM_PATH)) return env.CHROMIUM_PATH;
    throw new Error(`CHROMIUM_PATH names ${env.CHROMIUM_PATH}, and there is no such file.`);
  }
  const folders = (env.PATH ?? "").split(delimiter);
  const onPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...USUAL, ...onPath].find((path) => existsSync(path)) ?? null;
}
