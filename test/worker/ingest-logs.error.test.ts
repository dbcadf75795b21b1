import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import {
  BODY_DECOMPRESSED_SIZE_BYTES_MAX,
  BODY_SIZE_BYTES_MAX,
  EVENT_SIZE_BYTES_MAX,
  FIELD_SIZE_BYTES_MAX,
  IDEMPOTENCY_KEY_LENGTH_MAX,
  ZSTD_FRAMES_PER_BODY_MAX,
} from "../../worker/limits.ts";
import { call, createProject, problemOf, type TestProject } from "./support/api.ts";

const JSON_TYPE = "application/json";

let project: TestProject;
beforeAll(async () => {
  project = await createProject();
});

function send(body: BodyInit, headers: Record<string, string> = { "content-type": JSON_TYPE }, path = "/api/v1/logs"): Promise<Response> {
  return call(path, { key: project.key, body, headers });
}

describe("refused with a problem document", () => {
  it.each<[string, number, string, BodyInit, Record<string, string>]>([
    ["an empty body", 400, "bad_request", "", { "content-type": JSON_TYPE }],
    ["an empty gzip body", 400, "bad_request", gzipSync(""), { "content-type": JSON_TYPE, "content-encoding": "gzip" }],
    ["not JSON at all", 400, "bad_request", "<html>", { "content-type": JSON_TYPE }],
    ["binary without a type", 415, "unsupported_media_type", new Uint8Array([1, 0, 2]), {}],
    ["a type for other things", 415, "unsupported_media_type", "a,b", { "content-type": "text/csv" }],
    ["a form with files", 415, "unsupported_media_type", "--x", { "content-type": "multipart/form-data; boundary=x" }],
    ["a charset besides UTF-8", 415, "unsupported_media_type", "{}", { "content-type": "application/json; charset=utf-16" }],
    ["an unknown coding", 415, "unsupported_media_type", "{}", { "content-type": JSON_TYPE, "content-encoding": "lzw" }],
    ["a chain of codings", 415, "unsupported_media_type", "{}", { "content-type": JSON_TYPE, "content-encoding": "gzip, zstd" }],
    ["what is not gzip", 400, "bad_request", "plain", { "content-type": JSON_TYPE, "content-encoding": "gzip" }],
    ["what is not deflate", 400, "bad_request", "plain", { "content-type": JSON_TYPE, "content-encoding": "deflate" }],
    ["what is not brotli", 400, "bad_request", "plain text here", { "content-type": JSON_TYPE, "content-encoding": "br" }],
    ["what is not zstd", 400, "bad_request", "plain", { "content-type": JSON_TYPE, "content-encoding": "zstd" }],
  ])("%s: %i %s", async (_, status, code, body, headers) => {
    const answer = await send(body, headers);
    expect(answer.status).toBe(status);
    const problem = await problemOf(answer);
    expect(problem).toMatchObject({ status, code });
    expect(problem.detail.length).toBeGreaterThan(0);
    expect(problem.instance).toBe(`urn:ledge:request:${answer.headers.get("x-request-id")}`);
  });

  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ])("%s that is cut off", async (coding, encode) => {
    const whole = encode(Buffer.from(`{"message":"${"text ".repeat(300)}"}`));
    for (const left_out of [1, 3, Math.floor(whole.length / 2)]) {
      const answer = await send(whole.subarray(0, whole.length - left_out), { "content-type": JSON_TYPE, "content-encoding": coding });
      expect({ left_out, status: answer.status }).toEqual({ left_out, status: 400 });
    }
  });

  it.each([
    ["gzip", gzipSync],
    ["br", (bytes: Buffer) => brotliCompressSync(bytes, { params: { 1: 1 } })],
    ["zstd", zstdCompressSync],
  ])("a bomb of %s", async (coding, encode) => {
    const answer = await send(encode(Buffer.alloc(BODY_DECOMPRESSED_SIZE_BYTES_MAX + 1, " ")), {
      "content-type": JSON_TYPE,
      "content-encoding": coding,
    });
    expect(answer.status).toBe(413);
    expect(await problemOf(answer)).toMatchObject({ code: "too_large", limit_bytes: BODY_DECOMPRESSED_SIZE_BYTES_MAX });
  });

  it("a great many zstd frames", async () => {
    const frame = zstdCompressSync(Buffer.from(" "));
    const body = Buffer.concat(new Array<Buffer>(ZSTD_FRAMES_PER_BODY_MAX + 1).fill(frame));
    expect((await send(body, { "content-type": JSON_TYPE, "content-encoding": "zstd" })).status).toBe(400);
  });

  it("a body above the limit, declared or streamed", async () => {
    const body = new Uint8Array(BODY_SIZE_BYTES_MAX + 1).fill(0x20);
    expect((await send(body)).status).toBe(413);
    let left_bytes = body.length;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = body.subarray(0, Math.min(left_bytes, 1024 * 1024));
        left_bytes -= part.length;
        if (part.length > 0) controller.enqueue(part.slice());
        else controller.close();
      },
    });
    expect((await send(stream)).status).toBe(413);
  });

  it("events of which none could be read: 400 with an error for each", async () => {
    const problem = await problemOf(await send("{1\n{2\n", { "content-type": "application/x-ndjson" }));
    expect(problem).toMatchObject({ status: 400, code: "bad_request", accepted: 0, rejected: 2 });
    expect(problem.errors?.map((error) => error.index)).toEqual([0, 1]);
  });

  it("events that were read and refused, each of them: 422 with the members of a success", async () => {
    const line = "x".repeat(EVENT_SIZE_BYTES_MAX + 1);
    const elements = await problemOf(await send("[1, 2]"));
    const problem = await problemOf(await send(`${line}\n${line}`, { "content-type": "text/plain" }));
    for (const one of [elements, problem]) {
      expect(one).toMatchObject({ status: 422, code: "invalid", accepted: 0, rejected: 2 });
      expect(one.errors?.map((error) => error.index)).toEqual([0, 1]);
    }
    expect(problem.batch_id).toMatch(/^[0-9a-f]{28}$/);
  });

  it("a parameter that is too long: 422 naming the field, what stood there and what was expected", async () => {
    const answer = await send("{}", { "content-type": JSON_TYPE }, `/api/v1/logs?service=${"s".repeat(FIELD_SIZE_BYTES_MAX + 1)}`);
    expect(answer.status).toBe(422);
    const [error] = (await problemOf(answer)).errors!;
    expect(error).toMatchObject({ field: "service", message: expect.stringContaining(String(FIELD_SIZE_BYTES_MAX)) });
    expect(String(error!.value)).toMatch(/^s+$/);
  });

  it("an Idempotency-Key that is too long", async () => {
    const answer = await send("{}", { "content-type": JSON_TYPE, "idempotency-key": "k".repeat(IDEMPOTENCY_KEY_LENGTH_MAX + 1) });
    expect(answer.status).toBe(422);
    expect((await problemOf(answer)).errors![0]).toMatchObject({ field: "idempotency-key" });
  });

  it("another method: 405 with Allow", async () => {
    const answer = await call("/ingest", { key: project.key, method: "PUT", body: "x" });
    expect(answer.status).toBe(405);
    expect(answer.headers.get("allow")).toContain("POST");
    expect(await problemOf(answer)).toMatchObject({ code: "method_not_allowed" });
  });
});
