import { randomBytes } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BodyBudget, withBody } from "../../worker/ingest/body.ts";
import { decompress } from "../../worker/ingest/decompress.ts";
import { bodyShape } from "../../worker/ingest/media-type.ts";
import { splitZstdFrames, ZstdFrameError } from "../../worker/ingest/zstd-frames.ts";

function post(body: BodyInit): Request {
  return new Request("https://ledge.test/", { method: "POST", body });
}

describe("the budget of bodies", () => {
  const LIMITS = { received_size_bytes_max: 100, decompressed_size_bytes_max: 100 };

  it("lets a request wait where others hold too much, and is whole again when they are done", async () => {
    const budget = new BodyBudget(150);
    await withBody(
      post("x".repeat(100)),
      async () => {
        expect(budget.held_bytes).toBe(100);
        await expect(withBody(post("y".repeat(60)), async () => {}, LIMITS, budget)).rejects.toMatchObject({ code: "unavailable" });
        expect(await withBody(post("z".repeat(50)), async (body) => body.length, LIMITS, budget)).toBe(50);
      },
      LIMITS,
      budget,
    );
    expect(budget.held_bytes).toBe(0);
  });

  it("is whole again after every way to fail", async () => {
    const budget = new BodyBudget(1_000);
    const fail = async () => {
      throw new Error("no use");
    };
    await expect(withBody(post("fine"), fail, LIMITS, budget)).rejects.toThrow("no use");
    await expect(withBody(post("x".repeat(101)), async () => {}, LIMITS, budget)).rejects.toMatchObject({ code: "too_large" });
    const broken = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new Uint8Array(10));
        controller.error(new Error("connection lost"));
      },
    });
    await expect(withBody(post(broken), async () => {}, LIMITS, budget)).rejects.toMatchObject({ code: "bad_request" });
    expect(budget.held_bytes).toBe(0);
  });
});

describe("zstd frames", () => {
  const skippable = (size_bytes: number) => {
    const frame = Buffer.alloc(8 + size_bytes, 7);
    frame.writeUInt32LE(0x184d2a53, 0);
    frame.writeUInt32LE(size_bytes, 4);
    return frame;
  };
  const content = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.nat(60_000).map((length) => new Uint8Array(length).fill(97)),
    fc.nat(30_000).map((length) => randomBytes(length)),
  );
  const frame = fc.record({ content, checksum: fc.boolean(), level: fc.constantFrom(1, 3, 9) }).map(({ content, checksum, level }) => ({
    content: Buffer.from(content),
    bytes: zstdCompressSync(content, {
      params: { [constants.ZSTD_c_checksumFlag]: checksum ? 1 : 0, [constants.ZSTD_c_compressionLevel]: level },
    }),
  }));
  const stream = fc.array(
    fc.oneof(
      frame,
      fc.nat(40).map((size) => ({ content: Buffer.alloc(0), bytes: skippable(size) })),
    ),
    { minLength: 1, maxLength: 6 },
  );

  it("one after another are all decoded", async () => {
    await fc.assert(
      fc.asyncProperty(stream, async (frames) => {
        const plain = await decompress(Buffer.concat(frames.map(({ bytes }) => bytes)), "zstd", 1_000_000);
        expect(Buffer.from(plain).equals(Buffer.concat(frames.map(({ content }) => content)))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("cut off anywhere but between two are refused", () => {
    fc.assert(
      fc.property(stream, fc.double({ min: 0, max: 1, noNaN: true }), (frames, share) => {
        const whole = Buffer.concat(frames.map(({ bytes }) => bytes));
        const end = Math.floor(share * whole.length);
        let at = 0;
        const is_between = [0, ...frames.map(({ bytes }) => (at += bytes.length))].includes(end);
        const split = () => splitZstdFrames(whole.subarray(0, end), 100);
        if (is_between) expect(split().length).toBeLessThanOrEqual(frames.length);
        else expect(split).toThrow(ZstdFrameError);
      }),
      { numRuns: 100 },
    );
  });

  it("that are noise never do worse than an error of their own", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, begin_well) => {
        const bytes = begin_well ? Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd]), noise]) : noise;
        try {
          splitZstdFrames(bytes, 10);
        } catch (error) {
          expect(error).toBeInstanceOf(ZstdFrameError);
        }
      }),
    );
  });
});

describe("the form of a body", () => {
  it.each<[string | null, string, "json" | "text"]>([
    ["application/json", "anything", "json"],
    ["Application/JSON; Charset=UTF-8", "x", "json"],
    ["application/vnd.api+json", "x", "json"],
    ["application/stream+json", "x", "json"],
    ["text/plain", '{"a":1}', "text"],
    ["text/plain;charset=us-ascii", "x", "text"],
    [null, ' \n{"a":1}', "json"],
    [null, "[\n{}]", "json"],
    [null, "[]", "json"],
    [null, "{}", "json"],
    [null, "[12:00:01] started", "text"],
    [null, "{not json}", "text"],
    [null, "", "text"],
    ["application/octet-stream", "plain", "text"],
  ])("%s with %j is %s", (type, body, shape) => {
    expect(bodyShape(type, new TextEncoder().encode(body))).toBe(shape);
  });
});
