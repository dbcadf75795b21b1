/** What the services of the generated world talk about. `{slot}` is replaced anew in each event, see slots.ts. */

export interface ServiceWords {
  name: string;
  /** Share of all events. */
  weight: number;
  hosts: number;
  components: readonly string[];
  methods: readonly string[];
  /** Prefixes of paths; more are made of them. Empty: its events have no path. */
  routes: readonly string[];
  things: readonly string[];
  actions: readonly string[];
  /** Endings: a failure's reason or a success's detail. */
  details: readonly string[];
}

const HTTP = ["GET", "GET", "GET", "GET", "POST", "POST", "PUT", "DELETE"] as const;

export const SERVICES: readonly ServiceWords[] = [
  {
    name: "web",
    weight: 26,
    hosts: 12,
    components: ["router", "render", "session", "assets", "cdn"],
    methods: HTTP,
    routes: ["/", "/products", "/products/search", "/cart", "/account", "/help", "/blog"],
    things: [
      "page",
      "fragment",
      "asset bundle",
      "product list",
      "search results",
      "landing page",
      "session cookie",
      "recommendation strip",
    ],
    actions: ["rendered", "served", "cached", "revalidated", "prefetched", "streamed", "redirected", "compressed"],
    details: [
      "in {ms} ms for {ip}",
      "from edge cache, age {number} s",
      "with {number} fragments and {bytes} bytes",
      "to user {user} on {device}",
    ],
  },
  {
    name: "api",
    weight: 24,
    hosts: 10,
    components: ["gateway", "handlers", "serializer", "limiter", "graphql"],
    methods: HTTP,
    routes: ["/api/v1/orders", "/api/v1/users", "/api/v1/items", "/api/v2/search", "/api/v2/inventory", "/graphql", "/healthz"],
    things: ["request", "response", "query", "order lookup", "inventory read", "user profile", "webhook call", "batch request"],
    actions: ["completed", "accepted", "validated", "resolved", "throttled", "forwarded", "decoded", "authorized"],
    details: [
      "in {ms} ms with {bytes} bytes",
      "for client {ip} after {number} retries",
      "upstream {host} answered in {ms} ms",
      "request id {uuid}",
    ],
  },
  {
    name: "checkout",
    weight: 11,
    hosts: 6,
    components: ["payments", "basket", "tax", "fraud", "receipts"],
    methods: ["POST", "POST", "GET", "PUT"],
    routes: ["/checkout/start", "/checkout/pay", "/checkout/confirm", "/checkout/address", "/api/v1/refunds"],
    things: ["payment", "order {order}", "basket", "refund", "invoice", "card authorization", "shipping quote", "discount code"],
    actions: ["captured", "authorized", "reserved", "settled", "calculated", "voided", "confirmed", "priced"],
    details: [
      "amount {amount} EUR in {ms} ms",
      "by provider {provider} reference {hex}",
      "for user {user} with {number} items",
      "risk score {decimal}",
    ],
  },
  {
    name: "worker",
    weight: 13,
    hosts: 8,
    components: ["scheduler", "mailer", "thumbnails", "exports", "indexer"],
    methods: [],
    routes: [],
    things: ["job {id}", "mail batch", "thumbnail", "export file", "index segment", "cleanup task", "report", "webhook delivery"],
    actions: ["started", "finished", "requeued", "scheduled", "picked up", "acknowledged", "heartbeat sent for", "split"],
    details: [
      "queue {queue} depth {number}",
      "after {ms} ms, attempt {small}",
      "on partition {small} offset {number}",
      "file {path} of {bytes} bytes",
    ],
  },
  {
    name: "auth",
    weight: 8,
    hosts: 4,
    components: ["login", "tokens", "mfa", "sso", "passwords"],
    methods: ["POST", "POST", "GET"],
    routes: ["/login", "/logout", "/oauth/token", "/oauth/authorize", "/mfa/verify"],
    things: ["login", "token", "session", "second factor", "password reset", "single sign-on assertion", "API key", "device registration"],
    actions: ["issued", "verified", "refreshed", "revoked", "accepted", "challenged", "expired", "rotated"],
    details: [
      "for user {user} from {ip} port {port}",
      "client {provider} scope profile",
      "key id {hex} valid for {number} s",
      "via {device}",
    ],
  },
  {
    name: "db",
    weight: 9,
    hosts: 3,
    components: ["planner", "vacuum", "replication", "checkpointer", "connections"],
    methods: [],
    routes: [],
    things: [
      "statement",
      "transaction {number}",
      "checkpoint",
      "replica lag",
      "index scan",
      "table {table}",
      "connection",
      "lock on {table}",
    ],
    actions: ["executed", "committed", "completed", "analyzed", "released", "acquired", "vacuumed", "flushed"],
    details: [
      "duration {decimal} ms rows {number}",
      "at position {hex} on {host}",
      "with {number} buffers and {number} dirty pages",
      "waiting {ms} ms behind process {port}",
    ],
  },
  {
    name: "inventory",
    weight: 5,
    hosts: 3,
    components: ["stock", "warehouse", "sync"],
    methods: ["GET", "PUT"],
    routes: ["/stock", "/stock/reserve", "/warehouses"],
    things: ["stock level", "reservation", "warehouse feed", "item {id}", "supplier update", "price list"],
    actions: ["updated", "reserved", "released", "imported", "reconciled", "counted"],
    details: [
      "by {number} units in warehouse {small}",
      "from feed {path} line {number}",
      "batch {uuid} took {ms} ms",
      "item {id} now {number}",
    ],
  },
  {
    name: "gateway",
    weight: 4,
    hosts: 2,
    components: ["proxy", "tls", "waf"],
    methods: HTTP,
    routes: ["/", "/api", "/static", "/.well-known/security.txt"],
    things: ["connection", "handshake", "rule {small}", "upstream {host}", "certificate", "request body"],
    actions: ["accepted", "closed", "matched", "selected", "renewed", "buffered"],
    details: [
      "from {ip}:{port} in {ms} ms",
      "to {ip}:{port} reused {number} times",
      "cipher TLS_AES_128_GCM_SHA256 session {hex}",
      "size {bytes} bytes",
    ],
  },
];

