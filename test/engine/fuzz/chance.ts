/** Random choices from a seed, for fuzzers: fast, and repeated by giving the seed again. */
import { randomOf } from "../../support/random.ts";

export interface Chance {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number from 0 to below `limit`. */
  below(limit: number): number;
  /** True once in so many times. */
  oneIn(times: number): boolean;
  pick<T>(list: readonly T[]): T;
}

export function chanceOf(seed: number): Chance {
  const next = randomOf(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return { next, below, oneIn: (times) => below(times) === 0, pick: (list) => list[below(list.length)]! };
}
