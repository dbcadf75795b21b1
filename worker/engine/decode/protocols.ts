import { elasticsearch } from "./elasticsearch.ts";
import { gelf } from "./gelf.ts";
import { loki } from "./loki.ts";
import { otlp } from "./otlp.ts";
import type { Protocol } from "./protocol.ts";
import { splunk } from "./splunk.ts";

/** Every protocol that is accepted besides Ledge's own. */
export const PROTOCOLS: readonly Protocol[] = [elasticsearch, gelf, loki, otlp, splunk];
