/**
 * What a protocol is: where its clients send, how their bodies are decoded, and how their own server would answer. Pure: the Worker reads requests,
 * checks keys, makes events durable and carries the answers (`ingest/protocol-routes.ts`). One file a protocol, one line in `protocols.ts`;
 * docs/protocols.md tells how to write one.
 */
import type { DecodeContext, Decoded, DecodeError } from "./types.ts";

/** What a protocol sees of a request besides its body. */
export interface ProtocolRequest {
  /** "POST" … */
  method: string;
  /** Named parts of the path, `{index}` as `index`, decoded. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Case-insensitive; null where it is absent. */
  header(name: string): string | null;
  received_ms: number;
}

export interface ProtocolDecoded extends Decoded {
  /** What the client repeats when it sends the same again, from header or body; null or absent where there is none. */
  idempotency_key?: string | null;
  /** Whatever the endpoint's `answer` needs to know of the body. */
  notes?: unknown;
}

/** A body without bytes is sent without a content type. */
export interface ProtocolAnswer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  body?: string | Uint8Array;
}

/** Given once every accepted event is durable. */
export interface Stored {
  decoded: ProtocolDecoded;
  batch_id: string;
  /** Of the client event ids in `asked_event_ids`, those that were there already. */
  known_event_ids: ReadonlySet<string>;
  /** Since the request began. */
  took_ms: number;
  /** Signs and checks what is given out, such as acknowledgement numbers: 48 bits that depend on the project and the text. */
  mac48(text: string): number;
}

/** Why nothing was taken. */
export interface Refusal {
  /** As Ledge's own API would answer: 400 body not understood, 401, 403, 413, 415, 422 all events bad, 429, 503. */
  status: number;
  /** Code of the problem, such as "unauthenticated" or "quota_exceeded". */
  code: string;
  detail: string;
  retry_after_s: number | null;
  errors: readonly DecodeError[];
}

export interface IngestEndpoint {
  kind: "ingest";
  methods: readonly ("POST" | "PUT")[];
  /** Behind `/in/<name>`, such as `/loki/api/v1/push`; "" for that address itself; `{name}` is one part of a path. */
  path: string;
  /** Whether it is also served at the root: where no route of Ledge itself has that path. */
  at_root: boolean;
  /**
   * @throws DecodeFailure where nothing of the body can be understood; "empty" where it holds no event (which is then answered as stored)
   */
  decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext): ProtocolDecoded;
  /**
   * Where clients send without an end: how many of these bytes are whole records. A request without a length is then taken in pieces, each durable
   * before the next is read.
   */
  whole_bytes?(bytes: Uint8Array): number;
  /** Client event ids that `answer` must know about: whether they were there before. Looked up once, before the events are stored. */
  asked_event_ids?(decoded: ProtocolDecoded): readonly string[];
  answer(stored: Stored, request: ProtocolRequest): ProtocolAnswer;
  /** Instead of the protocol's own, where an endpoint refuses in another form. */
  refuse?(refusal: Refusal, request: ProtocolRequest): ProtocolAnswer;
}

/** What clients ask besides sending: health, version, set-up. Never touches events. */
export interface InfoEndpoint {
  kind: "info";
  methods: readonly ("GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS")[];
  path: string;
  at_root: boolean;
  /** Whether a key with the scope `ingest` must be shown. */
  needs_key: boolean;
  /** @param body bounded by PROTOCOL_INFO_BODY_SIZE_BYTES_MAX, empty for GET and HEAD */
  answer(request: ProtocolRequest, body: Uint8Array, mac48: Stored["mac48"]): ProtocolAnswer;
}

export type Endpoint = IngestEndpoint | InfoEndpoint;

/** How clients show their key besides `Authorization: Bearer` and `Basic`, `X-API-Key` and `?token=`, which every protocol takes. */
export interface CredentialPlaces {
  /** Headers whose whole value is the key. */
  headers?: readonly string[];
  /** Schemes of `Authorization` besides Bearer and Basic, such as "Splunk". */
  schemes?: readonly string[];
  /** Parameters of the query. */
  query?: readonly string[];
  /** Part of the path that is the key. */
  param?: string;
}

export interface Protocol {
  /** Of the address `/in/<name>`. */
  name: string;
  /** For people. */
  title: string;
  credentials: CredentialPlaces;
  /** Headers of every answer. */
  headers?: Readonly<Record<string, string>>;
  endpoints: readonly Endpoint[];
  /** As the protocol's own server says no: with the status that makes its clients try again (429, 503) or not. */
  refuse(refusal: Refusal, request: ProtocolRequest): ProtocolAnswer;
}

const JSON_HEADERS = { "content-type": "application/json" };

/** An answer of JSON. */
export function jsonAnswer(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): ProtocolAnswer {
  return { status, headers: { ...JSON_HEADERS, ...headers }, body: JSON.stringify(value) };
}

/** Where a protocol has no form of its own: status and a line of text. */
export function textRefusal({ status, detail }: Refusal): ProtocolAnswer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body: `${detail}\n` };
}
