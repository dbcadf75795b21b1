/** Serves every protocol of the table at `/in/<name>` and, where the root is free, at its native path. */
import { createHmac } from "node:crypto";
import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { admit } from "../auth/authenticate.ts";
import { protocolSecret } from "../auth/credentials.ts";
import { knownEventIds } from "../catalog/event-ids.ts";
import type {
  Endpoint,
  InfoEndpoint,
  IngestEndpoint,
  Protocol,
  ProtocolAnswer,
  ProtocolDecoded,
  ProtocolRequest,
  Refusal,
} from "../engine/decode/protocol.ts";
import { PROTOCOLS } from "../engine/decode/protocols.ts";
import type { DecodeError } from "../engine/decode/types.ts";
import { Problem, toProblem } from "../errors.ts";
import { IDEMPOTENCY_KEY_LENGTH_MAX, PROTOCOL_INFO_BODY_SIZE_BYTES_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { withBody } from "./body.ts";
import { hasNoEnd, takePieces } from "./pieces.ts";
import { describeEndpoint } from "./protocol-description.ts";
import { batchIdOf, decoding, defaultsOf, NOTHING, rejoined, store } from "./take-in.ts";

function requestOf(c: Context<AppEnv>): ProtocolRequest {
  return {
    method: c.req.method,
    params: c.req.param(),
    query: new URL(c.req.url).searchParams,
    header: (name) => c.req.header(name) ?? null,
    received_ms: Date.now(),
  };
}

function secretOf(c: Context<AppEnv>, { credentials }: Protocol, request: ProtocolRequest): string | null {
  const in_path = credentials.param === undefined ? undefined : request.params[credentials.param];
  return in_path ?? protocolSecret(c.req.raw, request.query, credentials);
}

function mac48Of(c: Context<AppEnv>): (text: string) => number {
  return (text) => createHmac("sha256", c.env.LEDGE_SECRET).update(`${c.var.access.project_id}\n${text}`).digest().readUIntBE(0, 6);
}

function defaultsIn(query: URLSearchParams) {
  const named = (name: string) => query.get(name) || undefined;
  return defaultsOf({ service: named("service"), host: named("host"), env: named("env"), source: named("source"), level: named("level") });
}

/** @throws Problem where a header holds more than a key may */
function keyOf(protocol: Protocol, request: ProtocolRequest, own: string | null | undefined): string | null {
  const sent = request.header("idempotency-key");
  if (sent !== null && sent.length > IDEMPOTENCY_KEY_LENGTH_MAX) {
    throw new Problem("invalid", `idempotency-key: longer than ${IDEMPOTENCY_KEY_LENGTH_MAX} characters`);
  }
  return sent ? sent : own ? `${protocol.name}:${own}` : null;
}

/** Decodes a body, or a piece of one, makes its events durable, and answers as the protocol does. */
async function takeBody(
  c: Context<AppEnv>,
  protocol: Protocol,
  endpoint: IngestEndpoint,
  request: ProtocolRequest,
  body: Uint8Array,
): Promise<ProtocolAnswer> {
  const { project_id } = c.var.access;
  const context = { received_us: request.received_ms * 1000, defaults: defaultsIn(request.query) };
  const decoded: ProtocolDecoded = decoding(() => endpoint.decode(body, request, context));
  const batch_id = batchIdOf(project_id, keyOf(protocol, request, decoded.idempotency_key), body, request.received_ms);
  const asked = decoded === NOTHING ? [] : (endpoint.asked_event_ids?.(decoded) ?? []);
  const known_event_ids = await knownEventIds(c.env, project_id, asked);
  await store(c, rejoined(decoded, request.query.get("join")), batch_id, {
    protocol: protocol.name,
    ms: request.received_ms,
    size_bytes: body.length,
  });
  return endpoint.answer({ decoded, batch_id, known_event_ids, took_ms: Date.now() - request.received_ms, mac48: mac48Of(c) }, request);
}

async function takeIn(c: Context<AppEnv>, protocol: Protocol, endpoint: IngestEndpoint, request: ProtocolRequest): Promise<ProtocolAnswer> {
  await admit(c, "ingest", secretOf(c, protocol, request));
  const take = (body: Uint8Array) => takeBody(c, protocol, endpoint, request, body);
  if (endpoint.whole_bytes && hasNoEnd(c.req.raw)) return takePieces(c.req.raw, (bytes) => endpoint.whole_bytes!(bytes), take);
  return withBody(c.req.raw, take);
}

async function inform(c: Context<AppEnv>, protocol: Protocol, endpoint: InfoEndpoint, request: ProtocolRequest): Promise<ProtocolAnswer> {
  if (endpoint.needs_key) await admit(c, "ingest", secretOf(c, protocol, request));
  const limits = {
    received_size_bytes_max: PROTOCOL_INFO_BODY_SIZE_BYTES_MAX,
    decompressed_size_bytes_max: PROTOCOL_INFO_BODY_SIZE_BYTES_MAX,
  };
  return withBody(c.req.raw, async (body) => endpoint.answer(request, body, mac48Of(c)), limits);
}

function refusalOf(error: unknown): Refusal {
  const problem = toProblem(error);
  const { retry_after_s, errors } = problem.details;
  return {
    status: problem.status,
    code: problem.code,
    detail: problem.message,
    retry_after_s: retry_after_s ?? null,
    errors: (errors ?? []) as DecodeError[],
  };
}

function responseOf(protocol: Protocol, { status, headers, body }: ProtocolAnswer, retry_after_s: number | null = null): Response {
  const all = new Headers({ ...protocol.headers, ...headers });
  if (retry_after_s !== null && !all.has("retry-after")) all.set("retry-after", String(Math.max(1, Math.ceil(retry_after_s))));
  return new Response(body ?? null, { status, headers: all });
}

function serve(protocol: Protocol, endpoint: Endpoint) {
  return async (c: Context<AppEnv>): Promise<Response> => {
    const request = requestOf(c);
    try {
      const answer =
        endpoint.kind === "ingest" ? await takeIn(c, protocol, endpoint, request) : await inform(c, protocol, endpoint, request);
      return responseOf(protocol, answer);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal.code === "internal") console.error("unexpected fault", protocol.name, c.req.path, error);
      const refuse = (endpoint.kind === "ingest" && endpoint.refuse) || protocol.refuse;
      return responseOf(protocol, refuse(refusal, request), refusal.retry_after_s);
    }
  };
}

export const protocolRoutes = createRouter();
for (const protocol of PROTOCOLS) {
  for (const endpoint of protocol.endpoints) {
    const path = endpoint.path.replaceAll(/\{(\w+)\}/g, ":$1");
    const paths = [`/in/${protocol.name}${path}`, ...(endpoint.at_root ? [path] : [])];
    protocolRoutes.on([...endpoint.methods], paths, serve(protocol, endpoint));
    // An address that is the protocol's own twice ("" and "/") is told of once.
    if (endpoint.kind === "ingest" && path !== "/") protocolRoutes.openAPIRegistry.registerPath(describeEndpoint(protocol, endpoint));
  }
}
