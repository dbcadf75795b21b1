/** What a client may say on an open socket. */
import { Problem } from "../../../worker/errors.ts";
import { QUERY_LENGTH_MAX, TAIL_METRICS_LENGTH_MAX, TAIL_METRICS_MAX } from "../../../worker/limits.ts";

export type ClientMessage =
  | { type: "pause" }
  /** `from: "now"` passes over what came meanwhile. */
  | { type: "resume"; from: "pause" | "now" }
  | { type: "filter"; q: string }
  | { type: "metrics"; names: string[] }
  | { type: "ack"; ack: number | null };

const TYPES = "pause, resume, filter, metrics or ack";
const SHOWN_LENGTH_MAX = 200;

/** @throws Problem `bad_request` or `invalid` that says what was expected */
export function readMessage(text: string): ClientMessage {
  const message = parsed(text);
  switch (message.type) {
    case "pause":
      return { type: "pause" };
    case "resume":
      return { type: "resume", from: oneOf("from", message.from ?? "pause", ["pause", "now"]) };
    case "filter":
      if (typeof message.q !== "string" || message.q.length > QUERY_LENGTH_MAX)
        throw wrong("q", message.q, `a query of at most ${QUERY_LENGTH_MAX} characters`);
      return { type: "filter", q: message.q };
    case "metrics":
      return { type: "metrics", names: metricNames(message.names) };
    case "ack":
      if (message.ack !== undefined && !Number.isSafeInteger(message.ack)) throw wrong("ack", message.ack, "the number of a frame");
      return { type: "ack", ack: (message.ack as number | undefined) ?? null };
    default:
      throw wrong("type", message.type, TYPES);
  }
}

function parsed(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Problem("bad_request", `A message is a JSON object with a type: ${TYPES}. This is no JSON.`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Problem("bad_request", `A message is a JSON object with a type: ${TYPES}.`);
  return value as Record<string, unknown>;
}

/** @throws Problem `invalid` where these are no names, or too many */
export function metricNames(value: unknown): string[] {
  const expected = `at most ${TAIL_METRICS_MAX} names of metrics, ${TAIL_METRICS_LENGTH_MAX} characters in all`;
  if (!Array.isArray(value) || !value.every((name) => typeof name === "string" && name !== "")) throw wrong("names", value, expected);
  const names = [...new Set(value as string[])];
  const length = names.reduce((sum, name) => sum + name.length, 0);
  if (names.length > TAIL_METRICS_MAX || length > TAIL_METRICS_LENGTH_MAX) throw wrong("names", value, expected);
  return names;
}

function oneOf<T extends string>(field: string, value: unknown, known: readonly T[]): T {
  const found = known.find((item) => item === value);
  if (found === undefined) throw wrong(field, value, known.join(" or "));
  return found;
}

function wrong(field: string, value: unknown, expected: string): Problem {
  const shown = typeof value === "string" ? value.slice(0, SHOWN_LENGTH_MAX) : (JSON.stringify(value) ?? "").slice(0, SHOWN_LENGTH_MAX);
  const message = `expected ${expected}`;
  return new Problem("invalid", `${field}: ${message}`, { errors: [{ field, value: shown, message, expected }] });
}
