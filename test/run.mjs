// `npm test`: installs what is missing, then every stage in order. `node test/run.mjs <stage> [vitest arguments]` runs one.
// Plain JavaScript for Node 20 with nothing installed.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { ensureInstalled, NODE, ROOT } from "../clients/cli/install.mjs";

const RESULTS = join(ROOT, "node_modules/.cache/ledge/test-results");
const env = {
  ...process.env,
  PATH: `${join(ROOT, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
  WRANGLER_SEND_METRICS: "false",
  NO_COLOR: process.env.CI ? "1" : process.env.NO_COLOR,
  // CI: no watching, and snapshots are never written.
  CI: process.env.CI ?? "1",
};
if (env.NO_COLOR === undefined) delete env.NO_COLOR;

const bin = (path) => join(ROOT, "node_modules", path);
const CHECKS = [
  ["types", bin("typescript/bin/tsc"), ["-p", "."]],
  ["types of the app", bin("svelte-check/bin/svelte-check"), ["--workspace", "app", "--tsconfig", "./tsconfig.json", "--fail-on-warnings"]],
  ["format and lint", bin("@biomejs/biome/bin/biome"), ["check", "--error-on-warnings", "."]],
  ["import directions", join(ROOT, "test/support/check-imports.ts"), []],
  ["wrangler.toml and bundle", bin("wrangler/bin/wrangler.js"), ["deploy", "--dry-run", "--outdir", "node_modules/.cache/ledge/dry-run"]],
];

const STAGES = {
  check: runChecks,
  engine: (args) => runVitest("engine", args),
  worker: (args) => runVitest("worker", args),
  "end-to-end": (args) => runVitest("end-to-end", args),
  browser: async (args) => {
    const { findBrowser } = await import("./support/find-browser.mjs");
    env.CHROMIUM_PATH = await findBrowser(env);
    return runVitest("browser", args);
  },
};

/** Each check ends with 0 or fails; all run, two at a time, so that one look shows everything. */
async function runChecks() {
  await prepareApp();
  const counts = { passed: 0, failed: 0 };
  const waiting = [...CHECKS];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const [name, file, args] = check;
      const started = Date.now();
      const { code, output } = await run(NODE, [file, ...args], { quiet: true });
      const ok = code === 0;
      counts[ok ? "passed" : "failed"]++;
      console.log(`  ${ok ? "ok    " : "FAILED"} ${name} (${seconds(started)})`);
      if (!ok) console.log(indent(output.trim()));
    }
  };
  await Promise.all([worker(), worker()]);
  return counts;
}

/** The types of the app's routes are made by SvelteKit, those of the API from the Worker's own description of it. */
async function prepareApp() {
  const made = await Promise.all([
    run(NODE, [bin("@sveltejs/kit/svelte-kit.js"), "sync"], { quiet: true, cwd: join(ROOT, "app") }),
    run(NODE, [join(ROOT, "test/support/api-types.ts")], { quiet: true }),
  ]);
  for (const { code, output } of made) if (code !== 0) console.log(indent(output));
}

/** One project of vitest.config.ts; the counts come from its JSON report. */
async function runVitest(project, args) {
  mkdirSync(RESULTS, { recursive: true });
  const report = join(RESULTS, `${project}.json`);
  const vitest = ["run", "--project", project, "--passWithNoTests", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const started = Date.now();
  const { code } = await run(NODE, [bin("vitest/vitest.mjs"), ...vitest, ...args]);
  const counts = readReport(report, started);
  // A run that failed without a failing test (a file that could not be loaded, an error outside of tests) counts as one.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

function readReport(path, started) {
  if (!existsSync(path)) return { passed: 0, failed: 0 };
  const report = JSON.parse(readFileSync(path, "utf8"));
  if (report.startTime < started - 1000) return { passed: 0, failed: 0 };
  return { passed: report.numPassedTests, failed: report.numFailedTests };
}

function run(command, args, { quiet = false, cwd = ROOT } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
    child.on("error", (error) => resolve({ code: 1, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
const indent = (text) => text.replace(/^/gm, "    ");

async function main() {
  const [only, ...args] = process.argv.slice(2);
  if (only !== undefined && !(only in STAGES)) {
    console.error(`There is no stage "${only}"; there are ${Object.keys(STAGES).join(", ")}.`);
    process.exit(2);
  }
  ensureInstalled();
  const begun = Date.now();
  const total = { passed: 0, failed: 0 };
  const times = [];
  for (const name of only === undefined ? Object.keys(STAGES) : [only]) {
    console.log(`\n── ${name} ──`);
    const started = Date.now();
    let counts;
    try {
      counts = await STAGES[name](args);
    } catch (error) {
      console.error(error instanceof Error ? error.message : error);
      counts = { passed: 0, failed: 1 };
    }
    total.passed += counts.passed;
    total.failed += counts.failed;
    times.push(`${name}: ${counts.passed} passed, ${counts.failed} failed, ${seconds(started)}`);
  }
  console.log(`\n${times.join("\n")}\nin all ${seconds(begun)}\n${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed === 0 ? 0 : 1);
}

await main();
