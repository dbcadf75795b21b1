/** What to paste, by agent and language: the address and a key are in it already. The guides in docs/sources say more. */
export interface Snippet {
  id: string;
  label: string;
  /** Above the code: where it goes. */
  lead: string;
  code: string;
  /** The guide in docs/sources, by its name. */
  guide: string;
}

export interface Target {
  /** Address of this Ledge without a trailing slash. */
  url: string;
  /** Text of a key, or a stand-in for it. */
  key: string;
}

type Write = (target: Target & { host: string; port: number; tls: boolean }) => string;

const curl: Write = ({ url, key }) => `curl ${url}/api/v1/logs \\
  -H "Authorization: Bearer ${key}" \\
  -H "Content-Type: application/json" \\
  -d '{"level":"info","service":"hello","message":"the first line"}'`;

const javascript: Write = ({ url, key }) => `await fetch("${url}/api/v1/logs", {
  method: "POST",
  headers: {
    authorization: "Bearer ${key}",
    "content-type": "application/json",
  },
  body: JSON.stringify([
    { level: "info", service: "hello", message: "the first line", user: { id: 42 } },
  ]),
});`;

const python: Write = ({ url, key }) => `import json, urllib.request

events = [{"level": "info", "service": "hello", "message": "the first line", "user": {"id": 42}}]
request = urllib.request.Request(
    "${url}/api/v1/logs",
    json.dumps(events).encode(),
    {"Authorization": "Bearer ${key}", "Content-Type": "application/json"},
)
print(urllib.request.urlopen(request).read().decode())`;

const go: Write = ({ url, key }) => `body := strings.NewReader(\`[{"level":"info","service":"hello","message":"the first line"}]\`)
request, _ := http.NewRequest("POST", "${url}/api/v1/logs", body)
request.Header.Set("Authorization", "Bearer ${key}")
request.Header.Set("Content-Type", "application/json")
response, err := http.DefaultClient.Do(request)`;

const otel: Write = ({ url, key }) => `exporters:
  otlphttp/ledge:
    endpoint: ${url}/in/otlp
    headers:
      Authorization: Bearer ${key}
    compression: gzip
service:
  pipelines:
    logs:
      receivers: [otlp]
      exporters: [otlphttp/ledge]`;

const otelSdk: Write = ({ url, key }) => `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=${url}/in/otlp/v1/logs
OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=http/protobuf
OTEL_EXPORTER_OTLP_LOGS_HEADERS=authorization=Bearer%20${key}`;

const fluentBit: Write = ({ key, host, port, tls }) => `pipeline:
  inputs:
    - name: tail
      path: /var/log/app/*.log
  outputs:
    - name: http
      match: '*'
      host: ${host}
      port: ${port}
${tls ? "      tls: on\n" : ""}      uri: /in/fluent?service=app
      format: json_lines
      json_date_format: iso8601
      compress: gzip
      header:
        - X-API-Key ${key}
      retry_limit: no_limits`;

const vector: Write = ({ url, key }) => `sources:
  docker:
    type: docker_logs
sinks:
  ledge:
    type: http
    inputs: [docker]
    uri: ${url}/in/vector
    compression: gzip
    encoding:
      codec: json
    framing:
      method: newline_delimited
    auth:
      strategy: bearer
      token: ${key}`;

const docker: Write = ({ url, key }) => `docker run -d --log-driver splunk \\
  --log-opt splunk-url=${url} \\
  --log-opt splunk-token=${key} \\
  nginx`;

const workers: Write = ({ url }) => `# clients/tail-worker/wrangler.toml: LEDGE_URL = "${url}"
npx wrangler deploy --config clients/tail-worker/wrangler.toml
npx wrangler secret put LEDGE_API_KEY --config clients/tail-worker/wrangler.toml

# in the wrangler.toml of each Worker that shall be heard
tail_consumers = [{ service = "ledge-tail" }]`;

