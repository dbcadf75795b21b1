import type { Protocol } from "../../../worker/engine/decode/protocol.ts";

/** One event as a client of any protocol could send it. */
export interface SampleEvent {
  time_ms: number;
  level: "DEBUG" | "INFO" | "WARN" | "ERROR";
  service: string;
  host: string;
  message: string;
  attributes: Record<string, string>;
}

export interface SampleRequest {
  body: Uint8Array;
  headers?: Record<string, string>;
  /** Of the query. */
  query?: Record<string, string>;
}

/** What a protocol's clients send and expect; the conformance suites do the rest. One file for each protocol in this folder. */
export interface ProtocolSample {
  protocol: Protocol;
  /** Path of the endpoint, as it stands in the protocol, with its parameters filled in. */
  path: string;
  /** Path of the endpoint as it stands in the protocol, where it has parameters. */
  pattern?: string;
  method?: "POST" | "PUT";
  /** For people, where an endpoint has several samples. */
  variant?: string;
  /** A request with these events, written as the protocol's own clients do. */
  encode(events: readonly SampleEvent[]): SampleRequest;
  /** Whether a request without events is something that its clients send (and that is answered as success), or an error. */
  empty: "accepted" | "refused";
  /** Of what an event has, what this protocol cannot carry or carries otherwise: left out of comparisons. */
  without?: readonly (keyof SampleEvent)[];
  /** Resolution of times. */
  time_resolution_ms?: number;
  /** The name under which an attribute arrives; its own where absent. */
  attributeName?(name: string): string;
  /**
   * A request with these good events in order and something that its server would refuse between the first and the second; null where everything that
   * can be read is an event.
   */
  encodeWithBad: ((events: readonly SampleEvent[]) => SampleRequest) | null;
  /** Requests that nothing can be understood of. */
  hopeless: readonly SampleRequest[];
  /** Status where all is stored. */
  success: number;
  /** Status where some of it is refused. */
  partial?: number;
  /** Status for a request without a key, with a wrong key. */
  unauthenticated: number;
  /** How its clients show the key; each must be taken. */
  credentials(key: string): Shown[];
}

/** A key as it is shown. */
export interface Shown {
  headers?: Record<string, string>;
  query?: Record<string, string>;
  /** Instead of the sample's path, where the key stands in it. */
  path?: string;
}

export function inHeaders(headers: Record<string, string>): Shown {
  return { headers };
}

export function inQuery(query: Record<string, string>): Shown {
  return { query };
}

/** As every protocol takes it. */
export function usually(key: string): Shown[] {
  return [
    inHeaders({ authorization: `Bearer ${key}` }),
    inHeaders({ authorization: `Basic ${btoa(`anyone:${key}`)}` }),
    inHeaders({ authorization: `Basic ${btoa(`${key}:`)}` }),
    inHeaders({ "x-api-key": key }),
    inQuery({ token: key }),
  ];
}

export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const BASE_MS = Date.parse("2026-03-01T12:00:00.123Z");
const LEVELS = ["DEBUG", "INFO", "WARN", "ERROR"] as const;

/** Different events, the same each time. */
export function sampleEvents(count: number): SampleEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    time_ms: BASE_MS + index * 1_000,
    level: LEVELS[index % LEVELS.length]!,
    service: index % 2 === 0 ? "checkout" : "search",
    host: "web-1",
    message: `request ${index} of user${index} took ${index * 3} ms`,
    attributes: { region: "eu-west", order: `ord-${index}` },
  }));
}
