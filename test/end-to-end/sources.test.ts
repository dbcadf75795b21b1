/**
 * The guides of docs/sources, run: blocks `sh run` by a shell against a running Ledge, in a folder with the guide's blocks `file=…`. What a block printed
 * stands in the block `text answer` behind it, the events that it brought, whole, in the block `json found`; … stands for what differs each time.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Project, Service } from "./support/service.ts";

const ROOT = join(import.meta.dirname, "../..");
const GUIDES = join(ROOT, "docs/sources");
/** What each event has, and no guide shows. */
const UNSHOWN = ["ingest_ts", "fingerprint", "event_id"];

interface Block {
  kind: "run" | "answer" | "found" | "file";
  /** Of a file. */
  name: string;
  text: string;
}

interface Step {
  script: string;
  answer: string | null;
  found: Record<string, unknown>[] | null;
}

function blocksOf(guide: string): Block[] {
  return [...guide.matchAll(/^```\w+ (run|answer|found|file=(\S+))\n([\s\S]*?)^```$/gm)].map(([, info, name = "", text]) => ({
    kind: name === "" ? (info as Block["kind"]) : "file",
    name,
    text: text!,
  }));
}

function stepsOf(blocks: readonly Block[]): Step[] {
  const steps: Step[] = [];
  for (const { kind, text } of blocks) {
    if (kind === "run") steps.push({ script: text, answer: null, found: null });
    else if (kind === "answer") steps.at(-1)!.answer = text;
    else if (kind === "found") steps.at(-1)!.found = JSON.parse(text) as Record<string, unknown>[];
  }
  return steps;
}

function run(
  script: string,
  folder: string,
  env: Record<string, string>,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const path = `${dirname(process.execPath)}:${process.env.PATH}`;
    const child = spawn("bash", ["-euo", "pipefail", "-c", script], { cwd: folder, env: { ...process.env, PATH: path, ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr.on("data", (chunk) => (stderr += String(chunk)));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

function patternOf(answer: string): RegExp {
  const parts = answer.split("…");
  return new RegExp(`^${parts.map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*?")}$`, "s");
}

/** Whatever stands where the guide has …. */
function resolved(shown: unknown, found: unknown): unknown {
  if (shown === "…") return found;
  if (typeof shown === "string" && shown.includes("…") && typeof found === "string" && patternOf(shown).test(found)) return found;
  if (typeof shown !== "object" || shown === null || Array.isArray(shown)) return shown;
  const other = (found ?? {}) as Record<string, unknown>;
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, resolved(value, other[name])]));
}

/** Whether the script's program is there: not every machine has Python. */
function isInstalled(script: string): boolean {
  const [program] = script.trim().split(/\s/);
  return program !== "python3" || spawnSync(program, ["--version"]).status === 0;
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service?.stop());

/** Events that came since there were `before` of them, as guides show them. */
async function newEvents(project: Project, before: ReadonlySet<string>, count: number): Promise<Record<string, unknown>[]> {
  for (let tries = 0; ; tries++) {
    const events = (await service.events(project)) as unknown as Record<string, unknown>[];
    const fresh = events.filter(({ event_id }) => !before.has(event_id as string));
    if (fresh.length >= count || tries === 100) return fresh;
    await sleep(50);
  }
}

const guides = readdirSync(GUIDES)
  .filter((name) => name.endsWith(".md"))
  .map((name) => [name, blocksOf(readFileSync(join(GUIDES, name), "utf8"))] as const)
  .filter(([, blocks]) => blocks.some(({ kind }) => kind === "run"));

describe.each(guides)("%s", (_, blocks) => {
  let folder: string;
  let project: Project;
  beforeAll(async () => {
    project = await service.createProject();
    folder = mkdtempSync(join(tmpdir(), "ledge-guide-"));
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
    for (const { kind, name, text } of blocks) if (kind === "file") writeFileSync(join(folder, name), text);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const steps = stepsOf(blocks).filter(({ script }) => isInstalled(script));
  it.for(steps.map((step) => [step.script.trim().split("\n")[0]!.slice(0, 80), step] as const))("%s", async ([, step]) => {
    const before = new Set(((await service.events(project)) as { event_id?: string }[]).map(({ event_id }) => event_id!));
    const { code, stdout, stderr } = await run(step.script, folder, { LEDGE_URL: service.url, LEDGE_API_KEY: project.key });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    if (step.answer !== null) expect(stdout.trim()).toMatch(patternOf(step.answer.trim()));
    if (step.found === null) return;
    const found = await newEvents(project, before, step.found.length);
    const shown = found.map((event) => Object.fromEntries(Object.entries(event).filter(([name]) => !UNSHOWN.includes(name))));
    expect(shown).toEqual(step.found.map((event, index) => resolved(event, shown[index])));
  });
});

describe("the check itself", () => {
  it("sees the guides", () => {
    expect(guides.map(([name]) => name)).toEqual(expect.arrayContaining(["opentelemetry.md", "loki.md", "csv-json-text.md"]));
  });

  it("takes … for what differs, and nothing else", () => {
    expect('{"id":"a-7"}').toMatch(patternOf('{"id":"…"}'));
    expect('{"id":"a-7","more":1}').not.toMatch(patternOf('{"id":"…"}'));
    expect(resolved({ a: "…", b: { c: 1 } }, { a: 5, b: { c: 2 } })).toEqual({ a: 5, b: { c: 1 } });
  });
});
