import fc from "fast-check";
import { compress } from "snappyjs";
import { describe, expect, it } from "vitest";
import { loki } from "../../../worker/engine/decode/loki.ts";
import type { IngestEndpoint } from "../../../worker/engine/decode/protocol.ts";
import { PushRequest } from "../../support/protocols/loki.ts";
import { CONTEXT, records, utf8 } from "./records.ts";

const { decode } = loki.endpoints[0] as IngestEndpoint;

function decoded(body: Uint8Array, content_type: string) {
  const header = (name: string) => (name === "content-type" ? content_type : null);
  return decode(body, { method: "POST", params: {}, query: new URLSearchParams(), header, received_ms: 0 }, CONTEXT);
}

const fromProtobuf = (streams: object[]) =>
  decoded(compress(Uint8Array.from(PushRequest.encode(PushRequest.fromObject({ streams })).finish())), "application/x-protobuf");
const fromJson = (streams: object[]) => decoded(utf8(JSON.stringify({ streams })), "application/json");

/** Texts without anything that a line is searched for: no pair, no time, no level, no JSON. */
const word = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."abcxyzäß日🧪", "\t", '"', "\\", "{", "}", ",", "`", "'", "#"), minLength: 1, maxLength: 10 }),
  fc.constantFrom("Größe", "日本語", "🧪", 'a"b\\c', "a\nb", "}", "{", '",x="', "\u0001", "\u2028"),
);
const label_name = fc.constantFrom("pod", "namespace", "cluster", "filename", "a_b", "_x", "stream");
const labels = fc.dictionary(label_name, word, { maxKeys: 5, noNullPrototype: true });
const metadata_name = fc.oneof(
  fc.constantFrom("pod", "user", "order.id", "a-b"),
  fc.string({ unit: fc.constantFrom(..."pqräö日"), minLength: 1, maxLength: 4 }),
);
const metadata = fc.dictionary(metadata_name, word, { maxKeys: 4, noNullPrototype: true });
const entry = fc.record({
  /** Of 2001 to 2026. */
  seconds: fc.integer({ min: 1_000_000_000, max: 1_772_366_400 }),
  nanos: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 999_999_999 })),
  line: word.map((text) => `say ${text} again`),
  metadata,
});
const streams = fc.array(fc.record({ labels, entries: fc.array(entry, { maxLength: 4 }) }), { maxLength: 4 });
type Stream = typeof streams extends fc.Arbitrary<(infer S)[]> ? S : never;

/** As Go's strconv.Quote writes a label's value, by which Loki's clients do. */
function quoted(value: string): string {
  return JSON.stringify(value)
    .replaceAll(/\\u00([01][0-9a-f])/g, "\\x$1")
    .replaceAll("\u2028", "\\u2028");
}

function asProtobuf({ labels: of_stream, entries }: Stream): object {
  return {
    labels: `{${Object.entries(of_stream)
      .map(([name, value]) => `${name}=${quoted(value)}`)
      .join(", ")}}`,
    entries: entries.map(({ seconds, nanos, line, metadata: of_entry }) => ({
      timestamp: { seconds, nanos },
      line,
      structuredMetadata: Object.entries(of_entry).map(([name, value]) => ({ name, value })),
    })),
  };
}

function asJson({ labels: of_stream, entries }: Stream): object {
  return {
    stream: of_stream,
    values: entries.map(({ seconds, nanos, line, metadata: of_entry }) => [`${seconds}${String(nanos).padStart(9, "0")}`, line, of_entry]),
  };
}

/** What must be found of an entry: its own metadata wins, and what the stream says under the same name stands below `label.`. */
function expected({ labels: of_stream }: Stream, { seconds, nanos, line, metadata: own }: Stream["entries"][number]) {
  const renamed = Object.entries(of_stream).map(([name, value]) => [Object.hasOwn(own, name) ? `label.${name}` : name, value]);
  return {
    timestamp: `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0").slice(0, 6)}Z`,
    message: line,
    attributes: { ...own, ...Object.fromEntries(renamed) },
  };
}

describe("Loki's push requests", () => {
  it("say in protobuf, as another library writes it, what they were made of, value by value; and the same in JSON", () => {
    fc.assert(
      fc.property(streams, (generated) => {
        const wanted = generated.flatMap((stream) => stream.entries.map((item) => expected(stream, item)));
        for (const result of [fromProtobuf(generated.map(asProtobuf)), fromJson(generated.map(asJson))]) {
          expect(result.rejected).toBe(0);
          expect(records(result).map(({ timestamp, message, attributes }) => ({ timestamp, message, attributes }))).toEqual(wanted);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("name service, host and level by labels, and by Loki's own when none says so", () => {
    const values = [["1772366400000000000", "a line"]];
    const [first, second] = records(
      fromJson([
        { stream: { app: "shop", host: "web-1", level: "warn", env: "prod" }, values },
        { stream: { container: "cart", job: "default/cart" }, values },
      ]),
    );
    expect(first).toMatchObject({ service: "shop", host: "web-1", level: "WARN", environment: "prod" });
    expect(second).toMatchObject({ service: "cart", attributes: { container: "cart", job: "default/cart" } });
  });

  it.each([
    ["spaces and a comma at the end", '{ pod = "a" , stream="b", }', { pod: "a", stream: "b" }],
    ["a value in back quotes", '{pod=`a\\n"b"`}', { pod: 'a\\n"b"' }],
    ["escapes of Go", '{pod="\\x41\\u00e4\\t\\"\\\\"}', { pod: 'A\u00e4\t"\\' }],
    ["no label", "{}", {}],
  ])("read labels with %s", (_, text, attributes) => {
    const [event] = records(fromProtobuf([{ labels: text, entries: [{ timestamp: { seconds: 1_772_366_400 }, line: "a line" }] }]));
    expect(event!.attributes).toEqual(attributes);
  });

  it("keep bytes of a line that are no text, marked", () => {
    const message = PushRequest.encode(
      PushRequest.fromObject({ streams: [{ labels: '{pod="a"}', entries: [{ timestamp: { seconds: 1_772_366_400 }, line: "XX here" }] }] }),
    ).finish();
    const body = Uint8Array.from(message);
    const at = Buffer.from(body).indexOf("XX");
    body.set([0xff, 0xfe], at);
    const [event] = records(decoded(compress(body), "application/x-protobuf"));
    expect(event!.message).toBe("\ufffd\ufffd here");
    expect(JSON.stringify(event!.attributes["ledge.cut"])).toContain("UTF-8");
  });
});
