import { ExtremeState } from "./extreme-state.ts";
import type { StatFunction } from "./stat.ts";

/** `max(field)`: the greatest of the numbers, and of the texts that spell one; of `timestamp` the latest. */
export const maxFunction: StatFunction = { field: "needed", create: (field) => new ExtremeState(field as string, 1) };
