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

/** Where the clients of a protocol put the key besides the usual places. */
export interface SecretPlaces {
  /** Headers whose whole value is the key. */
  headers?: readonly string[];
  /** Schemes of `Authorization` besides Bearer and Basic, such as "Splunk". */
  schemes?: readonly string[];
  /** Parameters of the query besides `token`. */
  query?: readonly string[];
}

/** As `presentedSecret` with `?token=`, and in the places of a protocol first. @param params the query's */
export function protocolSecret(request: Request, params: URLSearchParams, places: SecretPlaces): string | null {
  for (const name of places.headers ?? []) {
    const value = request.headers.get(name);
    if (value) return value.trim();
  }
  const authorization = request.headers.get("authorization")?.trim() ?? "";
  const space = authorization.indexOf(" ");
  const scheme = authorization.slice(0, Math.max(0, space)).toLowerCase();
  if (places.schemes?.some((known) => known.toLowerCase() === scheme)) {
    const value = authorization.slice(space + 1).trim();
    // Elasticsearch's clients send id and key as Basic does.
    return value.startsWith("ledge_") ? value : fromBasic(value);
  }
  const usual = presentedSecret(request, true);
  if (usual) return usual;
  for (const name of places.query ?? []) {
    const value = params.get(name);
    if (value) return value;
  }
  return null;
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
