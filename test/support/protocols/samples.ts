import { bulkSample, indexBulkSample } from "./elasticsearch.ts";
import { gelfSample } from "./gelf.ts";
import { lokiJsonSample, lokiProtobufSample } from "./loki.ts";
import { otlpJsonSample, otlpProtobufSample } from "./otlp.ts";
import type { ProtocolSample } from "./sample.ts";
import { splunkEventSample, splunkRawSample } from "./splunk.ts";

/** One for each endpoint that takes events. */
export const SAMPLES: readonly ProtocolSample[] = [
  bulkSample,
  indexBulkSample,
  gelfSample,
  lokiJsonSample,
  lokiProtobufSample,
  otlpJsonSample,
  otlpProtobufSample,
  splunkEventSample,
  splunkRawSample,
];
