import type { Context } from "hono";
import type { AppEnv } from "../auth/access.ts";
import { forgetAttempts, takeAttempt } from "../auth/attempts.ts";
import { clientOf } from "../auth/client.ts";
import {
  ACCOUNT_ADDRESS_ATTEMPTS_MAX,
  ACCOUNT_ATTEMPTS_MAX,
  ACCOUNT_ATTEMPTS_SPAN_MS,
  ADDRESS_ATTEMPTS_MAX,
  ADDRESS_ATTEMPTS_SPAN_MS,
  UNKNOWN_ADDRESS_ATTEMPTS_MAX,
} from "../limits.ts";

function addressOf(c: Context<AppEnv>): string {
  return clientOf(c).ip_address ?? "unknown";
}

function keysOf(c: Context<AppEnv>, what: string, account: string) {
  return { both: [what, account, addressOf(c)], account: [what, account] };
}

/**
 * Counts a try of something that could be guessed, or that costs a hash: by address, and by the account that it is about.
 * @throws Problem `rate_limited`
 */
export async function takeTries(c: Context<AppEnv>, what: string, account: string | null): Promise<void> {
  const address_max = clientOf(c).ip_address === null ? UNKNOWN_ADDRESS_ATTEMPTS_MAX : ADDRESS_ATTEMPTS_MAX;
  const limits = [{ key: ["address", addressOf(c)], count_max: address_max, span_ms: ADDRESS_ATTEMPTS_SPAN_MS }];
  if (account !== null) {
    const keys = keysOf(c, what, account);
    limits.push({ key: keys.both, count_max: ACCOUNT_ADDRESS_ATTEMPTS_MAX, span_ms: ACCOUNT_ATTEMPTS_SPAN_MS });
    limits.push({ key: keys.account, count_max: ACCOUNT_ATTEMPTS_MAX, span_ms: ACCOUNT_ATTEMPTS_SPAN_MS });
  }
  await takeAttempt(c.env.DB, limits, Date.now());
}

/** To be called after a try that succeeded. */
export async function forgetTries(c: Context<AppEnv>, what: string, account: string): Promise<void> {
  const keys = keysOf(c, what, account);
  await Promise.all([forgetAttempts(c.env.DB, keys.both), forgetAttempts(c.env.DB, keys.account)]);
}
