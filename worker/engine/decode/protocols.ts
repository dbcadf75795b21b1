import { gelf } from "./gelf.ts";
import { otlp } from "./otlp.ts";
import type { Protocol } from "./protocol.ts";

/** Every protocol that is accepted besides Ledge's own. */
export const PROTOCOLS: readonly Protocol[] = [gelf, otlp];
