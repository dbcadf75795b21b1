import { parseTime_us } from "../../../worker/engine/query/query.ts";
import { Problem } from "../../../worker/errors.ts";
import type { TailOpening } from "../types.ts";

/** What the Worker asked for with `tailAddress`. @throws Problem `upgrade_required` */
export function readOpening(request: Request): TailOpening {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket")
    throw new Problem("upgrade_required", "This object opens sockets only.");
  return JSON.parse(new URL(request.url).searchParams.get("opening") ?? "") as TailOpening;
}

/** @throws Problem `invalid` where it is no time */
export function sinceOf({ since }: TailOpening, now_ms: number): number | null {
  if (since === null || since.trim() === "") return null;
  // A "+" that was not escaped in an address arrives as a space.
  const time_us = parseTime_us(since.trim().replace(/^(.*:\d\d(?:\.\d+)?) (\d\d:?\d\d)$/, "$1+$2"), now_ms * 1000);
  if (time_us !== null && Number.isSafeInteger(time_us) && time_us >= 0) return Math.floor(time_us / 1000);
  const message = "expected an ISO 8601 time, an epoch number (s, ms, us or ns), or a relative time such as -5m";
  throw new Problem("invalid", `since: ${message}`, { errors: [{ field: "since", value: since.slice(0, 200), message }] });
}
