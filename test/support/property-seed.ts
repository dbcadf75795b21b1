import fc from "fast-check";

/** Each run of the tests tries the same values, so that a change of the code is what makes a test fail. */
const SEED = 20_260_301;

/** `LEDGE_PROPERTY_SEED=random` tries others, as a search for faults; a number repeats a run. */
const wanted = process.env.LEDGE_PROPERTY_SEED ?? String(SEED);

if (wanted !== "random") fc.configureGlobal({ seed: Number(wanted) });
