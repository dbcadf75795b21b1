import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Problem } from "../../../worker/errors.ts";
import { type Cursor, decodeCursor, encodeCursor, queryHash } from "../../../worker/search/cursor.ts";

const time = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const hash = fc.stringMatching(/^[0-9a-f]{16}$/);
const cursors = fc
  .record({
    order: fc.constantFrom("asc" as const, "desc" as const),
    position: fc.record({ timestamp_us: time, hash, copies: fc.integer({ min: 1, max: 1e9 }) }),
    range: fc.tuple(time, time),
    now_us: time,
    shards: fc.integer({ min: 1, max: 256 }),
    shown: fc.integer({ min: 1, max: 1e9 }),
    query_hash: hash,
  })
  .map(({ range: [a, b], ...rest }): Cursor => ({ ...rest, from_us: Math.min(a, b), to_us: Math.max(a, b) }));

function refusal(text: string, query_hash: string, order?: "asc" | "desc"): Problem {
  try {
    decodeCursor(text, { query_hash, order });
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("the cursor was taken");
}

describe("cursor", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(cursors, (cursor) => {
        const text = encodeCursor(cursor);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeCursor(text, { query_hash: cursor.query_hash, order: undefined })).toEqual(cursor);
        expect(decodeCursor(text, { query_hash: cursor.query_hash, order: cursor.order })).toEqual(cursor);
      }),
    );
  });

  it("refuses another query and another order", () => {
    fc.assert(
      fc.property(cursors, hash, (cursor, other) => {
        fc.pre(other !== cursor.query_hash);
        const text = encodeCursor(cursor);
        expect(refusal(text, other).status).toBe(400);
        expect(refusal(text, cursor.query_hash, cursor.order === "asc" ? "desc" : "asc").status).toBe(400);
      }),
    );
  });

  it("refuses anything else without a fault", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String(),
          fc.json().map((text) => Buffer.from(text).toString("base64url")),
        ),
        (text) => {
          expect(refusal(text, "0".repeat(16)).code).toBe("bad_request");
        },
      ),
    );
  });

  it("refuses what was changed by a letter, or reads a well-formed cursor", () => {
    fc.assert(
      fc.property(cursors, fc.nat(), fc.stringMatching(/^[A-Za-z0-9_-]$/), (cursor, at, letter) => {
        const text = encodeCursor(cursor);
        const changed = text.slice(0, at % text.length) + letter + text.slice((at % text.length) + 1);
        try {
          const read = decodeCursor(changed, { query_hash: cursor.query_hash, order: undefined });
          expect(Number.isSafeInteger(read.position.timestamp_us) && read.from_us <= read.to_us).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Problem);
        }
      }),
    );
  });
});

describe("queryHash", () => {
  it("tells values and their places apart", () => {
    const hashes = [["a", "b"], ["ab", ""], ["b", "a"], ["a", null, "b"], ["a", "b", undefined], [], [""], ['a","b']].map(queryHash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const text of hashes) expect(text).toMatch(/^[0-9a-f]{16}$/);
  });
});
