import { conforms } from "../../support/protocols/conformance.ts";
import { SAMPLES } from "../../support/protocols/samples.ts";

for (const sample of SAMPLES) conforms(sample);
