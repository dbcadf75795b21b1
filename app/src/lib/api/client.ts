/** The calls of the app: typed by the Worker's OpenAPI document, of the same origin, for the project that is looked at. */
import createClient from "openapi-fetch";
import type { components, paths } from "../../../generated/api.d.ts";
import { isAbort, offlineError, problemError } from "./problem.ts";

export type Schemas = components["schemas"];

/** Headers that say who asks, and for which project; set by the session. */
const identity: Record<string, string> = {};

export function identify(headers: Record<string, string>): void {
  for (const name of Object.keys(identity)) delete identity[name];
  Object.assign(identity, headers);
}

/** What the headers are at present, for calls that are made by others. */
export function identityHeaders(): Record<string, string> {
  return { ...identity };
}

/** `fetch` with the identity. @throws ApiError where no answer came; AbortError where the caller ended it */
export async function send(input: Request | string, init: RequestInit = {}): Promise<Response> {
  const request = new Request(input, init);
  for (const [name, value] of Object.entries(identity)) request.headers.set(name, value);
  try {
    return await fetch(request);
  } catch (error) {
    if (isAbort(error) || request.signal.aborted) throw error;
    throw offlineError();
  }
}

export const api = createClient<paths>({ baseUrl: "/", fetch: (request) => send(request) });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * The body of a call that succeeded: `const project = await ask(api.GET("/api/v1/project"))`.
 * @throws ApiError where the answer refuses, or there was none
 */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (!response.ok) throw problemError(response, error);
  return data as T;
}
