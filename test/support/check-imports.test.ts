import { describe, expect, it } from "vitest";
import { checkSources } from "./check-imports.ts";

/** Messages for one file of the given text. */
function complaints(path: string, text: string): string[] {
  return checkSources([{ path, text }]).map((violation) => `${violation.line}: ${violation.message}`);
}

describe("import arrows", () => {
  const refused: [string, string, RegExp][] = [
    ["worker/engine/segment/read.ts", 'import { parseQuery } from "../query/parse.ts";', /engine\/segment may not import engine\/query/],
    ["worker/engine/query/match.ts", 'import { decodeJson } from "../decode/json.ts";', /engine\/query may not import engine\/decode/],
    ["worker/engine/batch/x.ts", 'import { Hono } from "hono";', /engine may not import "hono"; only hyparquet/],
    ["worker/engine/batch/x.ts", 'import { readFileSync } from "node:fs";', /may not import "node:fs"/],
    ["worker/engine/batch/x.ts", 'import { Problem } from "../../errors.ts";', /engine may not import errors/],
    ["worker/search/route.ts", 'import { body } from "../ingest/body.ts";', /search may not import ingest/],
    ["worker/search/route.ts", 'import type { Body } from "../ingest/body.ts";', /search may not import ingest/],
    ["worker/search/route.ts", 'import { decodeJson } from "../engine/decode/json.ts";', /search may not import engine\/decode/],
    ["worker/auth/key.ts", 'const route = await import("../manage/route.ts");', /auth may not import manage/],
    ["worker/catalog/x.ts", 'export { key } from "../auth/key.ts";', /catalog may not import auth/],
    ["worker/jobs/x.ts", 'import worker from "../index.ts";', /jobs may not import index/],
    ["worker/jobs/x.ts", 'import { ProjectStream } from "../../durable-objects/project-stream/index.ts";', /objects .* except for types/],
    [
      "durable-objects/project-stream/x.ts",
      'import { keys } from "../../worker/catalog/keys.ts";',
      /objects may not import catalog .* except for types/,
    ],
    ["app/src/lib/api.ts", 'import { parseQuery } from "../../../worker/engine/query/parse.ts";', /app may not import .* except for types/],
    ["test/worker/a.test.ts", 'import worker from "../../worker/index.ts";', /test may not import index/],
    ["worker/engine/segment/read.ts", 'let q: import("../query/tree.ts").Query;', /engine\/segment may not import engine\/query/],
  ];
  it.each(refused)("%s refuses %s", (path, text, message) => {
    const found = complaints(path, text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(message);
  });

  const allowed: [string, string][] = [
    ["worker/engine/segment/read.ts", 'import { BatchId } from "../batch/batch-id.ts";\nimport { zstdCompressSync } from "node:zlib";'],
    ["worker/engine/query/match.ts", 'import { RE2JS } from "re2js";\nimport { QUERY_LENGTH_MAX } from "../../limits.ts";'],
    ["worker/ingest/body.ts", 'import { decodeJson } from "../engine/decode/json.ts";\nimport type { Env } from "../env.ts";'],
    [
      "worker/index.ts",
      'import { route } from "./search/route.ts";\nexport { ProjectStream } from "../durable-objects/project-stream/index.ts";',
    ],
    ["worker/env.ts", 'import type { ProjectStream } from "../durable-objects/project-stream/index.ts";'],
    [
      "durable-objects/project-stream/x.ts",
      'import { DurableObject } from "cloudflare:workers";\nimport { type Env } from "../../worker/env.ts";',
    ],
    ["app/src/lib/api.ts", 'import type { EventRecord } from "../../../worker/engine/batch/record.ts";\nimport { x } from "$lib/y";'],
    ["test/end-to-end/support/main-failing.ts", 'import worker from "../../../worker/index.ts";'],
  ];
  it.each(allowed)("%s allows %s", (path, text) => expect(complaints(path, text)).toEqual([]));

  it("reads the scripts of components and counts lines from the file's start", () => {
    const text = '<h1>x</h1>\n<script lang="ts">\n  import worker from "../../../worker/index.ts";\n</script>\n';
    expect(complaints("app/src/routes/+page.svelte", text)).toEqual(["3: app may not import index (worker/index.ts)"]);
  });

  it("is not misled by comments and strings", () => {
    expect(complaints("worker/search/a.ts", '// import x from "../ingest/body.ts";\nconst s = `import "../ingest/body.ts"`;')).toEqual([]);
  });
});

describe("other rules", () => {
  it.each(['eval("1")', 'new Function("return 1")', 'Function("return 1")'])("finds %s", (text) => {
    expect(complaints("worker/search/a.ts", `\n${text};`)).toEqual(["2: makes code from text (eval or new Function)"]);
  });

  it("finds a file that is too long", () => {
    expect(complaints("worker/search/a.ts", "\n".repeat(500))).toEqual([]);
    expect(complaints("worker/search/a.ts", "\n".repeat(501))).toEqual(["1: has 501 lines; 500 is the most: split it"]);
  });
});
