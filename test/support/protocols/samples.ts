import { bulkSample, indexBulkSample } from "./elasticsearch.ts";
import { gelfSample } from "./gelf.ts";
import { datadogSamples, jsonLineSamples } from "./json-lines.ts";
import { lokiJsonSample, lokiProtobufSample } from "./loki.ts";
import { cloudEventsSample, cloudWatchSample, csvSample, firehoseSample, logfmtSample, messagePackSample, textSample } from "./others.ts";
import { otlpJsonSample, otlpProtobufSample } from "./otlp.ts";
import type { ProtocolSample } from "./sample.ts";
import { splunkEventSample, splunkRawSample } from "./splunk.ts";
import { journaldSample, syslogSamples } from "./syslog.ts";

/** One for each endpoint that takes events. */
export const SAMPLES: readonly ProtocolSample[] = [
  bulkSample,
  indexBulkSample,
  cloudEventsSample,
  cloudWatchSample,
  csvSample,
  ...datadogSamples,
  firehoseSample,
  gelfSample,
  ...jsonLineSamples,
  logfmtSample,
  lokiJsonSample,
  lokiProtobufSample,
  messagePackSample,
  otlpJsonSample,
  otlpProtobufSample,
  splunkEventSample,
  splunkRawSample,
  ...syslogSamples,
  journaldSample,
  textSample,
];
