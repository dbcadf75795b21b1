import { beforeAll, describe, expect, it } from "vitest";
import { createProject, type TestProject } from "./support/api.ts";
import { get } from "./support/search.ts";

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
});

interface Check {
  valid: boolean;
  canonical: string | null;
  kind: string | null;
  columns: string[] | null;
  pipes: string[];
  marks: object[];
  errors: { message: string; position: number; found: string; expected: string; suggestion: string | null }[];
}

const check = (q: string): Promise<Check> => get(project, "/api/v1/query", { q }) as unknown as Promise<Check>;

describe("checking a query", () => {
  it.each<[string, string, string[] | null, string[]]>([
    ["", "events", null, []],
    ["level:err timeout", "events", null, []],
    ["* | fields service, message", "events", ["service", "message"], ["fields"]],
    ["* | sort -duration_ms", "events", null, ["sort"]],
    ["* | sort -duration_ms | fields service", "table", ["service"], ["sort", "fields"]],
    ["level:error | stats count() as n, p99(x) by service, bucket(5m)", "table", ["service", "bucket", "n", "p99_x"], ["stats"]],
    ["* | timeseries 5m by service", "table", ["bucket", "service", "count"], ["timeseries"]],
  ])("%s gives %s", async (q, kind, columns, pipes) => {
    expect(await check(q)).toMatchObject({ valid: true, kind, columns, pipes, errors: [] });
  });

  it("says the normal form and what to mark", async () => {
    const { canonical, marks } = await check('level:err "connection reset" -health message:~"t(o)+" host:web-*');
    expect(canonical).toContain("level:ERROR");
    const text = { kind: "text", word_start: false, word_end: false, any_case: false };
    expect(marks).toEqual([
      { ...text, field: "level", text: "ERROR", word_start: true, word_end: true },
      { ...text, field: "message", text: "connection reset", word_start: true, word_end: true, any_case: true },
      { kind: "regex", field: "message", pattern: "t(o)+" },
      { ...text, field: "host", text: "web-" },
    ]);
  });

  it("says where the fault is and what was probably meant", async () => {
    expect(await check("level:eror")).toMatchObject({
      valid: false,
      kind: null,
      errors: [{ position: 6, found: "eror", suggestion: "error" }],
    });
    expect(await check("* | stat count()")).toMatchObject({ valid: false, errors: [{ position: 4, found: "stat", suggestion: "stats" }] });
    expect(await check("(a")).toMatchObject({ valid: false, errors: [{ found: "the end" }] });
  });
});

describe("the words of the language", () => {
  it("each have a usage that the parser understands, and a line of help", async () => {
    const words = (await get(project, "/api/v1/query/reference", {})) as unknown as Record<
      string,
      { name: string; usage: string; doc: string }[]
    >;
    expect(words.fields).toContain("trace_id");
    for (const { usage, doc } of words.pipes!) {
      expect(await check(`* | ${usage}`)).toMatchObject({ valid: true });
      expect(doc).toMatch(/\.$/);
    }
    for (const { usage } of words.stats!) expect(await check(`* | stats ${usage}`)).toMatchObject({ valid: true });
    for (const { usage } of words.conditions!) expect(await check(usage)).toMatchObject({ valid: true });
    expect(words.functions!.find(({ name }) => name === "date_trunc")).toMatchObject({ usage: expect.stringContaining("date_trunc(") });
  });
});
