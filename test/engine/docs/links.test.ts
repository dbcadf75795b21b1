import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";

/** What the documentation names must be there: files that links lead to, headings behind a #, paths in code marks, scripts of package.json. */
const ROOT = join(import.meta.dirname, "../../..");
const LEFT_OUT = new Set(["node_modules", ".git", ".ledge", ".wrangler", ".svelte-kit"]);
/** Folders of the repository that a path in code marks may begin with; what a reader's own machine has is not looked for. */
const PATH_START = /^(?:\.\/)?(?:app|bench|clients|docs|durable-objects|migrations|test|worker|\.github|\.ci)\//;
const FILE_AT_ROOT = /^(?:README|CONTRIBUTING|CHANGELOG)\.md$|^(?:package|biome|tsconfig)\.json$|^wrangler\.toml$/;

function documents(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return LEFT_OUT.has(entry.name) ? [] : documents(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** Text without blocks of code, in which brackets mean other things. */
function prose(text: string): string {
  return text.replaceAll(/^(```+|~~~+)[^\n]*\n[\s\S]*?^\1\s*$/gm, "").replaceAll(/^(?: {4}|\t).*$/gm, "");
}

/** The anchor that GitHub gives a heading. */
function anchorOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

function anchors(text: string): Set<string> {
  return new Set([...prose(text).matchAll(/^#{1,6} (.+)$/gm)].map((match) => anchorOf(match[1]!)));
}

function brokenLinks(path: string, text: string): string[] {
  const without_code = prose(text).replaceAll(/`[^`\n]*`/g, "code");
  const targets = [...without_code.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file = "", anchor] = target.split("#");
    const found = file === "" ? path : join(dirname(path), file);
    if (!existsSync(found)) return true;
    return anchor !== undefined && !anchors(readFileSync(found, "utf8")).has(anchor);
  });
}

/** Paths in code marks, from the root or from the document's folder; names with a placeholder, a wildcard or an ending of their own are no paths. */
function missingPaths(path: string, text: string): string[] {
  const named = [...prose(text).matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
  return named.filter((name) => {
    if (!(PATH_START.test(name) || FILE_AT_ROOT.test(name)) || /[\s<>*{}…|$]/.test(name)) return false;
    return !existsSync(join(ROOT, name)) && !existsSync(join(dirname(path), name));
  });
}

function unknownScripts(text: string, scripts: Record<string, string>): string[] {
  const named = [...text.matchAll(/\bnpm run ([a-z][a-z0-9:-]*)/g)].map((match) => match[1]!);
  return named.filter((name) => !(name in scripts));
}

const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: Record<string, string> };
const all = documents(ROOT).map((path) => [relative(ROOT, path), path] as const);

describe.each(all)("%s", (_, path) => {
  const text = readFileSync(path, "utf8");

  it("links to what is there", () => {
    expect(brokenLinks(path, text)).toEqual([]);
  });

  it("names paths that are there", () => {
    expect(missingPaths(path, text)).toEqual([]);
  });

  it("names scripts that package.json has", () => {
    expect(unknownScripts(text, scripts)).toEqual([]);
  });
});

describe("the check itself", () => {
  const path = join(ROOT, "README.md");

  it("sees the documents of the repository", () => {
    expect(all.map(([name]) => name)).toEqual(expect.arrayContaining(["README.md", "docs/api.md", "worker/engine/segment/FORMAT.md"]));
  });

  it.each([
    ["a file that is not there", "[x](docs/nowhere.md)", ["docs/nowhere.md"]],
    ["a heading that is not there", "[x](#nowhere)", ["#nowhere"]],
    ["a heading of another file that is not there", "[x](docs/deploy.md#nowhere)", ["docs/deploy.md#nowhere"]],
    ["a heading that is there", "[x](docs/deploy.md#what-you-need)", []],
    ["an address of the web", "[x](https://example.com/nowhere.md)", []],
    ["code", "`a[x](nowhere.md)`\n\n```js\na[0](nowhere.md)\n```\n", []],
  ])("of links: %s", (_, text, broken) => {
    expect(brokenLinks(path, text)).toEqual(broken);
  });

  it.each([
    ["a path that is not there", "see `worker/nowhere.ts`", ["worker/nowhere.ts"]],
    ["a path that is there", "see `worker/limits.ts` and `test/engine`", []],
    ["a path with a placeholder", "see `worker/engine/query/filter-<kind>.ts`", []],
  ])("of paths: %s", (_, text, missing) => {
    expect(missingPaths(path, text)).toEqual(missing);
  });

  it("of scripts", () => {
    expect(unknownScripts("npm run check, npm run nowhere", scripts)).toEqual(["nowhere"]);
  });
});
