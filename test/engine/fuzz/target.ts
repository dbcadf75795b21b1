import type { Chance } from "./chance.ts";

/** Something that takes whatever it is given: a right answer or an error of its own kind, in bounded memory, and always an end. */
export interface Target {
  name: string;
  /** One try. @throws anything: then the target is at fault */
  run(chance: Chance): Promise<void> | void;
}

/** Runs the work; an error of one of these kinds is an answer. @returns whether it answered without an error */
export async function refuses(
  kinds: readonly (abstract new (...args: never[]) => Error)[],
  work: () => Promise<unknown> | unknown,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return false;
    throw error;
  }
}

/** A failure with what is needed to see it again. */
export class FuzzFailure extends Error {
  override readonly name = "FuzzFailure";
}

/**
 * Many tries of one target, each with a seed of its own.
 * @param more told the number of tries; false ends
 * @throws FuzzFailure with the target and the seed
 */
export async function fuzz(
  target: Target,
  first_seed: number,
  more: (tries: number) => boolean,
  chanceOf: (seed: number) => Chance,
): Promise<number> {
  let tries = 0;
  for (; more(tries); tries++) {
    const seed = first_seed + tries;
    try {
      await target.run(chanceOf(seed));
    } catch (error) {
      const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
      throw new FuzzFailure(`${target.name}, seed ${seed}: ${what}`, { cause: error });
    }
  }
  return tries;
}