const alloy: Write = ({ url, key }) => `loki.write "ledge" {
  endpoint {
    url = "${url}/loki/api/v1/push"
    basic_auth {
      username = "ledge"
      password = "${key}"
    }
  }
}`;

const beats: Write = ({ key, host, port, tls }) => `output.elasticsearch:
  hosts: ["http${tls ? "s" : ""}://${host}:${port}"]
  path: /in/elasticsearch
  api_key: "ledge:${key}"
  allow_older_versions: true
setup.template.enabled: false
setup.ilm.enabled: false`;

const datadog: Write = ({ key, host, port }) => `logs_enabled: true
logs_config:
  force_use_http: true
  logs_dd_url: ${host}:${port}
api_key: ${key}`;

const syslogNg: Write = ({ url, key }) => `destination d_ledge {
  http(
    url("${url}/in/syslog") method("POST")
    headers("Authorization: Bearer ${key}", "Content-Type: text/plain")
    body("<$PRI>1 $ISODATE $HOST \${PROGRAM:--} \${PID:--} \${MSGID:--} \${SDATA:--} $MSG")
    delimiter("\\n") batch-lines(1000) batch-timeout(1000)
  );
};`;

const heroku: Write = ({ key, host, port, tls }) =>
  `heroku drains:add "http${tls ? "s" : ""}://ledge:${key}@${host}:${port}/in/logplex?service=shop&join=stack_traces" -a shop`;

const RECIPES: (Omit<Snippet, "code"> & { write: Write })[] = [
  { id: "curl", label: "curl", lead: "In a terminal:", guide: "csv-json-text", write: curl },
  {
    id: "javascript",
    label: "JavaScript",
    lead: "Node.js, Deno, Bun or a Worker; for pino and winston see the guide.",
    guide: "nodejs",
    write: javascript,
  },
  { id: "python", label: "Python", lead: "Nothing to install; for a logging handler see the guide.", guide: "python", write: python },
  { id: "go", label: "Go", lead: "With the standard library:", guide: "csv-json-text", write: go },
  { id: "otel", label: "OpenTelemetry", lead: "In the collector's configuration:", guide: "opentelemetry", write: otel },
  { id: "otel-sdk", label: "OTel SDKs", lead: "In the environment of the program:", guide: "opentelemetry", write: otelSdk },
  { id: "fluent-bit", label: "Fluent Bit", lead: "fluent-bit.yaml", guide: "fluent-bit", write: fluentBit },
  { id: "vector", label: "Vector", lead: "vector.yaml", guide: "vector", write: vector },
  { id: "docker", label: "Docker", lead: "Docker's own log driver; nothing to install.", guide: "splunk-hec", write: docker },
  {
    id: "workers",
    label: "Cloudflare Workers",
    lead: "A Tail Worker hands on what your other Workers log; it asks for the key above.",
    guide: "cloudflare-workers",
    write: workers,
  },
  { id: "alloy", label: "Grafana Alloy", lead: "config.alloy", guide: "loki", write: alloy },
  { id: "beats", label: "Beats", lead: "filebeat.yml", guide: "elasticsearch", write: beats },
  { id: "datadog", label: "Datadog Agent", lead: "datadog.yaml", guide: "datadog", write: datadog },
  { id: "syslog", label: "syslog-ng", lead: "syslog-ng.conf", guide: "syslog", write: syslogNg },
  { id: "heroku", label: "Heroku", lead: "A drain of an app:", guide: "heroku", write: heroku },
];

/** All snippets for one address and key. */
export function snippetsFor({ url, key }: Target): Snippet[] {
  const { hostname, port, protocol } = new URL(url);
  const tls = protocol === "https:";
  const full = { url, key, host: hostname, port: port === "" ? (tls ? 443 : 80) : Number(port), tls };
  return RECIPES.map(({ write, ...rest }) => ({ ...rest, code: write(full) }));
}
