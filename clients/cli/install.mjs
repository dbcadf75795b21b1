// Installs the packages where they are missing or of another package-lock.json, and hands over to the Node among them.
// Plain JavaScript for Node 20 with nothing installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The Node that everything but this file runs on: a package, so that it is the same everywhere. */
export const NODE = join(ROOT, "node_modules/.bin", process.platform === "win32" ? "node.cmd" : "node");
const STAMP = join(ROOT, "node_modules/.cache/ledge/installed");
const NODE_MAJOR_MIN = 20;
const NPM_MAJOR_MIN = 10;

/** Prints what is wrong and what to do, and ends. */
export function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

/** Checks Node and npm and brings node_modules in line with package-lock.json. */
export function ensureInstalled() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < NODE_MAJOR_MIN) {
    fail(
      `Ledge needs Node.js ${NODE_MAJOR_MIN} or newer to start; this is ${process.version}. Install a current one from https://nodejs.org and try again.`,
    );
  }
  const lock = createHash("sha256")
    .update(readFileSync(join(ROOT, "package-lock.json")))
    .update(process.platform + process.arch)
    .digest("hex");
  if (existsSync(NODE) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === lock) return;
  assertNpm();
  console.log("Installing packages (about half a minute, once) …");
  // Not `npm ci`: it insists on packages of every platform that the lock file names, which not every registry mirror holds.
  const install = runNpm(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]);
  if (install.status !== 0) {
    const output = `${install.stdout ?? ""}${install.stderr ?? ""}`.trim();
    fail(
      `${output}\n\nThe packages could not be installed (npm ended with ${install.status ?? install.signal}).\nCheck the network and the registry (npm config get registry), then try again. If it stays so: rm -rf node_modules`,
    );
  }
  const works = spawnSync(NODE, ["--version"], { encoding: "utf8", shell: process.platform === "win32" });
  if (works.status !== 0) {
    fail(
      "The packages are installed but Node.js of node_modules does not run.\nnpm may have been told to skip install scripts (npm config get ignore-scripts). Then try: rm -rf node_modules",
    );
  }
  mkdirSync(dirname(STAMP), { recursive: true });
  writeFileSync(STAMP, lock);
}

/** Runs a TypeScript file and ends with it, in order, whoever tells this process to stop. */
export function handOver(file, args) {
  ensureInstalled();
  const child = spawn(NODE, ["--disable-warning=ExperimentalWarning", join(ROOT, file), ...args], {
    stdio: "inherit",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
    shell: process.platform === "win32",
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // npm, told to stop, ends the shell between itself and this process, which hears nothing: a new parent is the sign.
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 250).unref();
  child.on("error", (error) => fail(`${file} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGKILL" ? 137 : 1)));
}

function assertNpm() {
  const version = runNpm(["--version"]);
  const text = (version.stdout ?? "").trim();
  if (version.status !== 0) fail("Ledge needs npm to install its packages, and none was found. It comes with Node.js: https://nodejs.org");
  if (Number(text.split(".")[0]) < NPM_MAJOR_MIN)
    fail(`Ledge needs npm ${NPM_MAJOR_MIN} or newer; this is ${text}. Try: npm install -g npm`);
}

/** The npm that runs this script, or the one on the PATH. */
function runNpm(args) {
  const options = { cwd: ROOT, encoding: "utf8", env: { ...process.env, NODE_ENV: "development" } };
  const self = process.env.npm_execpath;
  if (self?.endsWith(".js")) return spawnSync(process.execPath, [self, ...args], options);
  return spawnSync("npm", args, { ...options, shell: process.platform === "win32" });
}
