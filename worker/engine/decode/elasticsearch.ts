/**
 * Elasticsearch's bulk API (elastic.co/docs/api, "Bulk index or delete documents"), and what Beats, Logstash, Fluent Bit, Vector and the official clients
 * ask before they use it. A document's `_id` makes its event idempotent: what is there already is answered 409 for `create`, as nothing to do for `index`.
 */
import { JsonReader } from "./json-reader.ts";
import { type JsonObject, objectOf, parseRecord } from "./json-values.ts";
import { linesOf } from "./lines.ts";
import {
  type InfoEndpoint,
  type IngestEndpoint,
  jsonAnswer,
  type Protocol,
  type ProtocolAnswer,
  type ProtocolRequest,
  type Refusal,
  type Stored,
} from "./protocol.ts";
import { decodeRecords, RecordError } from "./records.ts";
import { type DecodeContext, DecodeFailure } from "./types.ts";

const VERSION = "8.9.0";
const ACTIONS = ["create", "index", "update", "delete"] as const;
type Action = (typeof ACTIONS)[number];
const INDEX_DEFAULT = "logs";
const HEADERS = { "x-elastic-product": "Elasticsearch" };

/** One action of a request, in order. */
interface Item {
  action: Action;
  index: string;
  id: string | null;
  /** Why it was refused; null where it was taken. */
  error: string | null;
}

interface Notes {
  items: Item[];
}

/** Identifies a document among all indexes of a project. */
function eventIdOf({ index, id }: Item): string | null {
  return id === null ? null : `${index}/${id}`;
}

/** @throws RecordError */
function readAction(raw: Uint8Array, index_default: string): Item {
  const line = objectOf(parseRecord(raw), "an action");
  const action = ACTIONS.find((name) => Object.hasOwn(line, name));
  if (!action) throw new RecordError(`an action must be one of ${ACTIONS.join(", ")}`, Object.keys(line)[0] ?? "");
  const { _index, _id } = objectOf(line[action] ?? {}, "an action's value", action);
  return {
    action,
    index: typeof _index === "string" && _index !== "" ? _index : index_default,
    id: typeof _id === "string" && _id !== "" ? _id : typeof _id === "number" ? String(_id) : null,
    error: null,
  };
}

/** The document of an update: what it sets. @throws RecordError */
function documentOfUpdate(raw: Uint8Array): Uint8Array {
  const { doc, upsert } = objectOf(parseRecord(raw), "an update");
  return new TextEncoder().encode(JSON.stringify(doc ?? upsert ?? null));
}

function decode(body: Uint8Array, request: ProtocolRequest, context: DecodeContext) {
  const items: Item[] = [];
  const index_default = request.params.index ?? INDEX_DEFAULT;
  const decoded = decodeRecords(context, (sink) => {
    const { draft } = sink.writer;
    const reader = new JsonReader(sink.writer);
    const event_id = draft.pathNamed("event_id");
    const index_name = draft.pathNamed("_index");
    const lines = linesOf(body);
    for (let line = lines.next(); !line.done; line = lines.next()) {
      // As Elasticsearch does: a line that should be an action and is none spoils the request from there on.
      const item = actionOf(line.value, index_default, items.length);
      items.push(item);
      if (item.action === "delete") continue;
      const document = lines.next();
      if (document.done) {
        item.error = "the document is missing";
        sink.refuse(line.value, new RecordError(item.error));
        break;
      }
      const raw = document.value;
      const id = eventIdOf(item);
      const taken = sink.event(raw, () => {
        try {
          reader.begin(item.action === "update" ? documentOfUpdate(raw) : raw);
        } catch (error) {
          if (error instanceof RecordError) item.error = error.message;
          throw error;
        }
        draft.addText(index_name, item.index);
        if (id !== null) draft.addText(event_id, id);
      });
      if (!taken) item.error ??= "the document is too large";
    }
    if (items.length === 0) throw new DecodeFailure("syntax", "request body is required");
  });
  return { ...decoded, notes: { items } satisfies Notes };
}

function actionOf(raw: Uint8Array, index_default: string, count: number): Item {
  try {
    return readAction(raw, index_default);
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new DecodeFailure("syntax", `Malformed action/metadata line [${2 * count + 1}], ${error.message}`);
  }
}

function itemAnswer(item: Item, is_repeat: boolean): object {
  const { action, index, id, error } = item;
  const named = { _index: index, _id: id ?? "" };
  if (error !== null) return { [action]: { ...named, status: 400, error: { type: "document_parsing_exception", reason: error } } };
  if (action === "delete") return { delete: { ...named, result: "not_found", status: 404 } };
  if (is_repeat && action === "create") {
    const reason = `[${id}]: version conflict, document already exists`;
    return { create: { ...named, status: 409, error: { type: "version_conflict_engine_exception", reason } } };
  }
  return { [action]: { ...named, _version: 1, result: is_repeat ? "noop" : "created", status: is_repeat ? 200 : 201 } };
}

