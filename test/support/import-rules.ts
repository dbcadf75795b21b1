/** Which part may import which. The arrows go one way, so that each part can be read, tested and replaced without those after it. */

/** Areas from the most special to the most general: a file belongs to the first whose prefix fits its path. */
export const AREAS = [
  ["worker/engine/segment/", "engine/segment"],
  ["worker/engine/query/", "engine/query"],
  ["worker/engine/decode/", "engine/decode"],
  ["worker/engine/windows/", "engine/windows"],
  ["worker/engine/promql/", "engine/promql"],
  ["worker/engine/", "engine"],
  ["worker/ingest/", "ingest"],
  ["worker/consume/", "consume"],
  ["worker/search/", "search"],
  ["worker/accounts/", "accounts"],
  ["worker/tail/", "tail"],
  ["worker/manage/", "manage"],
  ["worker/monitor/", "monitor"],
  ["worker/jobs/", "jobs"],
  ["worker/auth/", "auth"],
  ["worker/catalog/", "catalog"],
  ["worker/index.ts", "index"],
  ["worker/app.ts", "app-routes"],
  ["worker/limits", "limits"],
  ["worker/errors.ts", "errors"],
  ["worker/env.ts", "env"],
  ["worker/", "shared"],
  ["durable-objects/project-stream/types.ts", "objects/types"],
  ["durable-objects/project-monitor/types.ts", "objects/types"],
  ["durable-objects/", "objects"],
  ["app/", "app"],
  ["clients/", "clients"],
  ["test/", "test"],
  ["bench/", "bench"],
] as const;

export type Area = (typeof AREAS)[number][1];

export interface Rule {
  /** Areas whose values may be imported; the area itself always may. */
  values: readonly Area[];
  /** Areas whose types may be imported besides. */
  types: readonly Area[];
  /** Packages and platform modules; a trailing `*` stands for any rest. */
  packages: readonly string[];
}

const ENGINE: Area[] = ["engine", "engine/segment", "engine/query", "engine/windows"];
const PURE = ["hyparquet", "hyparquet-writer", "re2js", "node:zlib", "node:buffer"];
const STATION: Rule = {
  values: [...ENGINE, "catalog", "auth", "limits", "errors", "shared", "objects/types"],
  types: ["env", "objects"],
  packages: ["*"],
};
const EVERYTHING = AREAS.map(([, area]) => area);

/** Inside the engine segment never imports query, and nothing imports decode; outside only ingest does. */
export const RULES: Record<Area, Rule> = {
  engine: { values: ["engine/segment", "limits"], types: [], packages: PURE },
  "engine/segment": { values: ["engine", "limits"], types: [], packages: PURE },
  "engine/query": { values: ["engine", "engine/segment", "limits"], types: [], packages: [...PURE, "pgsql-ast-parser"] },
  "engine/windows": { values: ["engine", "engine/segment", "engine/query", "limits"], types: [], packages: PURE },
  "engine/promql": { values: ["engine", "engine/query", "limits"], types: [], packages: ["@prometheus-io/lezer-promql"] },
  "engine/decode": { values: ["engine", "engine/segment", "limits"], types: [], packages: [...PURE, "@msgpack/msgpack", "d3-dsv"] },
  ingest: { ...STATION, values: [...STATION.values, "engine/decode"] },
  consume: STATION,
  search: STATION,
  accounts: STATION,
  tail: STATION,
  manage: STATION,
  monitor: { ...STATION, values: [...STATION.values, "engine/promql"] },
  jobs: STATION,
  auth: { values: [...ENGINE, "catalog", "limits", "errors", "shared", "objects/types"], types: ["env", "objects"], packages: ["*"] },
  catalog: { values: [...ENGINE, "limits", "errors", "shared", "objects/types"], types: ["env", "objects"], packages: ["*"] },
  shared: { values: [...ENGINE, "catalog", "auth", "limits", "errors", "objects/types"], types: ["env", "objects"], packages: ["*"] },
  limits: { values: [], types: [], packages: [] },
  errors: { values: ["limits"], types: [], packages: ["zod"] },
  env: { values: [], types: ["objects", "objects/types", "catalog", "auth", "jobs"], packages: ["cloudflare:*"] },
  "app-routes": { ...STATION, values: [...STATION.values, "ingest", "search", "manage", "accounts", "monitor", "tail"] },
  index: { values: EVERYTHING.filter((area) => !["app", "clients", "test", "bench"].includes(area)), types: [], packages: ["*"] },
  objects: {
    values: [...ENGINE, "limits", "errors", "objects/types"],
    types: ["env", "catalog", "shared"],
    packages: ["cloudflare:*", "node:zlib", "node:buffer"],
  },
  "objects/types": { values: [...ENGINE, "limits"], types: ["env"], packages: [] },
  app: { values: [], types: [...ENGINE, "objects/types", "search", "manage", "accounts", "monitor", "errors"], packages: ["*"] },
  clients: { values: [...ENGINE, "limits"], types: ["env", "objects/types", "manage", "accounts", "search"], packages: ["*"] },
  test: { values: EVERYTHING.filter((area) => area !== "index"), types: ["index"], packages: ["*"] },
  bench: { values: EVERYTHING.filter((area) => area !== "index"), types: ["index"], packages: ["*"] },
};

/** Entry files of tests wrap the Worker's own entry to make it fail on purpose; they alone may import its values. */
export const WRAPS_ENTRY = /^(test|bench)\/.*\bmain[^/]*\.ts$/;
