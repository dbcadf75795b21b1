/// <reference types="@cloudflare/vitest-plugin/types" />

/** What tests inside workerd find in `env`: the Worker's own bindings and the migrations to apply. */
declare namespace Cloudflare {
  interface Env extends WorkerEnv {
    MIGRATIONS: import("cloudflare:test").D1Migration[];
  }
}

type WorkerEnv = import("../../worker/env.ts").Env;
