/**
 * Writes the types of the HTTP API, made from the Worker's own OpenAPI document, for the app's client. No service runs for it: the routes
 * describe themselves, and the platform's modules, which only answering needs, are stood in for.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { dirname, join } from "node:path";
import openapiTS, { astToString } from "openapi-typescript";

const OUTPUT = join(import.meta.dirname, "../../app/generated/api.d.ts");
const PLATFORM =
  "export class DurableObject {} export class WorkerEntrypoint {} export class RpcTarget {} export const env = {}; export const exports = {};";

registerHooks({
  resolve: (specifier, context, next) =>
    specifier.startsWith("cloudflare:")
      ? { url: `data:text/javascript,${encodeURIComponent(PLATFORM)}`, shortCircuit: true }
      : next(specifier, context),
});

const { createApp } = await import("../../worker/app.ts");
const { searchRoutes } = await import("../../worker/search/routes.ts");

const never = (): never => {
  throw new Error("only the description of the routes is asked for");
};
const app = createApp({ search: searchRoutes, jobs: { flushNow: never, compactNow: never, rebuildCatalog: never } });
const answer = await app.fetch(new Request("http://ledge/openapi.json"), {});
if (!answer.ok) throw new Error(`/openapi.json answered ${answer.status}: ${await answer.text()}`);
const types = astToString(await openapiTS((await answer.json()) as object as Parameters<typeof openapiTS>[0]));
const text = `// Made by test/support/api-types.ts from the Worker's OpenAPI document; not kept in the repository.\n${types}`;
mkdirSync(dirname(OUTPUT), { recursive: true });
if (!existsSync(OUTPUT) || readFileSync(OUTPUT, "utf8") !== text) writeFileSync(OUTPUT, text);
