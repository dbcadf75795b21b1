import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** For a test that waits for something that never comes; a busy machine alone must not reach it. */
const TIMEOUT_MS = 30_000;

// The stages of test/run.mjs: pure parts in Node, the Worker and its objects inside workerd, and the whole service from outside.
export default defineConfig({
  test: {
    // By itself the runner leaves one core idle, which is half of a small machine.
    maxWorkers: "100%",
    projects: [
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts", "test/support/**/*.test.ts"],
          environment: "node",
          setupFiles: ["test/support/property-seed.ts"],
          testTimeout: TIMEOUT_MS,
        },
      },
      {
        plugins: [
          cloudflareTest(async () => ({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                LEDGE_PROFILE: "local",
                LEDGE_SECRET: "test secret of at least thirty-two characters",
                LEDGE_OPERATOR_TOKEN: "operator token of the tests",
                MIGRATIONS: await readD1Migrations("migrations"),
              },
            },
          })),
        ],
        test: {
          name: "worker",
          include: ["test/worker/**/*.test.ts", "test/durable-objects/**/*.test.ts"],
          setupFiles: ["test/support/apply-migrations.ts"],
          testTimeout: TIMEOUT_MS,
          hookTimeout: TIMEOUT_MS,
        },
      },
      {
        test: {
          name: "end-to-end",
          include: ["test/end-to-end/**/*.test.ts"],
          environment: "node",
          // Each file starts services of its own; two cores carry one at a time.
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          environment: "node",
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
