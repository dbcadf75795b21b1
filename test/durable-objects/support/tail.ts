/** Readers of a project's stream that speak to its object without the Worker between. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import type { StreamCore } from "../../../durable-objects/project-stream/stream-core.ts";
import { type TailOpening, tailAddress } from "../../../durable-objects/project-stream/types.ts";
import { streamOf, tailOf } from "../../../worker/catalog/stream.ts";
import { TailClient } from "../../worker/support/tail.ts";
import { streamStub } from "./project.ts";

const KEY = { name: "tests", prefix: "", scopes: ["read" as const], created_at: "", expires_at: null, revoked_at: null };

/** A project's own key, so that its sockets are let in. */
export async function letIn(project_id: string): Promise<void> {
  await streamOf(env, project_id).putKey({ ...KEY, key_id: "reader", hash: "reader" });
}

export async function openTail(project_id: string, opening: Partial<TailOpening> = {}): Promise<TailClient> {
  const whole = {
    q: "",
    since: null,
    cursor: null,
    metrics: [],
    viewer: { kind: "key" as const, key_id: "reader" },
    ticket_hash: null,
    ...opening,
  };
  const answer = await tailOf(env, project_id).fetch(tailAddress(whole), { headers: { upgrade: "websocket" } });
  const client = new TailClient(answer.webSocket!);
  await client.until(() => client.frames.length > 0, "a greeting");
  return client;
}

/** Takes the object out of memory; its sockets stay open, or are closed as a deployment does. */
export async function evictTail(project_id: string, webSockets: "hibernate" | "close" = "hibernate"): Promise<void> {
  await evictDurableObject(streamStub(project_id), { webSockets });
}

/** Looks into the object. */
export function inside<T>(project_id: string, look: (core: StreamCore) => T): Promise<T> {
  return runInDurableObject(streamStub(project_id), (object) => look((object as unknown as { core: StreamCore }).core));
}
