import { gelfSample } from "./gelf.ts";
import type { ProtocolSample } from "./sample.ts";

/** One for each endpoint that takes events. */
export const SAMPLES: readonly ProtocolSample[] = [gelfSample];
