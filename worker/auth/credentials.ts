import { Buffer } from "node:buffer";

/**
 * The secret that a request presents: `X-API-Key`, `Authorization: Bearer …`, `Authorization: Basic …` (as user or as password),
 * or, where a route allows it, the query parameter `token`. Null where there is none. The header that is Ledge's own comes first:
 * a proxy on the way may need Authorization for itself.
 */
export function presentedSecret(request: Request, allow_query_token: boolean): string | null {
  const api_key = request.headers.get("x-api-key");
  if (api_key) return api_key.trim();
  const authorization = request.headers.get("authorization");
  if (authorization) return fromAuthorization(authorization.trim());
  return allow_query_token ? new URL(request.url).searchParams.get("token") : null;
}

function fromAuthorization(value: string): string {
  const space = value.indexOf(" ");
  const scheme = value.slice(0, space).toLowerCase();
  const rest = value.slice(space + 1).trim();
  if (scheme === "bearer") return rest;
  if (scheme === "basic") return fromBasic(rest);
  return value;
}

/** Agents differ in which half of user:password they fill; the half that looks like a key is taken. */
function fromBasic(encoded: string): string {
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  const user = colon < 0 ? text : text.slice(0, colon);
  const password = colon < 0 ? "" : text.slice(colon + 1);
  return password.startsWith("ledge_") || user === "" ? password : user;
}
