import { ExtremeState } from "./extreme-state.ts";
import type { StatFunction } from "./stat.ts";

/** `min(field)`: the least of the numbers, and of the texts that spell one; of `timestamp` the earliest. */
export const minFunction: StatFunction = { field: "needed", create: (field) => new ExtremeState(field as string, -1) };
