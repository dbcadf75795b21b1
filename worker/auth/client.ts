import type { Context } from "hono";
import { USER_AGENT_LENGTH_MAX } from "../limits.ts";
import type { AppEnv } from "./access.ts";

/** Where a request came from, as far as it can be told. */
export interface Client {
  /** Null on one machine: there nobody vouches for the header that names it. */
  ip_address: string | null;
  user_agent: string | null;
}

export function clientOf(c: Context<AppEnv>): Client {
  // Cloudflare writes this header and lets no client set it; without Cloudflare in front anyone could.
  const ip_address = c.env.LEDGE_PROFILE === "edge" ? (c.req.header("cf-connecting-ip") ?? null) : null;
  return { ip_address, user_agent: c.req.header("user-agent")?.slice(0, USER_AGENT_LENGTH_MAX) ?? null };
}

/** Whether the browser's connection is encrypted, here or by a proxy in front of the app's address: then cookies are bound to this host and to https. */
export function isSecure(c: Context<AppEnv>): boolean {
  return new URL(c.req.url).protocol === "https:" || (c.env.LEDGE_APP_URL?.startsWith("https:") ?? false);
}

/** The address that links for people lead to. */
export function appUrl(c: Context<AppEnv>): string {
  return (c.env.LEDGE_APP_URL ?? new URL(c.req.url).origin).replace(/\/+$/, "");
}
