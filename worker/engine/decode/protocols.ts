import { axiom } from "./axiom.ts";
import { betterstack } from "./betterstack.ts";
import { cloudevents } from "./cloudevents.ts";
import { csv } from "./csv.ts";
import { datadog } from "./datadog.ts";
import { elasticsearch } from "./elasticsearch.ts";
import { firehose } from "./firehose.ts";
import { fluent } from "./fluent.ts";
import { gelf } from "./gelf.ts";
import { journald } from "./journald.ts";
import { logpush } from "./logpush.ts";
import { loki } from "./loki.ts";
import { otlp } from "./otlp.ts";
import { json, logfmt, ndjson, text } from "./plain.ts";
import type { Protocol } from "./protocol.ts";
import { splunk } from "./splunk.ts";
import { logplex, syslog } from "./syslog.ts";
import { vector } from "./vector.ts";
import { vercel } from "./vercel.ts";

/** Every protocol that is accepted besides Ledge's own. */
export const PROTOCOLS: readonly Protocol[] = [
  axiom,
  betterstack,
  cloudevents,
  csv,
  datadog,
  elasticsearch,
  firehose,
  fluent,
  gelf,
  journald,
  json,
  logfmt,
  logplex,
  logpush,
  loki,
  ndjson,
  otlp,
  splunk,
  syslog,
  text,
  vector,
  vercel,
];
