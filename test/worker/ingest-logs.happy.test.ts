import { env } from "cloudflare:workers";
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { streamOf } from "../../worker/catalog/stream.ts";
import { unpackFrame } from "../../worker/engine/segment/frame.ts";
import { call, createProject, type TestProject } from "./support/api.ts";

interface Answer {
  accepted: number;
  rejected: number;
  batch_id: string;
  errors: { index: number; field: string; message: string }[];
}

const EVERYTHING = { from_us: 0, to_us: Number.MAX_SAFE_INTEGER, after_seq: null, start_seq: null, held: [] };

/** Messages that a project's window holds. */
async function storedMessages(project_id: string): Promise<string[]> {
  const { frames } = await streamOf(env, project_id).view(EVERYTHING);
  return frames.flatMap((frame) => {
    const batch = unpackFrame(frame.bytes!, new Set(["message"]));
    return Array.from({ length: batch.rows }, (_, row) => textAt(batch.columns.get("message"), row));
  });
}

function textAt(
  column: ReturnType<typeof unpackFrame>["columns"] extends Map<string, infer C> ? C | undefined : never,
  row: number,
): string {
  if (column?.kind === "dict") return column.values[column.codes[row]!]!;
  if (column?.kind === "bytes") return new TextDecoder().decode(column.bytes.subarray(column.offsets[row], column.offsets[row + 1]));
  throw new Error("no message column");
}

