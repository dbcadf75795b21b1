/** Batches read from frames and segments: every form of a column says the same, and all of them together hold the events. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { EventRecord } from "../../../worker/engine/batch/event-batch.ts";
import { recordAt } from "../../../worker/engine/batch/record.ts";
import { randomOf } from "../../support/random.ts";
import { expectedRecord } from "../query/batches.ts";
import { checkAgreement } from "./agreement.ts";
import { dataset, eventsOf } from "./events.ts";
import { storedForms } from "./stored.ts";

const RUNS = Number(process.env.ORACLE_RUNS ?? 60);
const SEED = process.env.ORACLE_SEED === undefined ? 20_260_304 : Number(process.env.ORACLE_SEED);
/** A busy machine tries fewer. */
const TIME_MS = Number(process.env.ORACLE_MS ?? 10_000);

/** As JSON, which knows one zero only, members in order. */
function sorted({ attributes, ...fields }: EventRecord): string {
  const inOrder = (held: object) => Object.entries(held).sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([inOrder(fields), inOrder(attributes)]);
}

describe("batches", () => {
  it("agree with themselves and with the events", async () => {
    await fc.assert(
      fc.asyncProperty(dataset, async (data) => {
        const events = eventsOf(data);
        const wanted = new Map(events.map((event) => [event.ingest_us, event]));
        for (const stored of await storedForms(events, data.seed)) {
          const [plain, fresh] = [await stored.batches(), await stored.batches()];
          expect(
            plain.reduce((sum, { rows }) => sum + rows, 0),
            stored.form,
          ).toBeGreaterThanOrEqual(events.length);
          const random = randomOf(data.seed);
          for (const [at, batch] of fresh.entries()) checkAgreement(plain[at]!, batch, random);
          const seen = new Set<number>();
          for (const batch of await stored.batches()) {
            for (let row = 0; row < batch.rows; row++) {
              const event = wanted.get(batch.ingest_us[row]!);
              if (!event) continue;
              seen.add(event.ingest_us);
              expect(sorted(recordAt(batch, row)), stored.form).toBe(sorted(expectedRecord(event)));
            }
          }
          expect(seen.size, stored.form).toBe(wanted.size);
        }
      }),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: TIME_MS },
    );
  });
});