/** What goes wrong, anywhere. */
export const FAILURES: readonly string[] = [
  "connection timed out after {ms} ms",
  "connection refused by {ip}:{port}",
  "connection reset by peer",
  "deadline exceeded: context canceled after {ms} ms",
  "authentication failure for user {user} from {ip}",
  "permission denied on {path}",
  "unexpected status {status} from {host}",
  "no space left on device, {bytes} bytes free",
  "too many open files ({number})",
  "invalid checksum {hex}, expected {hex}",
  "deadlock detected on {table}, victim process {port}",
  "queue {queue} is full with {number} messages",
  "circuit breaker open for {host} since {number} s",
  "out of memory: needed {bytes} bytes",
  "certificate of {host} expires in {small} days",
  "duplicate key value violates unique constraint {table}_pkey",
];

export const FAILURE_VERBS: readonly string[] = [
  "failed",
  "was rejected",
  "was aborted",
  "could not be completed",
  "gave up",
  "was dropped",
];
export const WARNING_VERBS: readonly string[] = [
  "is slow",
  "will be retried",
  "was degraded",
  "exceeded its budget",
  "is delayed",
  "was rate limited",
];
export const OPENINGS: readonly string[] = ["", "", "", "", "Background ", "Internal ", "Scheduled ", "Cached ", "Partial ", "Remote "];
export const TAILS: readonly string[] = [
  "",
  "",
  " (attempt {small})",
  " [shard {small}]",
  " region={region}",
  " retry_after={ms}ms",
  " zone={region} node={host}",
  " by {host} (connection {number})",
];

/** The rare line that a search must find. */
export const NEEDLE_PHRASE = "flux capacitor misaligned";
