import type { StatFunction } from "./stat.ts";
import { SumState } from "./stats-sum.ts";

/** `avg(field)`: the sum divided by how many numbers there are. */
export const avgFunction: StatFunction = { field: "needed", create: (field) => new SumState(field as string, (sum, count) => sum / count) };
