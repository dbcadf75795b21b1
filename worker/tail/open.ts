import { type TailOpening, type TailViewer, tailAddress } from "../../durable-objects/project-stream/types.ts";
import { tailOf } from "../catalog/stream.ts";
import type { Env } from "../env.ts";
import { MANAGE_TIMEOUT_MS } from "../limits.ts";
import { tryTwice } from "../stream-call.ts";
import { withTimeout } from "../timeout.ts";

/** Who asks for a socket: known by the request, or by a ticket that the object knows. */
export type Asker = { project_id: string } & Pick<TailOpening, "viewer" | "ticket_hash">;
export type { TailViewer };

export interface Asked {
  q?: string;
  since?: string;
  cursor?: string;
  metrics?: string;
}

/**
 * Asks the project's object for a socket: its answer carries one (101) or refuses who asks. What else is wrong is told on the socket,
 * for a browser sees nothing of an answer that refuses one.
 * @throws Problem `unavailable`
 */
export function openSocket(env: Env, { project_id, viewer, ticket_hash }: Asker, asked: Asked): Promise<Response> {
  const { q = "", since = null, cursor, metrics = "" } = asked;
  const names = metrics.split(",").filter((name) => name !== "");
  const address = tailAddress({ q, since, cursor: cursor || null, metrics: names, viewer, ticket_hash });
  const call = () => withTimeout(tailOf(env, project_id).fetch(address, { headers: { upgrade: "websocket" } }), MANAGE_TIMEOUT_MS);
  return ticket_hash === null ? tryTwice(call) : call();
}
