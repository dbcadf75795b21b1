import { gelfSample } from "./gelf.ts";
import { otlpJsonSample, otlpProtobufSample } from "./otlp.ts";
import type { ProtocolSample } from "./sample.ts";

/** One for each endpoint that takes events. */
export const SAMPLES: readonly ProtocolSample[] = [gelfSample, otlpJsonSample, otlpProtobufSample];
