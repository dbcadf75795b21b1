/** Texts that nobody meant: an error of their kind that says where, or an answer that can be used. */
import { describe, expect, it } from "vitest";
import { QuerySyntaxError } from "../../../worker/engine/query/query.ts";
import { planSql } from "../../../worker/engine/query/sql/plan-sql.ts";
import { chanceOf } from "./chance.ts";
import { metricTargets } from "./metric-targets.ts";
import { fuzz } from "./target.ts";
import { textTargets } from "./text-targets.ts";

const TIME_MS = Number(process.env.FUZZ_MS ?? 250);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

/** Words of SQL where names stand. */
const ONCE_FAILED = ["SELECT DISTINCT service, host BY FROM logs", "SELECT n FROM logs ORDER BY BY (n) DESC"];

describe("statements that once failed", () => {
  it.each(ONCE_FAILED)("%s is refused", (sql) => {
    expect(() => planSql(sql, { now_us: 0, rows_max: 10 })).toThrow(QuerySyntaxError);
  });
});

describe("any text", () => {
  it.each([...textTargets(), ...metricTargets()])("does no harm: $name", async (target) => {
    const end_ms = Date.now() + TIME_MS;
    await fuzz(target, SEED, (tries) => tries < 20 || Date.now() < end_ms, chanceOf);
  });
});
