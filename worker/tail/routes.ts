/** The live tail: tickets, and the stream as WebSocket or as server-sent events. */
import { createRoute, type z } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { authenticate } from "../auth/authenticate.ts";
import { newTicket, readTicket } from "../auth/key-text.ts";
import { requireSession } from "../auth/sessions.ts";
import { tailOf } from "../catalog/stream.ts";
import { Problem } from "../errors.ts";
import { MANAGE_TIMEOUT_MS, TAIL_TICKET_LIFE_MS, TAIL_TICKETS_MAX } from "../limits.ts";
import { createRouter } from "../router.ts";
import { KEY_SECURITY, problems } from "../schemas.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";
import { type Asker, openSocket, type TailViewer } from "./open.ts";
import { StreamParameters, TailFrame, Ticket } from "./schemas.ts";
import { eventStreamOf } from "./sse.ts";

const RETRY_AFTER_S = 10;

const ticket = createRoute({
  method: "post",
  path: "/api/v1/logs/stream/ticket",
  tags: ["Live tail"],
  summary: "A ticket that opens the stream once",
  description: "For browsers, which can set no header on a WebSocket. It is bound to the project and to what the key may do.",
  security: KEY_SECURITY,
  middleware: [authenticate("read")],
  responses: {
    200: { description: "The ticket.", content: { "application/json": { schema: Ticket } } },
    ...problems(401, 403, 410, 429, 503),
  },
});

/** A ticket says by itself who asks; the project's object knows whether it is good. */
function authenticateOrTicket(): MiddlewareHandler<AppEnv> {
  const by_key = authenticate("read");
  return (c, next) => (c.req.query("ticket") ? next() : by_key(c, next));
}

const stream = createRoute({
  method: "get",
  path: "/api/v1/logs/stream",
  tags: ["Live tail"],
  summary: "Events as they arrive",
  description:
    "A WebSocket; with `Accept: text/event-stream` (or curl's `*/*`) the same frames as server-sent events. docs/live-tail.md tells what clients may say.",
  security: KEY_SECURITY,
  middleware: [authenticateOrTicket()],
  request: { query: StreamParameters },
  responses: {
    101: { description: "A WebSocket whose messages are frames." },
    200: { description: "Frames as server-sent events.", content: { "text/event-stream": { schema: TailFrame } } },
    ...problems(400, 401, 403, 410, 422, 426, 429, 503),
  },
});

/** Who asks, as the object remembers it with the socket. */
async function viewerOf(c: Context<AppEnv>): Promise<TailViewer> {
  const { key } = c.var.access;
  if (key) return { kind: "key", key_id: key.key_id };
  const { user, session } = await requireSession(c);
  return { kind: "user", user_id: user.user_id, session_id: session.session_id };
}

/** @throws Problem `unauthenticated` where the ticket was not made here */
async function askerOf(c: Context<AppEnv>, ticket_text: string | undefined): Promise<Asker> {
  if (!ticket_text) return { project_id: c.var.access.project_id, viewer: await viewerOf(c), ticket_hash: null };
  const read = readTicket(ticket_text, c.env.LEDGE_SECRET);
  if (!read) throw new Problem("unauthenticated", "This is not a ticket of Ledge.");
  return { project_id: read.project_id, viewer: null, ticket_hash: read.hash };
}

function wantsEvents(accept: string | undefined): boolean {
  const kinds = (accept ?? "").split(",").map((kind) => kind.split(";")[0]!.trim().toLowerCase());
  return kinds.includes("text/event-stream") || kinds.includes("*/*");
}

async function openStream(c: Context<AppEnv>, parameters: z.infer<typeof StreamParameters>): Promise<Response> {
  const is_socket = c.req.header("upgrade")?.toLowerCase() === "websocket";
  if (!is_socket && !wantsEvents(c.req.header("accept"))) {
    throw new Problem("upgrade_required", "Ask for a WebSocket, or for server-sent events with Accept: text/event-stream.", {
      headers: { upgrade: "websocket" },
    });
  }
  const asker = await askerOf(c, parameters.ticket);
  const last_id = is_socket ? undefined : c.req.header("last-event-id");
  const answer = await openSocket(c.env, asker, { ...parameters, cursor: last_id ?? parameters.cursor });
  return is_socket || !answer.webSocket ? answer : eventStreamOf(answer.webSocket, c.req.raw.signal ?? null);
}

export const tailRoutes = createRouter();
tailRoutes.openapi(ticket, async (c) => {
  const { project_id } = c.var.access;
  const viewer = await viewerOf(c);
  const { text, hash } = newTicket(project_id, c.env.LEDGE_SECRET);
  const expires_ms = Date.now() + TAIL_TICKET_LIFE_MS;
  const issued = await tryTwice(() => withTimeout(tailOf(c.env, project_id).issueTicket({ hash, viewer, expires_ms }), MANAGE_TIMEOUT_MS));
  if (!issued) {
    throw new Problem("rate_limited", `${TAIL_TICKETS_MAX} tickets of this project wait to be used.`, { retry_after_s: RETRY_AFTER_S });
  }
  return c.json({ ticket: text, expires_at: new Date(expires_ms).toISOString() }, 200, { "cache-control": "no-store" });
});
tailRoutes.openapi(stream, async (c) => (await openStream(c, c.req.valid("query"))) as never);
