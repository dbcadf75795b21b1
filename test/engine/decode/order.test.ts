import { describe, expect, it } from "vitest";
import { rowHash } from "../../../worker/engine/batch/identity.ts";
import { decodeJson } from "../../../worker/engine/decode/json.ts";
import { decodeText } from "../../../worker/engine/decode/text.ts";

const RECEIVED_US = Date.UTC(2026, 0, 10, 12) * 1000;
const CONTEXT = { received_us: RECEIVED_US, defaults: {} };
const utf8 = (text: string) => new TextEncoder().encode(text);

/** Rows in the order in which searches show them. */
function shown(body: string, decode: typeof decodeJson): string[] {
  const { batch } = decode(utf8(body), CONTEXT).batches[0]!;
  const rows = [...Array(batch.rows).keys()];
  const key = (row: number) => `${String(batch.timestamp_us[row]).padStart(17, "0")} ${rowHash(batch, row)}`;
  const order = rows.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return order.map((row) => String(row));
}

const inOrder = (count: number) => [...Array(count).keys()].map(String);

describe("events of one request keep their order", () => {
  it("without times of their own", () => {
    expect(shown("one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n", decodeText)).toEqual(inOrder(8));
  });

  it("with the same time", () => {
    const lines = inOrder(50).map((n) => `{"time":"2026-01-10T11:00:00.001Z","msg":"line ${n}"}`);
    expect(shown(lines.join("\n"), decodeJson)).toEqual(inOrder(50));
  });

  it("and different times share the arrival of their request", () => {
    const lines = inOrder(5).map((n) => `{"time":"2026-01-10T11:00:00.00${n}Z","msg":"line"}`);
    expect([...decodeJson(utf8(lines.join("\n")), CONTEXT).batches[0]!.batch.ingest_us]).toEqual(Array(5).fill(RECEIVED_US));
  });
});