describe("ingest takes", () => {
  let project: TestProject;
  beforeAll(async () => {
    project = await createProject();
  });

  const one = '{"message":"one"}';
  it.each([
    ["one object", "application/json", one, ["one"]],
    ["an array", "application/json", '[{"message":"one"},{"message":"two"}]', ["one", "two"]],
    ["NDJSON", "application/x-ndjson", `${one}\n{"message":"two"}\n`, ["one", "two"]],
    ["NDJSON called jsonl", "application/jsonl; charset=utf-8", `${one}\n{"message":"two"}`, ["one", "two"]],
    ["NDJSON called JSON", "application/json", `${one}\n{"message":"two"}`, ["one", "two"]],
    ["lines of text", "text/plain", "first line\nsecond line\n", ["first line", "second line"]],
    ["JSON with a meaningless type", "application/x-www-form-urlencoded", one, ["one"]],
    ["text with a meaningless type", "application/octet-stream", "[2026-01-01] started", ["[2026-01-01] started"]],
    ["a byte order mark", "application/json", `\ufeff${one}`, ["one"]],
  ])("%s", async (_, type, body, messages) => {
    const own = await createProject();
    const answer = await call("/api/v1/logs", { key: own.key, body, headers: { "content-type": type } });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ accepted: messages.length, rejected: 0, errors: [] });
    expect((await storedMessages(own.project_id)).sort()).toEqual([...messages].sort());
  });

  it.each(["/api/v1/logs", "/api/v1/logs/batch", "/logs", "/ingest", "/v1/projects/{own}/events"])("at %s", async (path) => {
    const answer = await call(path.replace("{own}", project.project_id), { key: project.key, json: { message: path } });
    expect(answer.status).toBe(202);
    expect(await storedMessages(project.project_id)).toContain(path);
  });

  it.each([
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
    ["zstd", (bytes: Buffer) => Buffer.concat([zstdCompressSync(bytes.subarray(0, 40)), zstdCompressSync(bytes.subarray(40))])],
    ["gzip", (bytes: Buffer) => Buffer.concat([gzipSync(bytes.subarray(0, 40)), gzipSync(bytes.subarray(40))])],
    ["identity", (bytes: Buffer) => bytes],
    ["gzip, identity", gzipSync],
  ])("Content-Encoding %s", async (coding, encode) => {
    const own = await createProject();
    const messages = Array.from({ length: 50 }, (_, index) => `compressed line ${index}`);
    const body = encode(Buffer.from(messages.map((message) => JSON.stringify({ message })).join("\n")));
    const answer = await call("/api/v1/logs", {
      key: own.key,
      body,
      headers: { "content-type": "application/x-ndjson", "content-encoding": coding },
    });
    expect(await answer.json()).toMatchObject({ accepted: 50, rejected: 0 });
    expect(await storedMessages(own.project_id)).toEqual(messages);
  });

  it.each([40_960, 65_000, 65_536, 81_920, 100_000, 163_840])("zstd of exactly %i bytes", async (size_bytes) => {
    const frame = JSON.stringify({ message: "" }).length;
    const body = zstdCompressSync(Buffer.from(JSON.stringify({ message: "m".repeat(size_bytes - frame) })));
    const answer = await call("/api/v1/logs", {
      key: project.key,
      body,
      headers: { "content-type": "application/json", "content-encoding": "zstd" },
    });
    expect(answer.status).toBe(202);
  });

  it("good events beside bad ones, and tells which were bad", async () => {
    const own = await createProject();
    const body = '{"message":"good 1"}\n{"message": oops\n42\n{"message":"good 2"}';
    const answer = await call("/api/v1/logs", { key: own.key, body, headers: { "content-type": "application/x-ndjson" } });
    expect(answer.status).toBe(202);
    const { accepted, rejected, errors } = await answer.json<Answer>();
    expect({ accepted, rejected, indexes: errors.map((error) => error.index) }).toEqual({ accepted: 2, rejected: 2, indexes: [1, 2] });
    expect(await storedMessages(own.project_id)).toEqual(["good 1", "good 2"]);
  });

  it.each([
    ["an empty array", "[]"],
    ["blank lines", "\n\n  \n"],
  ])("%s as nothing", async (_, body) => {
    const answer = await call("/api/v1/logs", { key: project.key, body, headers: { "content-type": "application/json" } });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toMatchObject({ accepted: 0, rejected: 0, errors: [] });
  });

  it("defaults from query parameters", async () => {
    const own = await createProject();
    await call("/api/v1/logs?service=billing", {
      key: own.key,
      body: '{"message":"a"}\n{"message":"b","service":"own"}',
      headers: { "content-type": "application/json" },
    });
    const { frames } = await streamOf(env, own.project_id).view(EVERYTHING);
    const column = unpackFrame(frames[0]!.bytes!, new Set(["service"])).columns.get("service")!;
    expect([textAt(column, 0), textAt(column, 1)]).toEqual(["billing", "own"]);
  });

  it("a request twice with the same Idempotency-Key once, however it is compressed", async () => {
    const own = await createProject();
    const body = Buffer.from(JSON.stringify({ message: "once" }));
    const headers = { "content-type": "application/json", "idempotency-key": "order-17" };
    const first = await call("/api/v1/logs", { key: own.key, body, headers });
    const second = await call("/api/v1/logs", { key: own.key, body: gzipSync(body), headers: { ...headers, "content-encoding": "gzip" } });
    const [{ batch_id }, again] = [await first.json<Answer>(), await second.json<Answer>()];
    expect(again).toMatchObject({ accepted: 1, batch_id });
    expect(await storedMessages(own.project_id)).toEqual(["once"]);
  });

  it("another body, or another project, under the same Idempotency-Key as something else", async () => {
    const [own, other] = [await createProject(), await createProject()];
    const headers = { "idempotency-key": "order-17" };
    const answers = await Promise.all([
      call("/api/v1/logs", { key: own.key, json: { message: "a" }, headers }),
      call("/api/v1/logs", { key: own.key, json: { message: "b" }, headers }),
      call("/api/v1/logs", { key: other.key, json: { message: "a" }, headers }),
    ]);
    const ids = await Promise.all(answers.map(async (answer) => (await answer.json<Answer>()).batch_id));
    expect(new Set(ids).size).toBe(3);
  });

  it("an event twice with the same event_id once", async () => {
    const own = await createProject();
    for (const message of ["first", "second"]) await call("/api/v1/logs", { key: own.key, json: { message, event_id: "e-1" } });
    const { frames } = await streamOf(env, own.project_id).view(EVERYTHING);
    expect(frames.map((frame) => frame.rows - (frame.masked?.length ?? 0)).reduce((sum, rows) => sum + rows)).toBe(1);
  });
});
