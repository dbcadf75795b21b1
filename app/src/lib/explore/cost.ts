/** What an answer cost on Cloudflare, roughly, from what it did: prices of requests and of reads from R2, by the list of 2026. */
import type { Cost } from "./search.svelte.ts";

const REQUEST_USD = 0.3 / 1e6;
const R2_READ_USD = 0.36 / 1e6;
/** Processor time: 0.02 USD for a million milliseconds; the time an answer took is its bound. */
const CPU_MS_USD = 0.02 / 1e6;

export function dollarsOf({ took_ms, reads, parts }: Cost): number {
  return REQUEST_USD * (1 + parts) + R2_READ_USD * reads + CPU_MS_USD * took_ms;
}
