import { describe, expect, it } from "vitest";
import { withBody } from "../../worker/ingest/body.ts";
import { Buffers } from "../../worker/ingest/buffers.ts";
import { Nudges } from "../../worker/ingest/nudge.ts";
import { NUDGE_PAUSE_MS } from "../../worker/limits.ts";

const KIB = 1024;

function request(body: Uint8Array): Request {
  return new Request("https://ledge.test/", { method: "POST", body, headers: { "content-length": String(body.length) } });
}

describe("bodies that share buffers", () => {
  it("are each read whole and as they came, one after another and side by side", async () => {
    const bodies = Array.from({ length: 12 }, (_, index) => new Uint8Array((100 + index * 37) * KIB + index).fill(index + 1));
    const one = async (body: Uint8Array, index: number) =>
      withBody(request(body), async (read) => {
        await new Promise((resolve) => setTimeout(resolve, index % 3));
        expect([index, read.length, read.every((byte) => byte === index + 1)]).toEqual([index, body.length, true]);
      });
    for (const [index, body] of bodies.entries()) await one(body, index);
    await Promise.all(bodies.map(one));
    for (const [index, body] of [...bodies.entries()].reverse()) await one(body, index);
  });

  it("that do not arrive whole are refused", async () => {
    const stream = new Response(new Uint8Array(150 * KIB)).body;
    const short = new Request("https://ledge.test/", { method: "POST", body: stream, headers: { "content-length": String(200 * KIB) } });
    await expect(withBody(short, async () => "read")).rejects.toMatchObject({ code: "bad_request" });
  });
});

describe("kept buffers", () => {
  it("are given out again where they fit, the smallest first, and never beyond the bound", () => {
    const buffers = new Buffers(1024 * KIB);
    const large = buffers.take(500 * KIB);
    const small = buffers.take(100 * KIB);
    expect(large.byteLength).toBeGreaterThanOrEqual(500 * KIB);
    buffers.give(large);
    buffers.give(small);
    expect(buffers.kept_bytes).toBe(large.byteLength + small.byteLength);
    expect(buffers.take(90 * KIB)).toBe(small);
    expect(buffers.take(90 * KIB)).toBe(large);
    buffers.give(new ArrayBuffer(2048 * KIB));
    buffers.give(new ArrayBuffer(0));
    expect(buffers.kept_bytes).toBe(0);
  });
});

describe("nudges", () => {
  it("go out at once, then one for all that come in the pause", async () => {
    const nudges = new Nudges();
    const sent: string[] = [];
    const tell = (stream: string, now_ms: number) => nudges.tell(stream, now_ms, async () => void sent.push(`${stream}@${now_ms}`));
    await tell("a", 1000);
    const waiting = tell("a", 1001 + NUDGE_PAUSE_MS - 20);
    expect(tell("a", 1002 + NUDGE_PAUSE_MS - 20)).toBeNull();
    await tell("b", 1003);
    expect(sent).toEqual(["a@1000", "b@1003"]);
    await waiting;
    expect(sent).toHaveLength(3);
    await tell("a", 1000 + 2 * NUDGE_PAUSE_MS);
    expect(sent).toHaveLength(4);
  });

  it("are sent by somebody else where the one that was to send is gone", async () => {
    const nudges = new Nudges();
    let sent = 0;
    const send = async () => void sent++;
    await nudges.tell("a", 1000, send);
    void nudges.tell("a", 1100, () => new Promise(() => {}));
    await nudges.tell("a", 1000 + NUDGE_PAUSE_MS, send);
    expect(sent).toBe(2);
  });
});
