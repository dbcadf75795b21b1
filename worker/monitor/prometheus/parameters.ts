/** Parameters of Prometheus' API, from the address or a form, read as Prometheus reads them. */
import type { Context } from "hono";
import type { AppEnv } from "../../auth/access.ts";
import { parsePromDuration_ms } from "../../engine/promql/literals.ts";
import { parseTime_us } from "../../engine/query/query.ts";
import { PROMQL_STEPS_MAX } from "../../limits.ts";
import { PromFault } from "./answers.ts";

/** Of the address and, where a form was sent, of the form. @throws PromFault */
export async function promParameters(c: Context<AppEnv>): Promise<URLSearchParams> {
  const parameters = new URLSearchParams(new URL(c.req.url).search);
  if (c.req.method !== "POST") return parameters;
  const type = c.req.header("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  const body = await c.req.text();
  if (body === "") return parameters;
  if (type !== "application/x-www-form-urlencoded")
    throw new PromFault("bad_data", "a body is expected to be application/x-www-form-urlencoded");
  for (const [name, value] of new URLSearchParams(body)) parameters.append(name, value);
  return parameters;
}

function required(parameters: URLSearchParams, name: string): string {
  const text = parameters.get(name);
  if (text === null || text === "") throw new PromFault("bad_data", `invalid parameter "${name}": it is missing`);
  return text;
}

export function queryOf(parameters: URLSearchParams): string {
  return required(parameters, "query");
}

const NUMBER = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i;
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d/;

/** Seconds since 1970 with a fraction, or RFC 3339. @throws PromFault */
function timeIn(parameters: URLSearchParams, name: string): number {
  const text = required(parameters, name).trim();
  if (NUMBER.test(text)) {
    const time_ms = Math.round(Number(text) * 1_000);
    if (Number.isSafeInteger(time_ms) && time_ms >= 0) return time_ms;
  } else if (RFC_3339.test(text)) {
    // A "+" of the zone that was not escaped arrives as a space.
    const time_us = parseTime_us(text.replace(" ", "+"), 0);
    if (time_us !== null && time_us >= 0) return Math.round(time_us / 1_000);
  }
  throw new PromFault("bad_data", `invalid parameter "${name}": cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid timestamp`);
}

export function timeOr(parameters: URLSearchParams, name: string, default_ms: number): number {
  return parameters.get(name) ? timeIn(parameters, name) : default_ms;
}

/** Seconds, or a duration such as `5m`. @throws PromFault */
function durationIn(parameters: URLSearchParams, name: string): number {
  const text = required(parameters, name).trim();
  const duration_ms = NUMBER.test(text) ? Number(text) * 1_000 : parsePromDuration_ms(text);
  if (duration_ms !== null && Number.isFinite(duration_ms)) return Math.round(duration_ms);
  throw new PromFault("bad_data", `invalid parameter "${name}": cannot parse ${JSON.stringify(text.slice(0, 100))} to a valid duration`);
}

/** The times of a range query. @throws PromFault */
export function timesOf(parameters: URLSearchParams): number[] {
  const start_ms = timeIn(parameters, "start");
  const end_ms = timeIn(parameters, "end");
  const step_ms = durationIn(parameters, "step");
  if (end_ms < start_ms) throw new PromFault("bad_data", 'invalid parameter "end": end timestamp must not be before start time');
  if (step_ms <= 0)
    throw new PromFault("bad_data", 'invalid parameter "step": zero or negative query resolution step widths are not accepted');
  const count = Math.floor((end_ms - start_ms) / step_ms) + 1;
  if (count > PROMQL_STEPS_MAX)
    throw new PromFault(
      "bad_data",
      `exceeded maximum resolution of ${PROMQL_STEPS_MAX} points per timeseries. Try decreasing the query resolution (?step=XX)`,
    );
  return Array.from({ length: count }, (_, index) => start_ms + index * step_ms);
}

/** `limit` of lists; 0 and nothing: all. @throws PromFault */
export function limitOf(parameters: URLSearchParams): number {
  const text = parameters.get("limit");
  if (text === null || text === "") return Number.POSITIVE_INFINITY;
  if (!/^\d{1,9}$/.test(text)) throw new PromFault("bad_data", 'invalid parameter "limit": a number that is not negative is expected');
  return Number(text) || Number.POSITIVE_INFINITY;
}
