/** What every protocol's decoder must do; `samples` bring what differs. */
import { describe, expect, it } from "vitest";
import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import type { ProtocolDecoded } from "../../../worker/engine/decode/protocol.ts";
import { DecodeFailure } from "../../../worker/engine/decode/types.ts";
import { EVENT_SIZE_BYTES_MAX } from "../../../worker/limits.ts";
import { randomOf } from "../random.ts";
import { decodeSample } from "./conformance-decode.ts";
import { type ProtocolSample, type SampleEvent, type SampleRequest, sampleEvents } from "./sample.ts";

export function recordsOf(decoded: ProtocolDecoded): EventRecord[] {
  return decoded.batches.flatMap(({ batch }) => Array.from({ length: batch.rows }, (_, row) => recordAt(batch, row)));
}

/** The record's fields that the sample event has. */
function seen(record: EventRecord, event: SampleEvent, sample: ProtocolSample): Partial<SampleEvent> {
  const attributes = Object.fromEntries(
    Object.keys(event.attributes).map((name) => [name, record.attributes[sample.attributeName?.(name) ?? name] as string]),
  );
  const { level, service, host, message } = record;
  const found = { time_ms: Date.parse(record.timestamp), level, service, host, message, attributes } as SampleEvent;
  return reduced(found, sample);
}

function reduced(event: SampleEvent, { without = [], time_resolution_ms = 1 }: ProtocolSample): Partial<SampleEvent> {
  const rounded = { ...event, time_ms: Math.floor(event.time_ms / time_resolution_ms) * time_resolution_ms };
  return Object.fromEntries(Object.entries(rounded).filter(([name]) => !(without as string[]).includes(name)));
}

function expectEvents(decoded: ProtocolDecoded, events: readonly SampleEvent[], sample: ProtocolSample): void {
  const records = recordsOf(decoded);
  expect(decoded.accepted).toBe(events.length);
  expect(records.map((record, index) => seen(record, events[index] ?? events[0]!, sample))).toEqual(
    events.map((event) => reduced(event, sample)),
  );
}

/** Nothing but the failures that a decoder may have. */
function decodeOrRefuse(sample: ProtocolSample, request: SampleRequest): ProtocolDecoded | null {
  try {
    return decodeSample(sample, request);
  } catch (error) {
    if (error instanceof DecodeFailure) return null;
    throw error;
  }
}

export function conforms(sample: ProtocolSample): void {
  const { protocol, path } = sample;
  describe(`${protocol.title} at ${path || "/"}`, () => {
    it("takes one event", () => {
      const events = sampleEvents(1);
      expectEvents(decodeSample(sample, sample.encode(events)), events, sample);
    });

    it("takes many in their order", () => {
      const events = sampleEvents(1_000);
      expectEvents(decodeSample(sample, sample.encode(events)), events, sample);
    });

    it("answers a request without events", () => {
      const decode = () => decodeSample(sample, sample.encode([]));
      if (sample.empty === "accepted") {
        const decoded = decodeOrRefuse(sample, sample.encode([]));
        expect(decoded?.accepted ?? 0).toBe(0);
        expect(decoded?.rejected ?? 0).toBe(0);
      } else expect(decode).toThrow(DecodeFailure);
    });

    it("keeps text of all languages, and what looks like markup", () => {
      const [first] = sampleEvents(1);
      const message = 'Größe 日本語 🧪 <script>alert("x")</script> \\ "quoted" {a}=[b], %20;';
      const events = [{ ...first!, message, attributes: { region: "München 🥨", order: 'a"b\\c' } }];
      expectEvents(decodeSample(sample, sample.encode(events)), events, sample);
    });

    it("gives the same for the same bytes", () => {
      const request = sample.encode(sampleEvents(20));
      expect(recordsOf(decodeSample(sample, request))).toEqual(recordsOf(decodeSample(sample, request)));
    });

    it.skipIf(sample.encodeWithBad === null)("loses nothing good beside something bad", () => {
      const events = sampleEvents(3);
      const decoded = decodeSample(sample, sample.encodeWithBad!(events));
      expect(decoded.rejected).toBe(1);
      expect(decoded.errors).toHaveLength(1);
      expect(decoded.errors[0]!.message).not.toBe("");
      expect(decoded.refused).toHaveLength(1);
      expectEvents(decoded, events, sample);
    });

    it.skipIf(sample.encodeWithBad === null)("refuses what is all bad, and says why", () => {
      const decoded = decodeOrRefuse(sample, sample.encodeWithBad!([]));
      if (decoded) expect(decoded).toMatchObject({ accepted: 0, rejected: 1 });
    });

    it.each([...sample.hopeless.entries()])("refuses what cannot be understood (%i)", (_, request) => {
      const decoded = decodeOrRefuse(sample, request);
      expect(decoded?.accepted ?? 0).toBe(0);
      if (decoded) expect(decoded.rejected).toBeGreaterThan(0);
    });

    it("takes no event that it was not sent from a request cut short", () => {
      const events = sampleEvents(3);
      const request = sample.encode(events);
      for (let length = 0; length < request.body.length; length += Math.max(1, Math.floor(request.body.length / 200))) {
        const decoded = decodeOrRefuse(sample, { ...request, body: request.body.subarray(0, length) });
        expect(decoded?.accepted ?? 0).toBeLessThanOrEqual(events.length);
      }
    });

    it("survives damaged bytes", () => {
      const request = sample.encode(sampleEvents(3));
      const random = randomOf(7);
      for (let round = 0; round < 300; round++) {
        const body = request.body.slice();
        for (let change = 0; change < 1 + (round % 4); change++) body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
        decodeOrRefuse(sample, { ...request, body });
      }
    });

    it("bounds one huge event", () => {
      const [first, second] = sampleEvents(2);
      const huge = { ...first!, message: "x".repeat(EVENT_SIZE_BYTES_MAX + 1) };
      const decoded = decodeOrRefuse(sample, sample.encode([huge, second!]));
      if (!decoded) return;
      expect(decoded.accepted + decoded.rejected).toBeGreaterThanOrEqual(1);
      for (const record of recordsOf(decoded)) expect((record.message ?? "").length).toBeLessThanOrEqual(EVENT_SIZE_BYTES_MAX);
    });
  });
}
