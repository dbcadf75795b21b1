import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeLogsJson } from "../../../worker/engine/decode/otlp-json.ts";
import { decodeLogsProtobuf, decodeTracesProtobuf } from "../../../worker/engine/decode/otlp-protobuf.ts";
import { LogsRequest, TracesRequest } from "../../support/protocols/otlp.ts";
import { CONTEXT, records, utf8 } from "./records.ts";

const text = fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.constantFrom("", "Größe", "日本", "a\nb", '"quoted"'));
const name = fc.oneof(
  fc.constantFrom("service.name", "host.name", "deployment.environment.name", "http.method", "a.b", "user", "level", "gen_ai.system"),
  fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 6 }),
);
const int = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0, -1, 2 ** 53, -(2 ** 53)));

const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    text.map((stringValue) => ({ stringValue })),
    int.map((number) => ({ intValue: String(number) })),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((doubleValue) => ({ doubleValue })),
    fc.boolean().map((boolValue) => ({ boolValue })),
    fc.uint8Array({ maxLength: 8 }).map((bytes) => ({ bytesValue: Buffer.from(bytes).toString("base64") })),
    fc.array(tie("value"), { maxLength: 3 }).map((values) => ({ arrayValue: { values } })),
    fc
      .uniqueArray(fc.tuple(name, tie("value")), { maxLength: 3, selector: ([key]) => key })
      .map((pairs) => ({ kvlistValue: { values: pairs.map(([key, item]) => ({ key, value: item })) } })),
  ),
}));
const attributes = fc
  .uniqueArray(fc.tuple(name, value), { maxLength: 4, selector: ([key]) => key })
  .map((pairs) => pairs.map(([key, item]) => ({ key, value: item })));
const nanoseconds = fc.oneof(fc.constant("0"), fc.bigInt({ min: 10n ** 18n, max: 1_772_366_400_000_000_000n }).map(String));
const hex = (digits: number) =>
  fc.oneof(
    fc.constant(""),
    fc
      .array(fc.integer({ min: 0, max: 15 }), { minLength: digits, maxLength: digits })
      .map((nibbles) => nibbles.map((nibble) => nibble.toString(16)).join("")),
  );
const record = fc.record(
  {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: fc.constantFrom("", "INFO", "Information", "warn", "CRITICAL", "mine"),
    body: value,
    attributes,
    droppedAttributesCount: fc.nat({ max: 9 }),
    flags: fc.nat({ max: 1 }),
    traceId: hex(32),
    spanId: hex(16),
    eventName: fc.constantFrom("", "gen_ai.user.message"),
  },
  { requiredKeys: [] },
);
const request = fc
  .array(
    fc.record({
      resource: fc.record({ attributes }),
      scopeLogs: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, attributes }),
          logRecords: fc.array(record, { maxLength: 4 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  )
  .map((resourceLogs) => ({ resourceLogs }));

interface Generated {
  resourceLogs: { scopeLogs: { logRecords: { traceId?: string; spanId?: string }[] }[] }[];
}

/** OTLP's JSON has identifiers as hexadecimal digits; protobuf's own mapping, which the library reads, as base64. */
function asProtobuf(generated: Generated): Uint8Array {
  const copy = structuredClone(generated);
  for (const { scopeLogs } of copy.resourceLogs) {
    for (const { logRecords } of scopeLogs) {
      for (const log of logRecords) {
        if (log.traceId !== undefined) log.traceId = Buffer.from(log.traceId, "hex").toString("base64");
        if (log.spanId !== undefined) log.spanId = Buffer.from(log.spanId, "hex").toString("base64");
      }
    }
  }
  return LogsRequest.encode(LogsRequest.fromObject(copy)).finish();
}

describe("OTLP", () => {
  it("means the same in protobuf, as another library writes it, and in JSON", () => {
    fc.assert(
      fc.property(request, (generated) => {
        const from_json = records(decodeLogsJson(utf8(JSON.stringify(generated)), CONTEXT));
        const from_protobuf = records(decodeLogsProtobuf(asProtobuf(generated as Generated), CONTEXT));
        expect(from_protobuf).toEqual(from_json);
      }),
      { numRuns: 300 },
    );
  });

  it("keeps every value of a record", () => {
    const [event] = records(
      decodeLogsJson(
        utf8(
          JSON.stringify({
            resourceLogs: [
              {
                resource: {
                  attributes: [
                    { key: "service.name", value: { stringValue: "shop" } },
                    { key: "k8s.pod.name", value: { stringValue: "shop-1" } },
                  ],
                },
                scopeLogs: [
                  {
                    scope: { name: "lib", version: "2" },
                    logRecords: [
                      {
                        timeUnixNano: "1772366400123456789",
                        observedTimeUnixNano: "1772366400999000000",
                        severityNumber: 18,
                        severityText: "Error2",
                        eventName: "gen_ai.choice",
                        traceId: "5B8EFFF798038103D269B633813FC60C",
                        spanId: "EEE19B7EC3C1B174",
                        flags: 1,
                        body: {
                          kvlistValue: {
                            values: [
                              { key: "role", value: { stringValue: "user" } },
                              { key: "content", value: { stringValue: "how warm is it" } },
                            ],
                          },
                        },
                        attributes: [{ key: "gen_ai.usage.input_tokens", value: { intValue: "9007199254740993" } }],
                      },
                    ],
                  },
                ],
              },
            ],
          }),
        ),
        CONTEXT,
      ),
    );
    expect(event).toMatchObject({
      timestamp: "2026-03-01T12:00:00.123456Z",
      level: "ERROR",
      service: "shop",
      message: "how warm is it",
      trace_id: "5b8efff798038103d269b633813fc60c",
      span_id: "eee19b7ec3c1b174",
      attributes: {
        "k8s.pod.name": "shop-1",
        "otel.scope.name": "lib",
        "otel.scope.version": "2",
        severity_number: 18,
        severity_text: "Error2",
        "event.name": "gen_ai.choice",
        observed_time_us: 1_772_366_400_999_000,
        trace_flags: 1,
        "body.role": "user",
        "gen_ai.usage.input_tokens": "9007199254740993",
      },
    });
  });

  it("makes events of the exceptions that spans recorded, and of nothing else", () => {
    const span = {
      traceId: Buffer.from("5b8efff798038103d269b633813fc60c", "hex"),
      spanId: Buffer.from("eee19b7ec3c1b174", "hex"),
      name: "GET /cart",
      events: [
        { timeUnixNano: "1772366400123456789", name: "cache.miss" },
        {
          timeUnixNano: "1772366400123456789",
          name: "exception",
          attributes: [
            { key: "exception.type", value: { stringValue: "TypeError" } },
            { key: "exception.message", value: { stringValue: "x is not a function" } },
            { key: "exception.stacktrace", value: { stringValue: "TypeError: x\n  at cart.js:1" } },
          ],
        },
      ],
    };
    const resource = { attributes: [{ key: "service.name", value: { stringValue: "shop" } }] };
    const body = TracesRequest.encode(
      TracesRequest.fromObject({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span, { name: "quiet" }] }] }] }),
    ).finish();
    const found = records(decodeTracesProtobuf(body, CONTEXT));
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      level: "ERROR",
      service: "shop",
      message: "TypeError: x is not a function",
      trace_id: "5b8efff798038103d269b633813fc60c",
      span_id: "eee19b7ec3c1b174",
      attributes: { "span.name": "GET /cart", "exception.stacktrace": "TypeError: x\n  at cart.js:1" },
    });
  });
});
