/** Damaged frames and segments: an error of their kind, or what was written; bounded memory. */
import { describe, it } from "vitest";
import { bytesTargets } from "./bytes-targets.ts";
import { chanceOf } from "./chance.ts";
import { fuzz } from "./target.ts";

const TIME_MS = Number(process.env.FUZZ_MS ?? 1_200);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

describe("damaged bytes", async () => {
  for (const target of await bytesTargets()) {
    it(`do no harm: ${target.name}`, async () => {
      const end_ms = Date.now() + TIME_MS;
      await fuzz(target, SEED, (tries) => tries < 20 || Date.now() < end_ms, chanceOf);
    });
  }
});