/** Fluent Bit looks for `"errors":false,"items":[` as it is written here. */
function answer({ decoded, known_event_ids, took_ms }: Stored): ProtocolAnswer {
  const { items } = decoded.notes as Notes;
  const met = new Set(known_event_ids);
  let errors = false;
  const answers = items.map((item) => {
    const event_id = item.error === null && item.action !== "delete" ? eventIdOf(item) : null;
    const is_repeat = event_id !== null && met.has(event_id);
    if (event_id !== null) met.add(event_id);
    errors ||= item.error !== null || (is_repeat && item.action === "create");
    return itemAnswer(item, is_repeat);
  });
  return jsonAnswer(200, { took: Math.max(1, took_ms), errors, items: answers });
}

const REASONS: Readonly<Record<number, string>> = {
  401: "security_exception",
  403: "security_exception",
  413: "content_too_long_exception",
  429: "es_rejected_execution_exception",
  503: "es_rejected_execution_exception",
};

/** What is busy says 429, which every client takes for a wish to wait. */
function refuse({ status, detail }: Refusal): ProtocolAnswer {
  const http = status === 503 ? 429 : status === 422 ? 400 : status;
  const error = { type: REASONS[status] ?? "parse_exception", reason: detail };
  const headers: Record<string, string> = http === 401 ? { "www-authenticate": 'Basic realm="security", charset="UTF-8"' } : {};
  return jsonAnswer(http, { error: { root_cause: [error], ...error }, status: http }, headers);
}

function bulk(path: string, methods: IngestEndpoint["methods"] = ["POST", "PUT"]): IngestEndpoint {
  return {
    kind: "ingest",
    methods,
    path,
    at_root: true,
    decode,
    asked_event_ids: ({ notes }) => (notes as Notes).items.filter(({ error }) => error === null).flatMap((item) => eventIdOf(item) ?? []),
    answer,
  };
}

/** @param at_root where the root is free; the key is asked for like in a cluster with security */
function info(
  path: string,
  value: JsonObject,
  at_root = true,
  methods: InfoEndpoint["methods"] = ["GET", "HEAD", "PUT", "POST", "DELETE"],
): InfoEndpoint {
  return {
    kind: "info",
    methods,
    path,
    at_root,
    needs_key: true,
    answer: ({ method }) => (method === "HEAD" ? { status: 200 } : jsonAnswer(200, value)),
  };
}

const ABOUT = {
  name: "ledge",
  cluster_name: "ledge",
  cluster_uuid: "bGVkZ2UtbG9nLXNlcnZpY2",
  version: {
    number: VERSION,
    build_flavor: "default",
    build_type: "docker",
    build_hash: "0000000000000000000000000000000000000000",
    build_date: "2023-07-19T00:00:00.000000000Z",
    build_snapshot: false,
    lucene_version: "9.7.0",
    minimum_wire_compatibility_version: "7.17.0",
    minimum_index_compatibility_version: "7.0.0",
  },
  tagline: "You Know, for Search",
};
const LICENSE = {
  license: {
    uid: "ledge",
    type: "basic",
    status: "active",
    mode: "basic",
    expiry_date_in_millis: 4_000_000_000_000,
    issued_to: "ledge",
    issuer: "ledge",
  },
};
const ACKNOWLEDGED = { acknowledged: true };

export const elasticsearch: Protocol = {
  name: "elasticsearch",
  title: "Elasticsearch bulk",
  credentials: { schemes: ["ApiKey"] },
  headers: HEADERS,
  endpoints: [
    bulk("/_bulk"),
    bulk("/{index}/_bulk"),
    info("", ABOUT, false),
    info("/", ABOUT, false),
    info("/_license", LICENSE),
    info("/_xpack", {
      license: LICENSE.license,
      features: { security: { available: true, enabled: true }, ilm: { available: true, enabled: true } },
    }),
    info("/_cluster/health", { cluster_name: "ledge", status: "green", timed_out: false, number_of_nodes: 1 }),
    info("/_cat/indices", {}),
    info("/_nodes", { nodes: {} }),
    info("/_nodes/{what}", { nodes: {} }),
    info("/_nodes/{id}/{what}", { nodes: {} }),
    // Written is found at once, so there is nothing to refresh.
    ...["/_refresh", "/{index}/_refresh"].map((path) =>
      info(path, { _shards: { total: 1, successful: 1, failed: 0 } }, true, ["GET", "POST"]),
    ),
    info("/_alias", {}),
    info("/_alias/{name}", {}),
    ...["/_ilm/policy", "/_index_template", "/_component_template", "/_template", "/_ingest/pipeline", "/_data_stream"].flatMap((path) => [
      info(path, {}),
      info(`${path}/{name}`, ACKNOWLEDGED),
    ]),
    info("/_logstash", {}),
    info("/_logstash/{what}", {}),
  ],
  refuse,
};
